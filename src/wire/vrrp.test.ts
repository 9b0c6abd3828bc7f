import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, ipFromBytes } from '../bytes/address.ts'
import { checksum } from '../bytes/checksum.ts'
import { hex } from '../bytes/hex.ts'
import { KEEPALIVED_V2, KEEPALIVED_V2_IPV6, KEEPALIVED_V3_IPV6 } from './testdata/frames.ts'
import {
  type Advertisement,
  AUTH_PASS,
  authDataFromPassword,
  decodeAdvertisement,
  encodeAdvertisement,
  vrrpPseudoSum,
} from './vrrp.ts'

const V2: Advertisement = {
  version: 2,
  type: 1,
  routerId: 51,
  priority: 100,
  authType: AUTH_PASS,
  intervalS: 1,
  addresses: [ip('192.168.200.10')],
  authData: authDataFromPassword('abc'),
}

const V3_ADDRESSES = [ip('fe80::200'), ip('2001:db8::200')]
const V3: Advertisement = { version: 3, type: 1, routerId: 51, priority: 200, intervalCs: 100, addresses: V3_ADDRESSES }

test('a version 2 advertisement is byte for byte what keepalived sends', () => {
  const payload = KEEPALIVED_V2.subarray(34)
  assert.deepEqual(decodeAdvertisement(payload, 4), { ok: true, value: V2 })
  assert.deepEqual(encodeAdvertisement(V2, 0), payload.slice())
  assert.equal(checksum(payload), 0)
})

test('a version 3 advertisement over IPv6 is byte for byte what keepalived sends', () => {
  const payload = KEEPALIVED_V3_IPV6.subarray(54)
  const pseudo = vrrpPseudoSum(ip('fe80::903e:5ff:fe7e:67fe'), ip('ff02::12'), payload.length)
  assert.deepEqual(decodeAdvertisement(payload, 6), { ok: true, value: V3 })
  assert.deepEqual(encodeAdvertisement(V3, pseudo), payload.slice())
})

test('version 2 over IPv6 has a pseudo-header and no authentication data', () => {
  const payload = KEEPALIVED_V2_IPV6.subarray(54)
  const pseudo = vrrpPseudoSum(ip('fe80::f00a:43ff:fe83:c59b'), ip('ff02::12'), payload.length)
  const decoded = decodeAdvertisement(payload, 6)
  assert.ok(decoded.ok && decoded.value.version === 2)
  assert.equal(decoded.value.authData.length, 0)
  assert.deepEqual(encodeAdvertisement(decoded.value, pseudo), payload.slice())
})

for (const [drop, bytes] of [
  ['short', hex('21336401 010100')],
  ['version', hex('11336401 01010000')],
  ['version', hex('41336401 01010000')],
  ['length', hex('21336401 01010000 c0a8c80a 61626300 000000')],
  ['length', hex('31336402 00640000 c0a8c80a')],
  ['length', hex('313364ff 00640000')],
] as const) {
  test(`decodeAdvertisement() drops ${bytes.length} bytes with bad ${drop}`, () => {
    assert.deepEqual(decodeAdvertisement(bytes, 4), { ok: false, drop })
  })
}

test('decodeAdvertisement() leaves padding alone, and judges neither type nor checksum', () => {
  const decoded = decodeAdvertisement(hex('3f336401 f0640000 c0a8c80a 00000000'), 4)
  const addresses = [ip('192.168.200.10')]
  const value = { version: 3, type: 15, routerId: 51, priority: 100, intervalCs: 100, addresses }
  assert.deepEqual(decoded, { ok: true, value })
})

test('authDataFromPassword() cuts and fills', () => {
  assert.deepEqual(authDataFromPassword('abc'), hex('61626300 00000000'))
  assert.deepEqual(authDataFromPassword('0123456789'), hex('30313233 34353637'))
  assert.deepEqual(authDataFromPassword('1234567é'), hex('31323334 353637c3'))
})

test('encodeAdvertisement() and decodeAdvertisement() are inverse', () => {
  const address = (width: number) => fc.uint8Array({ minLength: width, maxLength: width }).map(ipFromBytes)
  const byte = fc.integer({ min: 0, max: 255 })
  const advertisement = (width: number) =>
    fc.oneof(
      fc.record(
        {
          version: fc.constant(2 as const),
          type: fc.integer({ min: 0, max: 15 }),
          routerId: byte,
          priority: byte,
          authType: byte,
          intervalS: byte,
          addresses: fc.array(address(width), { maxLength: 20 }),
          authData: fc.uint8Array({ minLength: width === 4 ? 8 : 0, maxLength: width === 4 ? 8 : 0 }),
        },
        { noNullPrototype: true },
      ),
      fc.record(
        {
          version: fc.constant(3 as const),
          type: fc.integer({ min: 0, max: 15 }),
          routerId: byte,
          priority: byte,
          intervalCs: fc.integer({ min: 0, max: 0xfff }),
          addresses: fc.array(address(width), { maxLength: 20 }),
        },
        { noNullPrototype: true },
      ),
    )
  for (const [width, family] of [
    [4, 4],
    [16, 6],
  ] as const) {
    fc.assert(
      fc.property(advertisement(width), value => {
        assert.deepEqual(decodeAdvertisement(encodeAdvertisement(value, 0), family), { ok: true, value })
      }),
    )
  }
})
