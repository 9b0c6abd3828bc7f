/**
 * The trailer that vouches for an advertisement (`auth_hmac` of keepalived 2.4, draft-cassen-vrrp-auth): it says when the
 * advertisement was made and proves who made it, for both versions and both families alike.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |    type 1     |    key id     |           reserved            |
 *  +---------------+---------------+-------------------------------+
 *  |                     seconds since 1970                        |   the three together are a number
 *  +-------------------------------+-------------------------------+   of 64 bits that only grows
 *  |   seconds / 2^16              |           counter             |
 *  +-------------------------------+-------------------------------+
 *  |   the first 128 bits of HMAC-SHA-256                          |
 *  +---------------------------------------------------------------+
 *
 * The HMAC is over a pseudo-header, the advertisement as if its checksum were zero, and the trailer as if its HMAC were.
 * The pseudo-header has 20 bytes: family (4 or 6), version, router id, a zero, and the source address filled up with zeros.
 */
import { createHmac } from 'node:crypto'
import { type Ip, ipBytes, ipFamily } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export interface VrrpTrailer {
  readonly keyId: number
  /** 64 bits. */
  readonly sequence: bigint
  readonly hmac: Uint8Array
}

export const VRRP_TRAILER_LENGTH = 28

const TYPE_HMAC_SHA256 = 1
const HMAC_OFFSET = 12
const HMAC_LENGTH = VRRP_TRAILER_LENGTH - HMAC_OFFSET
const CHECKSUM_OFFSET = 6
const PSEUDO_LENGTH = 20

/** Reads exactly VRRP_TRAILER_LENGTH bytes. Whether the HMAC is right is `vrrpHmac`'s to say. */
export function decodeVrrpTrailer(bytes: Uint8Array): Decoded<VrrpTrailer, 'malformed'> {
  const view = viewOf(bytes)
  const known = bytes.length === VRRP_TRAILER_LENGTH && view.getUint8(0) === TYPE_HMAC_SHA256 && view.getUint16(2) === 0
  if (!known) return { ok: false, drop: 'malformed' }
  return {
    ok: true,
    value: { keyId: view.getUint8(1), sequence: view.getBigUint64(4), hmac: bytes.slice(HMAC_OFFSET) },
  }
}

export function encodeVrrpTrailer({ keyId, sequence, hmac }: VrrpTrailer): Uint8Array {
  const bytes = new Uint8Array(VRRP_TRAILER_LENGTH)
  const view = viewOf(bytes)
  view.setUint8(0, TYPE_HMAC_SHA256)
  view.setUint8(1, keyId)
  view.setBigUint64(4, sequence)
  bytes.set(hmac, HMAC_OFFSET)
  return bytes
}

/** The HMAC of an advertisement from `source`; what its checksum field has now does not count. */
export function vrrpHmac(
  key: Uint8Array,
  source: Ip,
  advertisement: Uint8Array,
  { keyId, sequence }: Pick<VrrpTrailer, 'keyId' | 'sequence'>,
): Uint8Array {
  const pseudo = new Uint8Array(PSEUDO_LENGTH)
  pseudo.set([ipFamily(source), advertisement[0]! >> 4, advertisement[1]!])
  pseudo.set(ipBytes(source), 4)
  const message = advertisement.slice()
  message.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 2)
  const unsigned = encodeVrrpTrailer({ keyId, sequence, hmac: new Uint8Array(HMAC_LENGTH) })
  const digest = createHmac('sha256', key)
    .update(concat(pseudo, message, unsigned))
    .digest()
  return new Uint8Array(digest.subarray(0, HMAC_LENGTH))
}
