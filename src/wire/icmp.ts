/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443), which differ in their numbers and in the pseudo-header of the checksum.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |     type      |     code      |           checksum            |
 *  +---------------+---------------+-------------------------------+
 *  |  echo: identifier, sequence; errors: unused, or the MTU …     |
 *  +---------------------------------------------------------------+
 *  |  echo: data; errors: the packet they are about, cut short …   |
 *  +---------------------------------------------------------------+
 */
import { checksum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const ICMP_HEADER_LENGTH = 8

export const ICMP_ECHO_REPLY = 0
export const ICMP_UNREACHABLE = 3
export const ICMP_REDIRECT = 5
export const ICMP_ECHO_REQUEST = 8
export const ICMP_TIME_EXCEEDED = 11
export const ICMP_PARAMETER_PROBLEM = 12

/** Codes of ICMP_UNREACHABLE. */
export const ICMP_PORT_UNREACHABLE = 3
export const ICMP_FRAGMENTATION_NEEDED = 4

export const ICMPV6_UNREACHABLE = 1
export const ICMPV6_PACKET_TOO_BIG = 2
export const ICMPV6_TIME_EXCEEDED = 3
export const ICMPV6_PARAMETER_PROBLEM = 4
export const ICMPV6_ECHO_REQUEST = 128
export const ICMPV6_ECHO_REPLY = 129

export interface Icmp {
  readonly type: number
  readonly code: number
  /** The second word: identifier and sequence of an echo; the MTU, in all of it or in its lower half; or nothing. */
  readonly word: number
  readonly payload: Uint8Array
}

export type IcmpDrop = 'short' | 'checksum'

/** `pseudo` is 0 for ICMP, the sum of the pseudo-header (`pseudoHeaderSum`) for ICMPv6. */
export function decodeIcmp(bytes: Uint8Array, pseudo: number): Decoded<Icmp, IcmpDrop> {
  if (bytes.length < ICMP_HEADER_LENGTH) return { ok: false, drop: 'short' }
  if (checksum(bytes, pseudo) !== 0) return { ok: false, drop: 'checksum' }
  const view = viewOf(bytes)
  const payload = bytes.subarray(ICMP_HEADER_LENGTH)
  return { ok: true, value: { type: view.getUint8(0), code: view.getUint8(1), word: view.getUint32(4), payload } }
}

export function encodeIcmp(message: Icmp, pseudo: number): Uint8Array {
  const header = new Uint8Array(ICMP_HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, message.type)
  view.setUint8(1, message.code)
  view.setUint32(4, message.word)
  const bytes = concat(header, message.payload)
  viewOf(bytes).setUint16(2, checksum(bytes, pseudo))
  return bytes
}
