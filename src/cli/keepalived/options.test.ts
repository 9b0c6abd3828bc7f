import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCommandLine, usage } from './options.ts'

for (const { line, options, rest = [] } of [
  { line: '-t', options: { configTest: true } },
  { line: '-tlog', options: { configTest: 'log' } },
  { line: '-tf a.conf', options: { configTest: 'f' }, rest: ['a.conf'] },
  { line: '--config-test=log -f a.conf', options: { configTest: 'log', file: 'a.conf' } },
  { line: '-nlD -fa.conf', options: { foreground: true, logConsole: true, logDetail: true, file: 'a.conf' } },
  { line: '--use-file a.conf --use-file=b.conf', options: { file: 'b.conf' } },
  { line: '--vers', options: { version: true } },
  { line: '--vrrp', options: { onlyVrrp: true } },
  { line: '-P -- -C', options: { onlyVrrp: true }, rest: ['-C'] },
  { line: '-i node --signum=STOP', options: { configId: 'node', signal: 'STOP' } },
]) {
  test(`keepalived ${line} is read as getopt_long() reads it`, () => {
    assert.deepEqual(readCommandLine(line.split(' ')), { options, rest })
  })
}

for (const [line, error] of [
  ['--bogus', 'Unknown option --bogus'],
  ['-nQ', 'Unknown option -Q'],
  ['--vrr', 'Unknown option --vrr'],
  ['--check=3', 'Unknown option --check=3'],
  ['-f', 'Missing parameter for option -f'],
  ['-t -i', 'Missing parameter for option -i'],
] as const) {
  test(`keepalived ${line} is refused in keepalived's words`, () => {
    assert.deepEqual(readCommandLine(line.split(' ')), { error })
  })
}

test('usage() has every option of keepalived 2.2.7', () => {
  const long = [...usage().matchAll(/--([\w-]+)/g)].map(([, name]) => name)
  assert.equal(long.length, 33)
  assert.equal(new Set(long).size, 33)
})
