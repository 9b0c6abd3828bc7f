/** IPv4, IPv6 and the authentication header. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { checksum } from '../bytes/checksum.ts'
import { hex } from '../bytes/hex.ts'
import { authenticationValue, decodeAuthenticationHeader, encodeAuthenticationHeader, sameValue } from './ah.ts'
import { decodeIpv4, encodeIpv4, ipv4Header } from './ipv4.ts'
import { decodeIpv6, encodeIpv6, IP_PROTOCOL_HOP_BY_HOP, ipv6FragmentExtension, ipv6Header } from './ipv6.ts'
import { KEEPALIVED_AH, KEEPALIVED_V2 } from './testdata/frames.ts'
import { authDataFromPassword } from './vrrp.ts'

const CLIENT = ip('10.0.0.1')
const SERVER = ip('10.0.0.2')
const KEY = authDataFromPassword('abc')

test('an IPv4 header is byte for byte what keepalived sends', () => {
  const packet = KEEPALIVED_V2.subarray(14)
  const decoded = decodeIpv4(packet)
  assert.ok(decoded.ok)
  const header = { ...ipv4Header(ip('192.168.200.2'), ip('224.0.0.18'), 112), tos: 0xc0, ttl: 255, identification: 1 }
  const { payload, payloadLength, ...fields } = decoded.value
  assert.deepEqual(fields, header)
  assert.equal(payloadLength, 20)
  assert.deepEqual(encodeIpv4(header, payload), packet.slice())
})

test('an IPv4 header keeps options, flags and fragment offset', () => {
  const header = {
    ...ipv4Header(CLIENT, SERVER, 17),
    options: hex('94040000'),
    dontFragment: true,
    moreFragments: true,
    fragmentOffset: 1480,
  }
  const packet = encodeIpv4(header, hex('0102'))
  assert.equal(checksum(packet.subarray(0, 24)), 0)
  const payload = packet.subarray(24)
  assert.deepEqual(decodeIpv4(packet), { ok: true, value: { ...header, payload, payloadLength: 2 } })
})

test('decodeIpv4() takes Ethernet padding off, and tells when the packet was cut short', () => {
  const packet = encodeIpv4(ipv4Header(CLIENT, SERVER, 17), hex('01020304'))
  const padded = decodeIpv4(new Uint8Array([...packet, 0, 0, 0]))
  assert.ok(padded.ok)
  assert.deepEqual(padded.value.payload, hex('01020304'))
  const cut = decodeIpv4(packet.subarray(0, 22))
  assert.ok(cut.ok)
  assert.deepEqual([cut.value.payload.length, cut.value.payloadLength], [2, 4])
})

for (const [drop, bytes] of [
  ['short', hex('45c00028 00010000 ff7051e7 c0a8c802 e00000')],
  ['version', hex('65c00028 00010000 ff7051e7 c0a8c802 e0000012')],
  ['header-length', hex('44c00028 00010000 ff7051e7 c0a8c802 e0000012')],
  ['header-length', hex('46c00028 00010000 ff7051e7 c0a8c802 e0000012')],
  ['total-length', hex('45c00013 00010000 ff7051e7 c0a8c802 e0000012')],
  ['checksum', hex('45c00028 00010000 ff7051e6 c0a8c802 e0000012')],
] as const) {
  test(`decodeIpv4() drops a packet with bad ${drop} (${bytes[0]!.toString(16)})`, () => {
    assert.deepEqual(decodeIpv4(bytes), { ok: false, drop })
  })
}

test('IPv6 extension headers are walked over and put back', () => {
  const header = {
    ...ipv6Header(ip('2001:db8::1'), ip('2001:db8::2'), 17),
    trafficClass: 0xc0,
    flowLabel: 0x19026,
    extensions: [
      { protocol: IP_PROTOCOL_HOP_BY_HOP, bytes: hex('2c000502 00000100') },
      ipv6FragmentExtension({ offset: 0, more: true, identification: 7 }),
    ],
  }
  const packet = encodeIpv6(header, hex('01020304'))
  const decoded = decodeIpv6(packet)
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value.fragment, { offset: 0, more: true, identification: 7 })
  assert.deepEqual(decoded.value.payload, hex('01020304'))
  assert.deepEqual(encodeIpv6(decoded.value, decoded.value.payload), packet)
  assert.equal(decoded.value.flowLabel, 0x19026)
  assert.equal(decoded.value.protocol, 17)
})

test('a later IPv6 fragment is not read as a header', () => {
  const extensions = [ipv6FragmentExtension({ offset: 1448, more: false, identification: 7 })]
  const header = { ...ipv6Header(ip('::1'), ip('::2'), 60), extensions }
  const decoded = decodeIpv6(encodeIpv6(header, hex('ff')))
  assert.ok(decoded.ok)
  assert.deepEqual([decoded.value.protocol, decoded.value.payload], [60, hex('ff')])
})

for (const [drop, bytes] of [
  ['short', new Uint8Array(39)],
  ['version', new Uint8Array(40)],
  ['extension', encodeIpv6(ipv6Header(ip('::1'), ip('::2'), IP_PROTOCOL_HOP_BY_HOP), hex('11000502 000001'))],
  ['extension', encodeIpv6(ipv6Header(ip('::1'), ip('::2'), IP_PROTOCOL_HOP_BY_HOP), hex('11010502 00000100'))],
] as const) {
  test(`decodeIpv6() drops ${bytes.length} bytes with bad ${drop}`, () => {
    assert.deepEqual(decodeIpv6(bytes), { ok: false, drop })
  })
}

test("keepalived's authentication header carries the value that we compute", () => {
  const packet = KEEPALIVED_AH.slice(14)
  const decoded = decodeAuthenticationHeader(packet.subarray(20))
  assert.ok(decoded.ok)
  assert.deepEqual([decoded.value.nextHeader, decoded.value.sequence, decoded.value.spi], [112, 1, 0x0a090001])
  assert.deepEqual(authenticationValue(packet, KEY, false), decoded.value.icv)
  assert.deepEqual(encodeAuthenticationHeader(decoded.value), packet.slice(20, 44))
})

test('the value covers all but what routers change', () => {
  const value = authenticationValue(KEEPALIVED_AH.slice(14), KEY, false)
  const mutable = new Set([1, 6, 7, 10, 11, ...Array.from({ length: 12 }, (_, i) => 32 + i)])
  for (let i = 0; i < KEEPALIVED_AH.length - 14; i++) {
    const packet = KEEPALIVED_AH.slice(14)
    packet[i] = packet[i]! ^ 1
    // The header length says where the rest begins: with another, there is no value to compare.
    if (i === 0) continue
    assert.equal(sameValue(authenticationValue(packet, KEY, false), value), mutable.has(i), `byte ${i}`)
  }
  const ttl = KEEPALIVED_AH.slice(14)
  ttl[8] = 1
  assert.deepEqual(authenticationValue(ttl, KEY, true), authenticationValue(KEEPALIVED_AH.slice(14), KEY, true))
})

for (const [drop, bytes] of [
  ['short', new Uint8Array(23)],
  ['length', hex('70050000 0a090001 00000001 0dfb567e 43165b75 b6cd656e')],
] as const) {
  test(`decodeAuthenticationHeader() drops a header with bad ${drop}`, () => {
    assert.deepEqual(decodeAuthenticationHeader(bytes), { ok: false, drop })
  })
}
