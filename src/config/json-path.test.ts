import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJsonPath } from './json-path.ts'

for (const [text, steps] of [
  ['status', ['status']],
  ['$.status', ['status']],
  ['$', []],
  ['checks.db[0].state', ['checks', 'db', 0, 'state']],
  ['[2]', [2]],
  ['a[\'b.c\']["d e"].0', ['a', 'b.c', 'd e', '0']],
  ['', undefined],
  ['a..b', undefined],
  ['a.', undefined],
  ['a[', undefined],
  ['a[-1]', undefined],
  ['a[x]', undefined],
  ['a]b', undefined],
] as const) {
  test(`parseJsonPath() of "${text}"`, () => assert.deepEqual(parseJsonPath(text), steps))
}
