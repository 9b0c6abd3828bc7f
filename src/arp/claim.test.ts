import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { NDP_ADVERTISEMENT, NDP_SOLICITATION } from '../wire/ndp.ts'
import { claimIn, claimInNeighbour } from './claim.ts'
import { isDuplicate } from './duplicate.ts'

const VIP = ip('192.168.41.249')
const OURS = parseMac('02:00:c0:a8:29:b5')!
const STRANGER = parseMac('02:00:00:00:00:99')!

const frame = (operation: string, sender: string, target: string, speaker = '020000000099') =>
  hex(`ffffffffffff ${speaker} 0806 0001 0800 06 04 ${operation} 020000000099 ${sender} 000000000000 ${target}`)

for (const [what, bytes] of [
  ['a gratuitous request', frame('0001', 'c0a829f9', 'c0a829f9')],
  ['a request for somebody else', frame('0001', 'c0a829f9', 'c0a8280b')],
  ['a reply', frame('0002', 'c0a829f9', 'c0a8280b')],
  ['a request with padding', Uint8Array.from([...frame('0001', 'c0a829f9', 'c0a829f9'), ...new Uint8Array(18)])],
] as const) {
  test(`${what} claims its sender's address`, () => {
    assert.deepEqual(claimIn(bytes), { address: VIP, mac: STRANGER, speaker: STRANGER })
  })
}

test('a frame from another hardware address than the one it speaks of tells both', () => {
  const forged = frame('0002', 'c0a829f9', 'c0a8280b', '020000000066')
  assert.deepEqual(claimIn(forged), { address: VIP, mac: STRANGER, speaker: '02:00:00:00:00:66' })
})

for (const [what, bytes] of [
  ['a probe asks first', frame('0001', '00000000', 'c0a829f9')],
  ['an IPv4 packet is no ARP', hex('ffffffffffff 020000000099 0800 4500')],
  ['a short frame says nothing', frame('0001', 'c0a829f9', 'c0a829f9').subarray(0, 41)],
] as const) {
  test(`${what}: no claim`, () => assert.equal(claimIn(bytes), undefined))
}

test('claimIn() never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void claimIn(bytes)))
})

test('isDuplicate() sees a stranger with our address, not our own echo nor a stranger with his', () => {
  const holdings = { addresses: new Set([VIP]), macs: new Set([OURS]) }
  const claim = { address: VIP, mac: STRANGER, speaker: STRANGER }
  assert.equal(isDuplicate(holdings, claim), true)
  assert.equal(isDuplicate(holdings, { ...claim, mac: OURS }), false)
  assert.equal(isDuplicate(holdings, { ...claim, address: ip('192.168.41.31') }), false)
})

const VIP6 = '20010db8 00000000 00000000 00000249'
const advertisement = hex(`${NDP_ADVERTISEMENT.toString(16)}000000 20000000 ${VIP6} 0201 020000000099`)

test('a neighbour advertisement claims its target for the hardware address it tells', () => {
  assert.deepEqual(claimInNeighbour(advertisement, 255), { address: '2001:db8::249', mac: STRANGER })
})

for (const [what, bytes, hopLimit] of [
  ['was routed', advertisement, 254],
  ['tells no hardware address', advertisement.subarray(0, 24), 255],
  ['is cut short', advertisement.subarray(0, 20), 255],
  ['has a code', advertisement.map((byte, i) => (i === 1 ? 1 : byte)), 255],
  ['is a solicitation', advertisement.map((byte, i) => (i === 0 ? NDP_SOLICITATION : byte)), 255],
] as const) {
  test(`a message that ${what} claims nothing`, () => {
    assert.equal(claimInNeighbour(bytes, hopLimit), undefined)
  })
}
