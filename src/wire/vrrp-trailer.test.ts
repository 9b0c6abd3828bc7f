import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { hex, toHex } from '../bytes/hex.ts'
import { decodeVrrpTrailer, encodeVrrpTrailer, VRRP_TRAILER_LENGTH, vrrpHmac } from './vrrp-trailer.ts'

/** The wire images in the appendix of the draft: key 00 to 1f, router id 51, priority 200. */
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const IMAGES = [
  {
    source: ip('198.51.100.10'),
    advertisement: hex('3133c801 00644402 c0000264'),
    trailer: hex('01010000 68000000 80000000 1b84bc4e 8e43892d c6d98448 f8ee2265'),
  },
  {
    source: ip('fe80::10'),
    advertisement: hex('3133c801 0064a2e9 fe800000 00000000 00000000 00000100'),
    trailer: hex('01010000 68000000 80000000 c8c56146 ebfd66ee 10ec4d81 86461b78'),
  },
]

for (const { source, advertisement, trailer } of IMAGES) {
  test(`vrrpHmac() signs the draft's advertisement from ${source} as the draft does`, () => {
    const sequence = 0x6800000080000000n
    const hmac = vrrpHmac(KEY, source, advertisement, { keyId: 1, sequence })
    assert.equal(toHex(encodeVrrpTrailer({ keyId: 1, sequence, hmac })), toHex(trailer))
    assert.deepEqual(decodeVrrpTrailer(trailer), { ok: true, value: { keyId: 1, sequence, hmac } })
  })
}

test('vrrpHmac() does not depend on the checksum, and on everything else', () => {
  const { source, advertisement } = IMAGES[0]!
  const hmac = (bytes: Uint8Array, from = source, sequence = 1n) =>
    toHex(vrrpHmac(KEY, from, bytes, { keyId: 1, sequence }))
  const usual = hmac(advertisement)
  for (let at = 0; at < advertisement.length; at++) {
    const changed = advertisement.slice()
    changed[at]! ^= 1
    assert.equal(hmac(changed) === usual, at === 6 || at === 7, `byte ${at}`)
  }
  assert.notEqual(hmac(advertisement, ip('198.51.100.11')), usual)
  assert.notEqual(hmac(advertisement, source, 2n), usual)
})

for (const [what, bytes] of [
  ['another type', hex(`02010000 ${'00'.repeat(24)}`)],
  ['reserved bits', hex(`01010001 ${'00'.repeat(24)}`)],
  ['a byte less', new Uint8Array(VRRP_TRAILER_LENGTH - 1)],
] as const) {
  test(`decodeVrrpTrailer() drops a trailer with ${what}`, () => {
    assert.deepEqual(decodeVrrpTrailer(bytes), { ok: false, drop: 'malformed' })
  })
}
