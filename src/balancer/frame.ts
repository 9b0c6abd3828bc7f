/** Frames for tests of the data path: as a client would send them to a director, checksums right. */
import { type Ip, ipBytes } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { decodeIpv4, encodeIpv4Header, ipv4Header } from '../wire/ipv4.ts'
import { ETHERNET_BYTES, IPV4_BYTES, PROTOCOL, TCP_FLAG } from './program/headers.ts'

export interface Endpoint {
  readonly address: Ip
  readonly port: number
}

/** A TCP segment without options; flags by their names. */
export function tcpFrame(
  source: Endpoint,
  destination: Endpoint,
  flags: readonly (keyof typeof TCP_FLAG)[],
  payloadBytes = 0,
): Uint8Array {
  const segment = new Uint8Array(20 + payloadBytes)
  const view = new DataView(segment.buffer)
  view.setUint8(12, 0x50)
  view.setUint8(
    13,
    flags.reduce((bits, flag) => bits | TCP_FLAG[flag], 0),
  )
  view.setUint16(14, 0xffff)
  return frame(PROTOCOL.tcp, source, destination, segment, 16)
}

export function udpFrame(source: Endpoint, destination: Endpoint, payloadBytes = 4): Uint8Array {
  const datagram = new Uint8Array(8 + payloadBytes)
  new DataView(datagram.buffer).setUint16(4, datagram.length)
  return frame(PROTOCOL.udp, source, destination, datagram, 6)
}

/** What a frame carries, as text to compare: `10.0.0.1:5 > 10.0.0.2:80 syn`; says so if a checksum is wrong. */
export function frameText(frame: Uint8Array): string {
  const packet = decodeIpv4(packetOf(frame))
  if (!packet.ok) return packet.drop
  const { source, destination, protocol, payload, ttl } = packet.value
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const pseudo = pseudoHeaderSum(ipBytes(source), ipBytes(destination), protocol, payload.length)
  const unsummed = protocol === PROTOCOL.udp && view.getUint16(6) === 0
  const wrong = !unsummed && checksum(payload, pseudo) !== 0 ? ' wrong checksum' : ''
  return `${source}:${view.getUint16(0)} > ${destination}:${view.getUint16(2)} ttl ${ttl}${wrong}`
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
): Uint8Array {
  const view = new DataView(transport.buffer)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  const pseudo = pseudoHeaderSum(ipBytes(source.address), ipBytes(destination.address), protocol, transport.length)
  view.setUint16(checksumOffset, checksum(transport, pseudo))
  const bytes = new Uint8Array(ETHERNET_BYTES + IPV4_BYTES + transport.length)
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0])
  bytes.set(
    encodeIpv4Header(ipv4Header(source.address, destination.address, protocol), transport.length),
    ETHERNET_BYTES,
  )
  bytes.set(transport, ETHERNET_BYTES + IPV4_BYTES)
  return bytes
}
