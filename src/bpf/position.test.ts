import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callerPosition, positionText } from './position.ts'

test('callerPosition() is where the language was called, in the TypeScript', () => {
  const position = callerPosition()
  assert.equal(position?.file, fileURLToPath(import.meta.url))
  assert.equal(position?.line, 7)
  assert.equal(positionText(position!), 'position.test.ts:7')
})

test('callerPosition() leaves the stack traces of others as they were', () => {
  const prepare = Error.prepareStackTrace
  const limit = Error.stackTraceLimit
  callerPosition()
  assert.equal(Error.prepareStackTrace, prepare)
  assert.equal(Error.stackTraceLimit, limit)
})
