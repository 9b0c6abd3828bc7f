import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compareIp,
  ip,
  ipBytes,
  ipFamily,
  ipFromBytes,
  macBytes,
  macFromBytes,
  parseIp,
  parseMac,
  sameNetwork,
} from './address.ts'

for (const [text, canonical] of [
  ['192.168.41.249', '192.168.41.249'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
] as const) {
  test(`parseIp() writes ${text} as ${canonical}`, () => assert.equal(parseIp(text), canonical))
}

for (const text of ['', '1.2.3', '1.2.3.256', '01.2.3.4', 'fe80::1%eth0', ':::', 'host']) {
  test(`parseIp() refuses "${text}"`, () => assert.equal(parseIp(text), undefined))
}

test('ipFromBytes() and ipBytes() are inverse', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  fc.assert(fc.property(address, bytes => assert.deepEqual(ipBytes(ipFromBytes(bytes)), bytes)))
})

test('compareIp() orders by value, not by text', () => {
  assert.ok(compareIp(ip('10.0.0.9'), ip('10.0.0.10')) < 0)
  assert.ok(compareIp(ip('192.168.1.1'), ip('10.0.0.1')) > 0)
  assert.equal(compareIp(ip('::1'), ip('0::1')), 0)
})

test('sameNetwork() looks at whole prefixes and at bits within a byte', () => {
  assert.equal(sameNetwork(ip('192.168.40.9'), ip('192.168.41.249'), 23), true)
  assert.equal(sameNetwork(ip('192.168.40.9'), ip('192.168.41.249'), 24), false)
  assert.equal(sameNetwork(ip('10.0.0.1'), ip('::1'), 0), false)
})

test('a hardware address survives bytes and back', () => {
  const mac = parseMac('00:00:5E:00:01:33')
  assert.equal(mac, '00:00:5e:00:01:33')
  assert.equal(macFromBytes(macBytes(mac!)), mac)
  assert.equal(ipFamily(ip('::1')), 6)
})
