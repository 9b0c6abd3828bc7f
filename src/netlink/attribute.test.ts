import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'

for (const [what, attribute, wire] of [
  ['u8', nla.u8(1, 0xab), '0500 0100 ab 000000'],
  ['u16', nla.u16(2, 0x1234), '0600 0200 3412 0000'],
  ['u16be', nla.u16be(2, 0x1234), '0600 0200 1234 0000'],
  ['u32', nla.u32(3, 0x12345678), '0800 0300 78563412'],
  ['text', nla.text(3, 'eth0'), '0900 0300 65746830 00 000000'],
  ['ip', nla.ip(1, ip('10.0.0.1')), '0800 0100 0a000001'],
  ['mac', nla.mac(1, parseMac('02:00:00:00:00:01')), '0a00 0100 020000000001 0000'],
  ['flag', nla.flag(5, true), '0400 0500'],
  [
    'nested',
    nla.nested(18, nla.text(1, 'veth'), nla.u8(2, 1)),
    '1800 1280 0900 0100 76657468 00 000000 0500 0200 01 000000',
  ],
] as const) {
  test(`${what}() writes length, type and value, padded to four bytes`, () => {
    assert.deepEqual(attribute, hex(wire))
  })
}

test('an attribute without a value is no attribute', () => {
  const nothing = [nla.u8, nla.u16, nla.u16be, nla.u32, nla.text, nla.ip, nla.mac, nla.bytes].map(write =>
    write(1, undefined),
  )
  assert.deepEqual(nla.attributes(...nothing, nla.flag(1, false)), hex(''))
})

test('Attributes reads back what was written', () => {
  const attributes = new Attributes(
    nla.attributes(
      nla.u8(1, 200),
      nla.u16(2, 60_000),
      nla.u32(3, 4_000_000_000),
      nla.text(4, 'veth'),
      nla.ip(5, ip('2001:db8::1')),
      nla.mac(6, parseMac('02:00:00:00:00:01')),
      nla.nested(7, nla.u32(1, 9)),
    ),
  )
  assert.equal(attributes.u8(1), 200)
  assert.equal(attributes.u16(2), 60_000)
  assert.equal(attributes.u32(3), 4_000_000_000)
  assert.equal(attributes.s32(3), -294_967_296)
  assert.equal(attributes.text(4), 'veth')
  assert.equal(attributes.ip(5), '2001:db8::1')
  assert.equal(attributes.mac(6), '02:00:00:00:00:01')
  assert.equal(attributes.nested(7)?.u32(1), 9)
})

test('Attributes has nothing to say of what is absent or too short', () => {
  const attributes = new Attributes(nla.u8(3, 1))
  assert.equal(attributes.u32(3), undefined)
  assert.equal(attributes.ip(3), undefined)
  assert.equal(attributes.mac(3), undefined)
  assert.equal(attributes.text(9), undefined)
  assert.equal(attributes.nested(9), undefined)
})

test('Attributes lets the last of several count and keeps the list of all', () => {
  const attributes = new Attributes(nla.attributes(nla.u8(1, 1), nla.u8(1, 2)))
  assert.equal(attributes.u8(1), 2)
  assert.deepEqual(attributes.list, [
    [1, hex('01')],
    [1, hex('02')],
  ])
})

test('Attributes stops at a length that leads out of the bytes', () => {
  const attributes = new Attributes(hex('0800 0100 01000000 ff00 0200 00000000'))
  assert.equal(attributes.u32(1), 1)
  assert.equal(attributes.has(2), false)
})

test('Attributes never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      const attributes = new Attributes(bytes)
      for (const [type] of attributes.list) {
        attributes.u32(type)
        attributes.text(type)
        attributes.ip(type)
        attributes.mac(type)
        attributes.nested(type)
      }
    }),
  )
})
