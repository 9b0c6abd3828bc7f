import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { encodeAnnouncement } from './announce.ts'
import { claimIn } from './claim.ts'

// The frames are keepalived 2.2.7's own, caught on a cable between two namespaces.
const MAC = parseMac('02:00:c0:a8:29:b5')!

test('an IPv4 address is announced by a gratuitous ARP request', () => {
  const frame = encodeAnnouncement(ip('10.0.0.249'), MAC)
  assert.deepEqual(
    frame,
    hex(`ffffffffffff 0200c0a829b5 0806
      0001 0800 06 04 0001
      0200c0a829b5 0a0000f9
      ffffffffffff 0a0000f9`),
  )
  assert.equal(frame.length, 42)
  assert.deepEqual(claimIn(frame), { address: '10.0.0.249', mac: MAC, speaker: MAC })
})

for (const [what, router, flagsAndChecksum] of [
  ['a host', false, ['6bae', '20']],
  ['a router', true, ['ebad', 'a0']],
] as const) {
  test(`an IPv6 address is announced by an unsolicited neighbour advertisement of ${what}`, () => {
    const [checksum, flags] = flagsAndChecksum
    assert.deepEqual(
      encodeAnnouncement(ip('fd00::249'), MAC, router),
      hex(`333300000001 0200c0a829b5 86dd
        60000000 0020 3a ff
        fd000000000000000000000000000249
        ff020000000000000000000000000001
        88 00 ${checksum} ${flags}000000
        fd000000000000000000000000000249
        02 01 0200c0a829b5`),
    )
  })
}
