/**
 * IPv6 (RFC 8200).
 *
 *  0               8               16              24            31
 *  +-------+---------------+---------------------------------------+
 *  | ver 6 | traffic class |              flow label               |
 *  +-------+---------------+-------+---------------+---------------+
 *  |        payload length         |  next header  |   hop limit   |
 *  +-------------------------------+---------------+---------------+
 *  |  source address, 16 bytes …                                   |
 *  |  destination address, 16 bytes …                              |
 *  +---------------------------------------------------------------+
 *
 * Extension headers follow: hop-by-hop (0), routing (43), fragment (44), authentication (51), destination (60).
 *
 *  +---------------+---------------+------------- …
 *  |  next header  |    length     |                 (length + 1) × 8 bytes; 8 for a fragment; (length + 2) × 4 for AH
 *  +---------------+---------------+------------- …
 *
 * They are walked over to find what the packet carries, and kept as they are. A fragment other than the first carries a
 * piece of something; its protocol is still told.
 */
import { type Ip, ipBytes, ipFromBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const IPV6_HEADER_LENGTH = 40

export const IP_PROTOCOL_HOP_BY_HOP = 0
export const IP_PROTOCOL_ROUTING = 43
export const IP_PROTOCOL_FRAGMENT = 44
export const IP_PROTOCOL_ICMPV6 = 58
export const IP_PROTOCOL_NO_NEXT_HEADER = 59
export const IP_PROTOCOL_DESTINATION_OPTIONS = 60
const IP_PROTOCOL_AH = 51

export interface Ipv6Header {
  readonly trafficClass: number
  readonly flowLabel: number
  readonly hopLimit: number
  readonly source: Ip
  readonly destination: Ip
  /** In the order of the wire. */
  readonly extensions: readonly Ipv6Extension[]
  /** What the payload is, after all extensions. */
  readonly protocol: number
}

export interface Ipv6Extension {
  readonly protocol: number
  /** The whole header. Its first byte, the next header, is filled in when it is encoded. */
  readonly bytes: Uint8Array
}

export interface Ipv6Packet extends Ipv6Header {
  readonly fragment: Ipv6Fragment | undefined
  readonly payload: Uint8Array
  /** What the headers say: more than `payload.length` if the packet was cut short. */
  readonly payloadLength: number
}

export interface Ipv6Fragment {
  /** In bytes, a multiple of 8. */
  readonly offset: number
  readonly more: boolean
  readonly identification: number
}

export type Ipv6Drop = 'short' | 'version' | 'extension'

export function decodeIpv6(bytes: Uint8Array): Decoded<Ipv6Packet, Ipv6Drop> {
  if (bytes.length < IPV6_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const first = view.getUint32(0)
  if (first >>> 28 !== 6) return { ok: false, drop: 'version' }
  const end = IPV6_HEADER_LENGTH + view.getUint16(4)
  const extensions: Ipv6Extension[] = []
  let fragment: Ipv6Fragment | undefined
  let protocol = view.getUint8(6)
  let offset = IPV6_HEADER_LENGTH
  // The pieces after the first do not begin with a header that could be walked over.
  while (isExtension(protocol) && (fragment?.offset ?? 0) === 0) {
    if (offset + 8 > Math.min(bytes.length, end)) return { ok: false, drop: 'extension' }
    const length = extensionLength(protocol, view.getUint8(offset + 1))
    if (offset + length > Math.min(bytes.length, end)) return { ok: false, drop: 'extension' }
    if (protocol === IP_PROTOCOL_FRAGMENT) fragment = decodeFragment(view, offset)
    extensions.push({ protocol, bytes: bytes.slice(offset, offset + length) })
    protocol = view.getUint8(offset)
    offset += length
  }
  const value = {
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    hopLimit: view.getUint8(7),
    source: ipFromBytes(bytes.subarray(8, 24)),
    destination: ipFromBytes(bytes.subarray(24, 40)),
    extensions,
    protocol,
    fragment,
    payload: bytes.subarray(offset, end),
    payloadLength: end - offset,
  }
  return { ok: true, value }
}

export function encodeIpv6(header: Ipv6Header, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV6_HEADER_LENGTH)
  const view = viewOf(bytes)
  const protocols = [...header.extensions.map(({ protocol }) => protocol), header.protocol]
  const extensions = header.extensions.map((extension, i) => {
    const chained = extension.bytes.slice()
    chained[0] = protocols[i + 1]!
    return chained
  })
  const length = extensions.reduce((sum, extension) => sum + extension.length, payload.length)
  view.setUint32(0, ((6 << 28) | (header.trafficClass << 20) | header.flowLabel) >>> 0)
  view.setUint16(4, length)
  view.setUint8(6, protocols[0]!)
  view.setUint8(7, header.hopLimit)
  bytes.set(ipBytes(header.source), 8)
  bytes.set(ipBytes(header.destination), 24)
  return concat(bytes, ...extensions, payload)
}

/** The fields of a plain packet: no extensions. */
export function ipv6Header(source: Ip, destination: Ip, protocol: number): Ipv6Header {
  return { trafficClass: 0, flowLabel: 0, hopLimit: 64, source, destination, extensions: [], protocol }
}

/** A fragment header, for `extensions`. */
export function ipv6FragmentExtension({ offset, more, identification }: Ipv6Fragment): Ipv6Extension {
  const bytes = new Uint8Array(8)
  viewOf(bytes).setUint16(2, offset | (more ? 1 : 0))
  viewOf(bytes).setUint32(4, identification)
  return { protocol: IP_PROTOCOL_FRAGMENT, bytes }
}

function decodeFragment(view: DataView, offset: number): Ipv6Fragment {
  const word = view.getUint16(offset + 2)
  return { offset: word & 0xfff8, more: (word & 1) !== 0, identification: view.getUint32(offset + 4) }
}

function isExtension(protocol: number): boolean {
  return (
    protocol === IP_PROTOCOL_HOP_BY_HOP ||
    protocol === IP_PROTOCOL_ROUTING ||
    protocol === IP_PROTOCOL_FRAGMENT ||
    protocol === IP_PROTOCOL_AH ||
    protocol === IP_PROTOCOL_DESTINATION_OPTIONS
  )
}

function extensionLength(protocol: number, length: number): number {
  if (protocol === IP_PROTOCOL_FRAGMENT) return 8
  return protocol === IP_PROTOCOL_AH ? (length + 2) * 4 : (length + 1) * 8
}
