/** Frames for tests of the data path: as a client would send them to a director, checksums right. */
import { type Ip, ipBytes, ipFamily } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import { endpointText } from '../model/service.ts'
import { decodeIpv4, encodeIpv4, ipv4Header } from '../wire/ipv4.ts'
import { decodeIpv6, encodeIpv6, type Ipv6Extension, ipv6Header } from '../wire/ipv6.ts'
import { ETHERNET_BYTES, PROTOCOL, TCP_FLAG } from './program/headers.ts'

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

/** What a frame carries, as text to compare: `10.0.0.1:5 > 10.0.0.2:80 syn`; says so if a checksum is wrong. */
export function frameText(frame: Uint8Array): string {
  const packet = frame[12] === 8 ? decodeIpv4(packetOf(frame)) : decodeIpv6(packetOf(frame))
  if (!packet.ok) return packet.drop
  const { source, destination, protocol, payload } = packet.value
  const ttl = 'ttl' in packet.value ? packet.value.ttl : packet.value.hopLimit
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const pseudo = pseudoHeaderSum(ipBytes(source), ipBytes(destination), protocol, payload.length)
  const unsummed = protocol === PROTOCOL.udp && view.getUint16(6) === 0
  const wrong = !unsummed && checksum(payload, pseudo) !== 0 ? ' wrong checksum' : ''
  const from = endpointText(source, view.getUint16(0))
  return `${from} > ${endpointText(destination, view.getUint16(2))} ttl ${ttl}${wrong}`
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
  const isIpv4 = ipFamily(source.address) === 4
  const ethernet = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...(isIpv4 ? [0x08, 0x00] : [0x86, 0xdd]))
  const packet = isIpv4
    ? encodeIpv4(ipv4Header(source.address, destination.address, protocol), transport)
    : encodeIpv6({ ...ipv6Header(source.address, destination.address, protocol), extensions }, transport)
  return concat(ethernet, packet)
}
