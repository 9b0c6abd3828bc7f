import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { claimIn } from './claim.ts'
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
