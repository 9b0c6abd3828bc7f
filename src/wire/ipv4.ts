/**
 * IPv4 (RFC 791).
 *
 *  0               8               16              24            31
 *  +-------+-------+---------------+-------------------------------+
 *  | ver 4 |  ihl  |      tos      |         total length          |
 *  +-------+-------+---------------+-----+-------------------------+
 *  |        identification         |0 D M|  fragment offset, 8s    |
 *  +---------------+---------------+-----+-------------------------+
 *  |      ttl      |   protocol    |        header checksum        |
 *  +---------------+---------------+-------------------------------+
 *  |                        source address                         |
 *  |                      destination address                      |
 *  +---------------------------------------------------------------+
 *  |  options, (ihl - 5) × 4 bytes …                               |
 *  +---------------------------------------------------------------+
 *
 * The payload ends where the total length says: what follows is Ethernet padding. A payload cut short (a capture, an
 * ICMP quotation) is no reason to drop the packet; `payload` is what is there, and `payloadLength` what there was.
 */
import { type Ip, ipBytes, ipFromBytes } from '../bytes/address.ts'
import { checksum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const IPV4_HEADER_LENGTH = 20

export const IP_PROTOCOL_ICMP = 1
export const IP_PROTOCOL_IPIP = 4
export const IP_PROTOCOL_TCP = 6
export const IP_PROTOCOL_UDP = 17
export const IP_PROTOCOL_IPV6 = 41
export const IP_PROTOCOL_GRE = 47
export const IP_PROTOCOL_SCTP = 132

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000

export interface Ipv4Header {
  /** Differentiated services and ECN, one byte. */
  readonly tos: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset: number
  readonly ttl: number
  readonly protocol: number
  readonly source: Ip
  readonly destination: Ip
  /** As on the wire, a multiple of 4 bytes, at most 40. */
  readonly options: Uint8Array
}

export interface Ipv4Packet extends Ipv4Header {
  readonly payload: Uint8Array
  /** What the header says: more than `payload.length` if the packet was cut short. */
  readonly payloadLength: number
}

export type Ipv4Drop = 'short' | 'version' | 'header-length' | 'total-length' | 'checksum'

export function decodeIpv4(bytes: Uint8Array): Decoded<Ipv4Packet, Ipv4Drop> {
  if (bytes.length < IPV4_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const headerLength = (view.getUint8(0) & 0xf) * 4
  if (view.getUint8(0) >> 4 !== 4) return { ok: false, drop: 'version' }
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > bytes.length) return { ok: false, drop: 'header-length' }
  const totalLength = view.getUint16(2)
  if (totalLength < headerLength) return { ok: false, drop: 'total-length' }
  if (checksum(bytes.subarray(0, headerLength)) !== 0) return { ok: false, drop: 'checksum' }
  const fragment = view.getUint16(6)
  const value = {
    tos: view.getUint8(1),
    identification: view.getUint16(4),
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
    source: ipFromBytes(bytes.subarray(12, 16)),
    destination: ipFromBytes(bytes.subarray(16, 20)),
    options: bytes.slice(IPV4_HEADER_LENGTH, headerLength),
    payload: bytes.subarray(headerLength, totalLength),
    payloadLength: totalLength - headerLength,
  }
  return { ok: true, value }
}

/** The header for a payload of `payloadLength` bytes, its checksum in place. */
export function encodeIpv4Header(header: Ipv4Header, payloadLength: number): Uint8Array {
  const headerLength = IPV4_HEADER_LENGTH + header.options.length
  const bytes = new Uint8Array(headerLength)
  const view = viewOf(bytes)
  const flags = (header.dontFragment ? DONT_FRAGMENT : 0) | (header.moreFragments ? MORE_FRAGMENTS : 0)
  view.setUint8(0, 0x40 | (headerLength / 4))
  view.setUint8(1, header.tos)
  view.setUint16(2, headerLength + payloadLength)
  view.setUint16(4, header.identification)
  view.setUint16(6, flags | (header.fragmentOffset / 8))
  view.setUint8(8, header.ttl)
  view.setUint8(9, header.protocol)
  bytes.set(ipBytes(header.source), 12)
  bytes.set(ipBytes(header.destination), 16)
  bytes.set(header.options, IPV4_HEADER_LENGTH)
  view.setUint16(10, checksum(bytes))
  return bytes
}

export function encodeIpv4(header: Ipv4Header, payload: Uint8Array): Uint8Array {
  return concat(encodeIpv4Header(header, payload.length), payload)
}

/** The fields of a plain packet: not a fragment, no options. */
export function ipv4Header(source: Ip, destination: Ip, protocol: number): Ipv4Header {
  const plain = { tos: 0, identification: 0, dontFragment: false, moreFragments: false, fragmentOffset: 0 }
  return { ...plain, ttl: 64, protocol, source, destination, options: new Uint8Array(0) }
}
