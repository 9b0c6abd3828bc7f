import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import { decodeFamily, decodeTransmits, encodeNetdevFamilyQuery, encodeNetdevQuery } from './netdev.ts'

test('the questions are written as the kernel reads them', () => {
  assert.deepEqual(encodeNetdevFamilyQuery(), hex('03 01 0000 0b00 0200 6e65746465760000'))
  assert.deepEqual(encodeNetdevQuery(7), hex('01 01 0000 0800 0100 07000000'))
})

test('decodeFamily() reads the number of the family', () => {
  assert.equal(decodeFamily(hex('01 02 0000 0b00 0200 6e65746465760000 0600 0100 1d000000')), 0x1d)
})

test('decodeTransmits() tells who takes frames from XDP', () => {
  const answer = (features: string) => hex(`01 01 0000 0800 0100 07000000 0c00 0300 ${features}00000000000000`)
  assert.equal(decodeTransmits(answer('07')), true)
  assert.equal(decodeTransmits(answer('23')), false)
  assert.equal(decodeTransmits(hex('01 01 0000 0800 0100 07000000')), false)
})

test('anything else is no answer, and nothing throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void [decodeFamily(bytes), decodeTransmits(bytes)]))
})
