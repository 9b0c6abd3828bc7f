import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, ipBytes } from './address.ts'
import { checksum, pseudoHeaderSum, sumBytes } from './checksum.ts'
import { hex } from './hex.ts'

test('checksum() of the example in RFC 1071 section 3', () => {
  assert.equal(sumBytes(hex('0001 f203 f4f5 f6f7')), 0xddf2)
  assert.equal(checksum(hex('0001 f203 f4f5 f6f7')), 0x220d)
})

test('checksum() over an IPv4 header that carries its checksum is zero', () => {
  assert.equal(checksum(hex('45c00028 00010000 ff7051e7 c0a8c802 e0000012')), 0)
})

test('checksum() takes an odd last byte as the high half of a word', () => {
  assert.equal(checksum(hex('12 34 56')), checksum(hex('12 34 56 00')))
})

test('pseudoHeaderSum() and the UDP segment add up to a right checksum', () => {
  const pseudo = pseudoHeaderSum(ipBytes(ip('10.0.0.1')), ipBytes(ip('10.0.0.2')), 17, 12)
  const segment = hex('0035 0035 000c 0000 61626364')
  new DataView(segment.buffer).setUint16(6, checksum(segment, pseudo))
  assert.equal(checksum(segment, pseudo), 0)
})
