/**
 * What an ICMP error quotes: the beginning of the packet that it is about, whose addresses and ports say to which
 * connection that belonged. Of an IPv6 packet with extension headers they are not looked for.
 */
import type { Code } from '../../bpf/code.ts'
import type { Pointer, Value } from '../../bpf/value.ts'
import { type Address, addressDelta, readAddress, writeAddress } from './address.ts'
import {
  ICMP,
  ICMP_BYTES,
  ICMP_TYPE,
  ICMPV6_INFORMATIONAL,
  IPV4,
  IPV4_BYTES,
  IPV6,
  IPV6_BYTES,
  PORTS,
  RAW_OFFSET_MASK,
} from './headers.ts'
import { type Packet, TRANSPORT_MASK_IPV6 } from './parse.ts'
import { adjusted, delta } from './rewrite.ts'

/** An error message, taken apart. */
export interface Quotation {
  readonly icmp: Pointer
  /** The quoted IP header, and where it begins in the frame. */
  readonly ip: Pointer
  readonly at: Value
  readonly protocol: Value
  readonly source: Address
  readonly destination: Address
  /** Eight bytes of what it carried, and where they begin. */
  readonly transport: Pointer
  readonly transportAt: Value
  readonly ports: Value
}

/** Leaves by `pass` what is no error, or quotes too little. */
export function parseQuotation(code: Code, packet: Packet, pass: () => void): Quotation {
  return packet.family === 4 ? quotedIpv4(code, packet, pass) : quotedIpv6(code, packet, pass)
}

function quotedIpv4(code: Code, packet: Packet, pass: () => void): Quotation {
  const at = packet.transportAt.and(0x7f)
  const start = packet.data.add(at)
  code.guard(start.add(ICMP_BYTES + IPV4_BYTES).le(packet.end), pass)
  const icmp = code.pointer(start, ICMP_BYTES + IPV4_BYTES, true)
  const type = icmp.get(ICMP.type)
  const known = Object.values(ICMP_TYPE).map(number => type.eq(number))
  code.guard(
    known.reduce((any, one) => any.or(one)),
    pass,
  )
  const ip = icmp.at(ICMP_BYTES)
  const first = ip.get(IPV4.versionAndLength)
  const length = first.and(0xf).shl(2)
  code.guard(first.shr(4).eq(4).and(length.ge(IPV4_BYTES)), pass)
  code.guard(ip.get(IPV4.fragment).has(RAW_OFFSET_MASK).not(), pass)
  const transportAt = at.add(ICMP_BYTES).add(length).and(0xff)
  const behind = packet.data.add(transportAt)
  code.guard(behind.add(8).le(packet.end), pass)
  const transport = code.pointer(behind, 8, true)
  return {
    icmp,
    ip,
    at: at.add(ICMP_BYTES),
    protocol: ip.get(IPV4.protocol),
    source: readAddress(ip, IPV4.source, 4),
    destination: readAddress(ip, IPV4.destination, 4),
    transport,
    transportAt,
    ports: transport.get(PORTS.both),
  }
}

/** Its addresses are read wherever they are asked for, as those of the packet. */
function quotedIpv6(code: Code, packet: Packet, pass: () => void): Quotation {
  const at = packet.transportAt.and(TRANSPORT_MASK_IPV6)
  const start = packet.data.add(at)
  const bytes = ICMP_BYTES + IPV6_BYTES + 8
  code.guard(start.add(bytes).le(packet.end), pass)
  const icmp = code.pointer(start, bytes, true)
  code.guard(icmp.get(ICMP.type).lt(ICMPV6_INFORMATIONAL), pass)
  const ip = icmp.at(ICMP_BYTES)
  code.guard(ip.get([0, 'u8']).shr(4).eq(6), pass)
  const transport = ip.at(IPV6_BYTES)
  return {
    icmp,
    ip,
    at: at.add(ICMP_BYTES),
    protocol: ip.get(IPV6.nextHeader),
    get source() {
      return readAddress(ip, IPV6.source, 6)
    },
    get destination() {
      return readAddress(ip, IPV6.destination, 6)
    },
    transport,
    transportAt: at.add(ICMP_BYTES + IPV6_BYTES),
    ports: transport.get(PORTS.both),
  }
}

/**
 * Writes another address and port into the quotation, before the same address is written at the other end of the packet.
 * A transport checksum that is quoted stays as it was, as in ip_vs.
 *
 * The message's own checksum: a quoted header of IPv4 makes up for the address, so that only the port changes it. Of IPv6
 * both addresses count, that of the packet in the pseudo-header.
 */
export function requote(
  packet: Packet,
  quotation: Quotation,
  end: 'source' | 'destination',
  address: Address,
  port: Value,
): void {
  const { icmp, ip, transport } = quotation
  const portChange = delta(transport.get(PORTS[end]), port)
  const change = addressDelta(quotation[end], address)
  if (packet.family === 4) {
    ip.set(IPV4.checksum, adjusted(ip.get(IPV4.checksum), change))
    icmp.set(ICMP.checksum, adjusted(icmp.get(ICMP.checksum), portChange))
  } else {
    const outer = addressDelta(packet[end === 'source' ? 'destination' : 'source'], address)
    icmp.set(ICMP.checksum, adjusted(icmp.get(ICMP.checksum), portChange.add(change).add(outer)))
  }
  writeAddress(ip, (packet.family === 4 ? IPV4 : IPV6)[end], address)
  transport.set(PORTS[end], port)
}
