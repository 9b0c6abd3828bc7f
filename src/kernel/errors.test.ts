import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errnoName, isKernelError, KernelError } from './errors.ts'

test('a KernelError says what could not be done, in the words and by the name of the kernel', () => {
  const error = new KernelError('add 10.0.0.1/24 on eth0', 17, 'Address already assigned')
  assert.equal(error.message, 'cannot add 10.0.0.1/24 on eth0: Address already assigned (EEXIST)')
  assert.equal(error.code, 'EEXIST')
})

for (const [errno, name] of [
  [1, 'EPERM'],
  [11, 'EAGAIN'],
  [95, 'EOPNOTSUPP'],
  [524, 'ENOTSUPP'],
  [4095, 'errno 4095'],
] as const) {
  test(`errnoName(${errno}) is ${name}`, () => assert.equal(errnoName(errno), name))
}

test('isKernelError() tells codes apart, and other errors', () => {
  const error = new KernelError('x', 2, 'y')
  assert.equal(isKernelError(error), true)
  assert.equal(isKernelError(error, 'EPERM', 'ENOENT'), true)
  assert.equal(isKernelError(error, 'EPERM'), false)
  assert.equal(isKernelError(Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'), false)
})
