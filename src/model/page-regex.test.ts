import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex, regexProblem } from './page-regex.ts'

const plain = { pattern: '', options: [], noMatch: false, minOffset: 0, maxOffset: undefined }

for (const [given, text, matches] of [
  [{ pattern: 'b+' }, 'abba', true],
  [{ pattern: 'B', options: ['caseless'] }, 'abba', true],
  [{ pattern: '(?i)B' }, 'abba', true],
  [{ pattern: '\\Abba' }, 'abba', false],
  [{ pattern: 'abba\\z' }, 'abba', true],
  [{ pattern: 'a.b', options: ['dotall'] }, 'a\nb', true],
  [{ pattern: 'a', minOffset: 1 }, 'abba', true],
  [{ pattern: 'a', minOffset: 1, maxOffset: 2 }, 'abba', false],
  [{ pattern: 'ba', options: ['anchored'] }, 'abba', false],
  [{ pattern: '^ü$', options: ['utf'] }, 'ü', true],
  [{ pattern: '^a-b\\-c\\/d$', options: ['utf'] }, 'a-b-c/d', true],
  [{ pattern: 'a$' }, 'ba\n', true],
  [{ pattern: 'a$' }, 'a\nb', false],
  [{ pattern: 'a$', options: ['multiline'] }, 'a\nb', true],
  [{ pattern: 'a$', options: ['dollar_endonly'] }, 'a\n', false],
  [{ pattern: 'a\\Z' }, 'a\n', true],
  [{ pattern: 'a.b' }, 'a\rb', true],
  [{ pattern: '[[:digit:]]{2}' }, 'a12', true],
  [{ pattern: '[^[:alpha:].]' }, 'ab.c', false],
  [{ pattern: '[]x]' }, ']', true],
  [{ pattern: '[.$]' }, 'ab', false],
  [{ pattern: '\\Qa.b\\E$' }, 'axb', false],
  [{ pattern: '\\x{41}\\h+B' }, 'A \tB', true],
  [{ pattern: 'a\\Rb' }, 'a\r\nb', true],
  [{ pattern: '(?P<year>\\d+)' }, '2026', true],
] as const) {
  test(`compileRegex() ${JSON.stringify(given)} on ${JSON.stringify(text)}`, () => {
    assert.equal(compileRegex({ ...plain, ...given })?.(Buffer.from(text)), matches)
  })
}

test('regexProblem() names what JavaScript cannot do', () => {
  assert.equal(regexProblem({ ...plain, pattern: 'a' }), undefined)
  assert.match(regexProblem({ ...plain, pattern: 'a', options: ['extended'] }) ?? '', /extended/)
  for (const pattern of ['(?>a)', 'a++', 'a\\Kb', '\\Ga', '\\X', '(?R)', '(?|a|b)', '(?P=n)', '[[:nothing:]]', '(abc'])
    assert.match(regexProblem({ ...plain, pattern }) ?? '', /./, pattern)
  assert.equal(regexProblem({ ...plain, pattern: '(abc' }), 'Unterminated group')
})
