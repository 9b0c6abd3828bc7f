import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PoptOption, readOptions } from './popt.ts'

const TABLE: readonly PoptOption[] = [
  { long: 'list', short: 'L', argument: 'none' },
  { long: 'numeric', short: 'n', argument: 'none' },
  { long: 'weight', short: 'w', argument: 'required' },
  { long: 'persistent', short: 'p', argument: 'optional' },
]

for (const [line, expected] of [
  ['-L -n', 'list numeric'],
  ['-Ln', 'list numeric'],
  ['--list --numeric', 'list numeric'],
  ['-w5', 'weight(5)'],
  ['-w=5', 'weight(5)'],
  ['-w -n', 'weight(-n)'],
  ['-nw 5 -L', 'numeric weight(5) list'],
  ['--weight=5 x', 'weight(5) | x'],
  ['--weight= 5', 'weight() | 5'],
  ['-p -n', 'persistent numeric'],
  ['-p 5 -n', 'persistent(5) numeric'],
  ['-p', 'persistent'],
  ['-L -- -n', 'list | -n'],
  ['a - -L', 'list | a -'],
  ['-L --bogus -n', 'list ! --bogus: unknown option'],
  ['-Lqn', 'list ! -Lqn: unknown option'],
  ['-n -w', 'numeric ! -w: missing argument'],
  ['--numeric=1', '! --numeric=1: option does not take an argument'],
] as const) {
  test(`readOptions() reads ${line}`, () => {
    const { options, rest, error } = readOptions(line.split(' '), TABLE)
    const words = options.map(({ option, value }) => (value === undefined ? option.long : `${option.long}(${value})`))
    if (rest.length > 0) words.push('|', ...rest)
    if (error !== undefined) words.push('!', `${error.word}: ${error.problem}`)
    assert.equal(words.join(' '), expected)
  })
}

test('readOptions() takes any words without a throw, and loses none that is no option', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-L', '-n', '-w', '-p', '--list', '--', '-', '-Lnw5', '--weight=1'),
  )
  fc.assert(
    fc.property(fc.array(word), words => {
      const { options, rest, error } = readOptions(words, TABLE)
      assert.ok(error !== undefined || options.length + rest.length > 0 || words.every(w => w === '--'))
    }),
  )
})
