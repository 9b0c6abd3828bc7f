/**
 * TCP (RFC 9293).
 *
 *  0               8               16              24            31
 *  +-------------------------------+-------------------------------+
 *  |          source port          |       destination port        |
 *  +-------------------------------+-------------------------------+
 *  |                        sequence number                        |
 *  |                    acknowledgement number                     |
 *  +-------+-------+---------------+-------------------------------+
 *  |  len  |   0   |     flags     |            window             |
 *  +-------+-------+---------------+-------------------------------+
 *  |           checksum            |        urgent pointer         |
 *  +-------------------------------+-------------------------------+
 *  |  options, (len - 5) × 4 bytes …                               |
 *  +---------------------------------------------------------------+
 *
 * The checksum is not looked at: on a virtual link it is often not computed yet. `checksum(bytes, pseudo)` in bytes/ is
 * 0 if it is right.
 */
import { checksum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const TCP_HEADER_LENGTH = 20

export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10
export const TCP_URG = 0x20
export const TCP_ECE = 0x40
export const TCP_CWR = 0x80

export interface TcpSegment {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  /** TCP_SYN, TCP_ACK … added up. */
  readonly flags: number
  readonly window: number
  readonly urgent: number
  /** As on the wire, a multiple of 4 bytes, at most 40. */
  readonly options: Uint8Array
  readonly payload: Uint8Array
}

export type TcpDrop = 'short' | 'header-length'

export function decodeTcp(bytes: Uint8Array): Decoded<TcpSegment, TcpDrop> {
  if (bytes.length < TCP_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const headerLength = (view.getUint8(12) >> 4) * 4
  if (headerLength < TCP_HEADER_LENGTH || headerLength > bytes.length) return { ok: false, drop: 'header-length' }
  const value = {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    flags: view.getUint8(13),
    window: view.getUint16(14),
    urgent: view.getUint16(18),
    options: bytes.slice(TCP_HEADER_LENGTH, headerLength),
    payload: bytes.subarray(headerLength),
  }
  return { ok: true, value }
}

/** `pseudo` is the sum of the IP pseudo-header (`pseudoHeaderSum`). */
export function encodeTcp(segment: TcpSegment, pseudo: number): Uint8Array {
  const header = new Uint8Array(TCP_HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint16(0, segment.sourcePort)
  view.setUint16(2, segment.destinationPort)
  view.setUint32(4, segment.sequence)
  view.setUint32(8, segment.acknowledgement)
  view.setUint8(12, ((TCP_HEADER_LENGTH + segment.options.length) / 4) << 4)
  view.setUint8(13, segment.flags)
  view.setUint16(14, segment.window)
  view.setUint16(18, segment.urgent)
  const bytes = concat(header, segment.options, segment.payload)
  viewOf(bytes).setUint16(16, checksum(bytes, pseudo))
  return bytes
}
