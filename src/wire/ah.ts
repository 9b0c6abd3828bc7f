/**
 * The authentication header in transport mode (RFC 2402), as VRRP version 2 uses it over IPv4: HMAC-MD5-96 (RFC 2403).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |  next header  |   length 4    |           reserved            |
 *  +---------------+---------------+-------------------------------+
 *  |               security parameters index (SPI)                 |
 *  |                        sequence number                        |
 *  +---------------------------------------------------------------+
 *  |  integrity check value, 12 bytes …                            |
 *  +---------------------------------------------------------------+
 *
 * The length counts words of 4 bytes, less two. The value vouches for the IP header (with the fields that routers
 * change set to zero), for this header (with the value itself zero) and for all that follows. keepalived counts the TTL
 * of a multicast advertisement among what does not change, since it must arrive as 255; for unicast it is zeroed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const IP_PROTOCOL_AH = 51
export const AH_LENGTH = 24

const FIXED_LENGTH = 12
const ICV_LENGTH = 12

export interface AuthenticationHeader {
  /** The protocol of what follows. */
  readonly nextHeader: number
  readonly spi: number
  readonly sequence: number
  readonly icv: Uint8Array
}

export interface AuthenticatedPayload extends AuthenticationHeader {
  readonly payload: Uint8Array
}

export type AuthenticationHeaderDrop = 'short' | 'length'

/** Reads the payload of an IP packet of protocol 51. Whether the value is right is `authenticationValue`'s to say. */
export function decodeAuthenticationHeader(bytes: Uint8Array): Decoded<AuthenticatedPayload, AuthenticationHeaderDrop> {
  if (bytes.length < AH_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  if ((view.getUint8(1) + 2) * 4 !== AH_LENGTH) return { ok: false, drop: 'length' }
  const value = {
    nextHeader: view.getUint8(0),
    spi: view.getUint32(4),
    sequence: view.getUint32(8),
    icv: bytes.slice(FIXED_LENGTH, AH_LENGTH),
    payload: bytes.subarray(AH_LENGTH),
  }
  return { ok: true, value }
}

export function encodeAuthenticationHeader(header: AuthenticationHeader): Uint8Array {
  const bytes = new Uint8Array(FIXED_LENGTH)
  const view = viewOf(bytes)
  view.setUint8(0, header.nextHeader)
  view.setUint8(1, AH_LENGTH / 4 - 2)
  view.setUint32(4, header.spi)
  view.setUint32(8, header.sequence)
  return concat(bytes, header.icv)
}

/** An integrity check value not computed yet. */
export const NO_ICV: Uint8Array = new Uint8Array(ICV_LENGTH)

/**
 * The integrity check value of a whole IPv4 datagram that carries an authentication header; whatever value it carries
 * now does not count. `ttlMutable`: the TTL is set to zero for it, as RFC 2402 section 3.3.3.1.1.1 wants it.
 */
export function authenticationValue(datagram: Uint8Array, key: Uint8Array, ttlMutable: boolean): Uint8Array {
  const immutable = datagram.slice()
  const headerLength = ((immutable[0] ?? 0) & 0xf) * 4
  immutable.fill(0, 1, 2) // type of service
  immutable.fill(0, 6, 8) // flags and fragment offset
  if (ttlMutable) immutable.fill(0, 8, 9)
  immutable.fill(0, 10, 12) // header checksum
  immutable.fill(0, headerLength + FIXED_LENGTH, headerLength + AH_LENGTH)
  return new Uint8Array(createHmac('md5', key).update(immutable).digest().subarray(0, ICV_LENGTH))
}

/** Compares two values in a time that does not tell where they differ. */
export function sameValue(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
