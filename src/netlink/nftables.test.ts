import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../bytes/hex.ts'
import { encodeBatchEdge, encodeMarkElements, encodeTable, equals, REGISTER, word } from './nftables.ts'

test('a table is a family and a name', () => {
  assert.equal(toHex(encodeTable(6, 'sluice')), '0a000000 0b000100 736c7569 63650000')
})

test('a batch names the subsystem in network byte order', () => {
  assert.equal(toHex(encodeBatchEdge()), '0000000a')
})

test('numbers are in network byte order, what registers hold is as the host has it', () => {
  const expected = [
    '2c000180', // list element
    '08000100 636d7000', // cmp
    '20000280',
    '08000100 00000001', // register 1
    '08000200 00000000', // equal
    '0c000380 08000100 07000000', // 7
  ]
  assert.equal(toHex(equals(REGISTER.first, word(7))), expected.join(' '))
})

test('elements of a set are a list of keys', () => {
  const body = toHex(encodeMarkElements(4, 't', 's', 1, [7]))
  assert.ok(body.includes('14000380 10000180 0c000180 08000100 07000000'), body)
})
