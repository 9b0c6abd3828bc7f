import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { decodeAddress, encodeAddressChange, IFA_F_NODAD } from './address.ts'

const address = ip('10.0.0.1')
const peer = ip('10.0.0.2')

test('encodeAddressChange() writes an IPv4 address as local and as address', () => {
  assert.deepEqual(
    encodeAddressChange({
      ifindex: 2,
      address,
      prefix: 24,
      broadcast: ip('10.0.0.255'),
      label: 'eth0:1',
      protocol: 18,
    }),
    hex(`02 18 00 00 02000000
      0800 0200 0a000001
      0800 0100 0a000001
      0800 0400 0a0000ff
      0b00 0300 657468303a3100 00
      0500 0b00 12 000000`),
  )
})

test('encodeAddressChange() writes the other end of a point-to-point link as address', () => {
  assert.deepEqual(
    encodeAddressChange({ ifindex: 2, address, prefix: 32, peer, scope: 'link' }),
    hex('02 20 00 fd 02000000 0800 0200 0a000001 0800 0100 0a000002'),
  )
})

test('encodeAddressChange() of a virtual IPv6 address: usable at once, never chosen as source', () => {
  assert.deepEqual(
    encodeAddressChange({ ifindex: 2, address: ip('fd00::1'), prefix: 128, flags: IFA_F_NODAD, preferredS: 0 }),
    hex(`0a 80 02 00 02000000
      1400 0100 fd000000 00000000 00000000 00000001
      0800 0800 02000000
      1400 0600 00000000 ffffffff 00000000 00000000`),
  )
})

test('decodeAddress() reads what encodeAddressChange() writes', () => {
  const body = encodeAddressChange({ ifindex: 2, address, prefix: 32, peer, label: 'eth0', flags: 0x248, protocol: 18 })
  assert.deepEqual(decodeAddress(body), {
    ifindex: 2,
    address,
    prefix: 32,
    scope: 'global',
    peer,
    broadcast: undefined,
    label: 'eth0',
    flags: 0x248,
    protocol: 18,
    tentative: true,
    duplicate: true,
  })
})

test('decodeAddress() takes the flags of the header from a kernel that has no longer ones', () => {
  const decoded = decodeAddress(hex('0a 40 80 fd 02000000 1400 0100 fe800000 00000000 00000000 00000001'))
  assert.equal(decoded?.address, 'fe80::1')
  assert.equal(decoded?.flags, 0x80)
  assert.equal(decoded?.scope, 'link')
  assert.equal(decoded?.peer, undefined)
})

test('decodeAddress() of anything else is undefined, and nothing throws', () => {
  assert.equal(decodeAddress(hex('02 18 00 00 02000000')), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), bytes => void decodeAddress(bytes)))
})
