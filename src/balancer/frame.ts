/** Frames for tests of the data path: as a client would send them to a director, checksums right. */
import { type Ip, ipBytes, ipFamily } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import { crc32c } from '../bytes/crc32c.ts'
import { viewOf } from '../bytes/view.ts'
import { endpointText } from '../model/service.ts'
import { decodeIpv4, encodeIpv4, ipv4Header } from '../wire/ipv4.ts'
import { decodeIpv6, encodeIpv6, type Ipv6Extension, ipv6Header } from '../wire/ipv6.ts'
import { ETHERNET_BYTES, PROTOCOL, SCTP_BYTES, SCTP_CHECKSUM, TCP_FLAG } from './program/headers.ts'

export interface Endpoint {
  readonly address: Ip
  readonly port: number
}

/** A TCP segment without options; flags by their names; IPv6 extension headers, if any. */
export function tcpFrame(
  source: Endpoint,
  destination: Endpoint,
  flags: readonly (keyof typeof TCP_FLAG)[],
  payloadBytes = 0,
  extensions: readonly Ipv6Extension[] = [],
): Uint8Array {
  const segment = new Uint8Array(20 + payloadBytes)
  const view = new DataView(segment.buffer)
  view.setUint8(12, 0x50)
  view.setUint8(
    13,
    flags.reduce((bits, flag) => bits | TCP_FLAG[flag], 0),
  )
  view.setUint16(14, 0xffff)
  return frame(PROTOCOL.tcp, source, destination, segment, 16, extensions)
}

export function udpFrame(source: Endpoint, destination: Endpoint, payloadBytes = 4): Uint8Array {
  const datagram = new Uint8Array(8 + payloadBytes)
  new DataView(datagram.buffer).setUint16(4, datagram.length)
  return frame(PROTOCOL.udp, source, destination, datagram, 6)
}

/** A packet of SCTP: chunks of those types, four bytes of header and `bytes` of data each. */
export function sctpFrame(source: Endpoint, destination: Endpoint, chunks: readonly number[], bytes = 0): Uint8Array {
  const packet = new Uint8Array(SCTP_BYTES + chunks.length * (4 + bytes))
  const view = new DataView(packet.buffer)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  for (const [i, type] of chunks.entries()) {
    const at = SCTP_BYTES + i * (4 + bytes)
    packet.fill(i + 1, at + 4, at + 4 + bytes)
    view.setUint8(at, type)
    view.setUint16(at + 2, 4 + bytes)
  }
  view.setUint32(SCTP_CHECKSUM[0], crc32c(packet), true)
  return inIp(PROTOCOL.sctp, source.address, destination.address, packet)
}

/** What a frame carries, as text to compare: `10.0.0.1:5 > 10.0.0.2:80 syn`; says so if a checksum is wrong. */
export function frameText(frame: Uint8Array): string {
  const packet = frame[12] === 8 ? decodeIpv4(packetOf(frame)) : decodeIpv6(packetOf(frame))
  if (!packet.ok) return packet.drop
  const { source, destination, protocol, payload } = packet.value
  const ttl = 'ttl' in packet.value ? packet.value.ttl : packet.value.hopLimit
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const wrong = isSummedUp(protocol, payload, source, destination) ? '' : ' wrong checksum'
  const from = endpointText(source, view.getUint16(0))
  return `${from} > ${endpointText(destination, view.getUint16(2))} ttl ${ttl}${wrong}`
}

function isSummedUp(protocol: number, transport: Uint8Array, source: Ip, destination: Ip): boolean {
  const view = viewOf(transport)
  if (protocol === PROTOCOL.udp && view.getUint16(6) === 0) return true
  if (protocol === PROTOCOL.sctp) {
    const blank = transport.slice()
    blank.fill(0, SCTP_CHECKSUM[0], SCTP_BYTES)
    return crc32c(blank) === view.getUint32(SCTP_CHECKSUM[0], true)
  }
  return checksum(transport, pseudoHeaderSum(ipBytes(source), ipBytes(destination), protocol, transport.length)) === 0
}

/** The Ethernet payload of a frame. */
export function packetOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(ETHERNET_BYTES)
}

function frame(
  protocol: number,
  source: Endpoint,
  destination: Endpoint,
  transport: Uint8Array,
  checksumOffset: number,
  extensions: readonly Ipv6Extension[] = [],
): Uint8Array {
  const view = new DataView(transport.buffer)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  const pseudo = pseudoHeaderSum(ipBytes(source.address), ipBytes(destination.address), protocol, transport.length)
  view.setUint16(checksumOffset, checksum(transport, pseudo))
  return inIp(protocol, source.address, destination.address, transport, extensions)
}

function inIp(
  protocol: number,
  source: Ip,
  destination: Ip,
  transport: Uint8Array,
  extensions: readonly Ipv6Extension[] = [],
): Uint8Array {
  const isIpv4 = ipFamily(source) === 4
  const ethernet = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...(isIpv4 ? [0x08, 0x00] : [0x86, 0xdd]))
  const packet = isIpv4
    ? encodeIpv4(ipv4Header(source, destination, protocol), transport)
    : encodeIpv6({ ...ipv6Header(source, destination, protocol), extensions }, transport)
  return concat(ethernet, packet)
}
