/** Ethernet, ARP and neighbour discovery. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, MAC_BROADCAST, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { ARP_REQUEST, decodeArp, encodeArp } from './arp.ts'
import { decodeEthernet, ETHERTYPE_ARP, encodeEthernet } from './ethernet.ts'
import { decodeNeighbour, neighbourMessage } from './ndp.ts'
import { KEEPALIVED_GARP } from './testdata/frames.ts'

const MAC = parseMac('fa:8e:c9:b2:af:91')!
const VIP = ip('10.9.0.200')
const GARP = { operation: ARP_REQUEST, senderMac: MAC, senderIp: VIP, targetMac: MAC_BROADCAST, targetIp: VIP }

test('a gratuitous ARP is byte for byte what keepalived sends: 42 bytes, a request, everything about itself', () => {
  const payload = encodeArp(GARP)
  assert.deepEqual(payload, hex('00010800 06040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8'))
  assert.deepEqual(decodeArp(payload), { ok: true, value: GARP })
  assert.equal(KEEPALIVED_GARP.length, 42)
})

test('decodeArp() takes Ethernet padding for what it is', () => {
  assert.deepEqual(decodeArp(new Uint8Array([...encodeArp(GARP), ...new Uint8Array(18)])), { ok: true, value: GARP })
})

for (const [drop, bytes] of [
  ['short', hex('00010800 06040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900')],
  ['hardware-type', hex('00060800 06040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8')],
  ['protocol-type', hex('000186dd 06040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8')],
  ['address-length', hex('00010800 08040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8')],
  ['address-length', hex('00010800 06100001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8')],
] as const) {
  test(`decodeArp() drops a packet with bad ${drop}`, () => assert.deepEqual(decodeArp(bytes), { ok: false, drop }))
}

test('Ethernet tags are read from the outside in', () => {
  const bytes = hex('ffffffff ffff fa8ec9b2 af91 88a8 6005 8100 1064 0806 abcd')
  const frame = {
    destination: MAC_BROADCAST,
    source: MAC,
    tags: [
      { protocol: 0x88a8, priority: 3, dropEligible: false, vlan: 5 },
      { protocol: 0x8100, priority: 0, dropEligible: true, vlan: 100 },
    ],
    etherType: ETHERTYPE_ARP,
    payload: bytes.subarray(22),
  } as const
  assert.deepEqual(decodeEthernet(bytes), { ok: true, value: frame })
  assert.deepEqual(encodeEthernet(frame), bytes)
})

test('decodeEthernet() drops a frame that ends in its header', () => {
  assert.deepEqual(decodeEthernet(hex('ffffffff ffff fa8ec9b2 af91 08')), { ok: false, drop: 'short' })
  assert.deepEqual(decodeEthernet(hex('ffffffff ffff fa8ec9b2 af91 8100 0001')), { ok: false, drop: 'short' })
})

test('an unsolicited neighbour advertisement is what keepalived sends', () => {
  const flags = { router: false, solicited: false, override: true }
  const neighbour = { kind: 'advertisement', target: ip('fe80::200'), mac: MAC, ...flags } as const
  const message = neighbourMessage(neighbour)
  const payload = hex('fe800000 00000000 00000000 00000200 0201fa8e c9b2af91')
  assert.deepEqual(message, { type: 136, code: 0, word: 0x20000000, payload })
  assert.deepEqual(decodeNeighbour(message), { ok: true, value: neighbour })
})

test('decodeNeighbour() reads a probe for a free address, and steps over options it does not know', () => {
  const target = ip('2001:db8::1')
  const payload = hex('20010db8 00000000 00000000 00000001 0e010001 02030405')
  const value = { kind: 'solicitation', target, mac: undefined }
  assert.deepEqual(decodeNeighbour({ type: 135, code: 0, word: 0, payload }), { ok: true, value })
})

for (const [drop, type, payload] of [
  ['type', 134, hex('20010db8 00000000 00000000 00000001')],
  ['short', 135, hex('20010db8 00000000 00000000 000000')],
  ['option', 135, hex('20010db8 00000000 00000000 00000001 01000000 00000000')],
  ['option', 135, hex('20010db8 00000000 00000000 00000001 0102fa8e c9b2af91')],
  ['option', 136, hex('20010db8 00000000 00000000 00000001 02')],
] as const) {
  test(`decodeNeighbour() drops a message with bad ${drop} (${payload.length} bytes)`, () => {
    assert.deepEqual(decodeNeighbour({ type, code: 0, word: 0, payload }), { ok: false, drop })
  })
}
