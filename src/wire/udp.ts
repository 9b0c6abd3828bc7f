/**
 * UDP (RFC 768).
 *
 *  0               8               16              24            31
 *  +-------------------------------+-------------------------------+
 *  |          source port          |       destination port        |
 *  +-------------------------------+-------------------------------+
 *  |            length             |           checksum            |
 *  +-------------------------------+-------------------------------+
 *
 * A checksum of 0 over IPv4 says that there is none; one that comes out as 0 is sent as 0xffff.
 */
import { checksum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const UDP_HEADER_LENGTH = 8

export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

export type UdpDrop = 'short' | 'length'

/** Bytes after the length are padding; a payload cut short is given as far as it goes. */
export function decodeUdp(bytes: Uint8Array): Decoded<UdpDatagram, UdpDrop> {
  if (bytes.length < UDP_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const length = view.getUint16(4)
  if (length < UDP_HEADER_LENGTH) return { ok: false, drop: 'length' }
  const payload = bytes.subarray(UDP_HEADER_LENGTH, length)
  return { ok: true, value: { sourcePort: view.getUint16(0), destinationPort: view.getUint16(2), payload } }
}

/** `pseudo` is the sum of the IP pseudo-header (`pseudoHeaderSum`). */
export function encodeUdp(datagram: UdpDatagram, pseudo: number): Uint8Array {
  const header = new Uint8Array(UDP_HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint16(0, datagram.sourcePort)
  view.setUint16(2, datagram.destinationPort)
  view.setUint16(4, UDP_HEADER_LENGTH + datagram.payload.length)
  const bytes = concat(header, datagram.payload)
  viewOf(bytes).setUint16(6, checksum(bytes, pseudo) || 0xffff)
  return bytes
}
