import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import * as nla from './attribute.ts'
import { decodeLink, encodeLinkChange } from './link.ts'

test('encodeLinkChange() switches flags on and off and leaves the others alone', () => {
  assert.deepEqual(
    encodeLinkChange({ ifindex: 3, up: true, arp: false, multicast: false }),
    hex('00 00 0000 03000000 81000000 81100000'),
  )
})

test('encodeLinkChange() of a veth puts the peer, header and all, into its kind', () => {
  const peer = { name: 'p', namespaceFd: 9 }
  assert.deepEqual(
    encodeLinkChange({ name: 'v', mtu: 1400, kind: { type: 'veth', peer } }),
    hex(`
      00 00 0000 00000000 00000000 00000000
      0600 0300 7600 0000
      0800 0400 78050000
      3800 1280
        0900 0100 76657468 00 000000
        2800 0280
          2400 0100
            00 00 0000 00000000 00000000 00000000
            0600 0300 7000 0000
            0800 1c00 09000000`),
  )
})

test('encodeLinkChange() of a bridge and of a macvlan', () => {
  const header = '00 00 0000 00000000 00000000 00000000'
  assert.deepEqual(
    encodeLinkChange({ kind: { type: 'bridge', multicastSnooping: false } }),
    hex(`${header} 1c00 1280 0b00 0100 627269646765 00 00 0c00 0280 0500 1700 00 000000`),
  )
  assert.deepEqual(
    encodeLinkChange({ parent: 2, kind: { type: 'macvlan', mode: 'bridge' } }),
    hex(`${header} 0800 0500 02000000 1c00 1280 0c00 0100 6d6163766c616e 00 0c00 0280 0800 0100 04000000`),
  )
})

test('encodeLinkChange() leaves a master with index 0', () => {
  assert.deepEqual(encodeLinkChange({ ifindex: 3, master: 0 }).subarray(16), hex('0800 0a00 00000000'))
})

test('decodeLink() reads header and attributes', () => {
  const body = nla.attributes(
    hex('00 00 0100 02000000 43100100 00000000'),
    nla.text(3, 'eth0'),
    nla.mac(1, parseMac('02:00:00:00:00:02')),
    nla.u32(4, 1400),
    nla.u32(5, 7),
    nla.u32(10, 4),
    nla.nested(18, nla.text(1, 'veth')),
    nla.bytes(23, new Uint8Array(BigUint64Array.of(1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n).buffer)),
  )
  assert.deepEqual(decodeLink(body), {
    ifindex: 2,
    name: 'eth0',
    mac: '02:00:00:00:00:02',
    mtu: 1400,
    up: true,
    running: true,
    flags: 0x11043,
    hardwareType: 1,
    kind: 'veth',
    master: 4,
    parent: 7,
    statistics: {
      rxPackets: 1n,
      txPackets: 2n,
      rxBytes: 3n,
      txBytes: 4n,
      rxErrors: 5n,
      txErrors: 6n,
      rxDropped: 7n,
      txDropped: 8n,
    },
  })
})

test('decodeLink() takes a link that says little', () => {
  const link = decodeLink(hex('00 00 0403 01000000 00000000 00000000'))
  assert.equal(link?.hardwareType, 772)
  assert.equal(link?.up, false)
  assert.equal(link?.mac, undefined)
  assert.equal(link?.statistics.rxBytes, 0n)
})

test('decodeLink() of anything else is undefined, and nothing throws', () => {
  assert.equal(decodeLink(hex('00 00 0403 01000000')), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), bytes => void decodeLink(bytes)))
})
