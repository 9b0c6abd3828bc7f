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
] as const) {
  test(`compileRegex() ${JSON.stringify(given)} on ${JSON.stringify(text)}`, () => {
    assert.equal(compileRegex({ ...plain, ...given })?.(Buffer.from(text)), matches)
  })
}

test('regexProblem() names what JavaScript cannot do', () => {
  assert.equal(regexProblem({ ...plain, pattern: 'a' }), undefined)
  assert.match(regexProblem({ ...plain, pattern: 'a', options: ['extended'] }) ?? '', /extended/)
  assert.match(regexProblem({ ...plain, pattern: '(?>a)' }) ?? '', /./)
})
