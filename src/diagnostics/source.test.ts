import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Source } from './source.ts'

test('position() counts lines and characters from 1', () => {
  const source = new Source('f', 'ab\ncd\n')
  assert.deepEqual(source.position(0), { line: 1, column: 1 })
  assert.deepEqual(source.position(4), { line: 2, column: 2 })
  assert.deepEqual(source.position(6), { line: 3, column: 1 })
})

test('position() counts a character beyond the basic plane once', () => {
  assert.deepEqual(new Source('f', '😀x').position(2), { line: 1, column: 2 })
})

test('lineText() leaves the end of the line out, also that of Windows', () => {
  const source = new Source('f', 'ab\r\ncd')
  assert.equal(source.lineText(1), 'ab')
  assert.equal(source.lineText(2), 'cd')
})
