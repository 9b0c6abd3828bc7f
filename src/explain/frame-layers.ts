/** A frame taken apart, layer by layer: the fields that a director may write. */
import { viewOf } from '../bytes/view.ts'
import { decodeEthernet, ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../wire/ethernet.ts'
import {
  decodeIpv4,
  IP_PROTOCOL_GRE,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_IPIP,
  IP_PROTOCOL_IPV6,
  IP_PROTOCOL_SCTP,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
} from '../wire/ipv4.ts'
import { decodeIpv6, IP_PROTOCOL_ICMPV6 } from '../wire/ipv6.ts'

export interface Layer {
  readonly name: string
  /** In the order of the header, by the name that people give it. */
  readonly fields: Readonly<Record<string, string>>
}

/** Ethernet first. UDP to `guePort` is a GUE tunnel. */
export function frameLayers(frame: Uint8Array, guePort?: number): readonly Layer[] {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok) return []
  const { source, destination, etherType, payload } = ethernet.value
  return [
    { name: 'Ethernet', fields: { 'target MAC': destination, 'source MAC': source } },
    ...(etherType === ETHERTYPE_IPV4 ? ipv4Layers(payload, guePort) : []),
    ...(etherType === ETHERTYPE_IPV6 ? ipv6Layers(payload, guePort) : []),
  ]
}

function ipv4Layers(bytes: Uint8Array, guePort: number | undefined): readonly Layer[] {
  const decoded = decodeIpv4(bytes)
  if (!decoded.ok) return [{ name: 'IPv4', fields: { damage: decoded.drop } }]
  const { source, destination, ttl, tos, dontFragment, fragmentOffset, protocol, payload } = decoded.value
  const fields = {
    source,
    destination,
    TTL: String(ttl),
    TOS: hex(tos, 2),
    DF: dontFragment ? 'set' : 'not set',
    checksum: hex(viewOf(bytes).getUint16(10), 4),
  }
  return [{ name: 'IPv4', fields }, ...(fragmentOffset > 0 ? [] : carriedLayers(protocol, payload, guePort))]
}

function ipv6Layers(bytes: Uint8Array, guePort: number | undefined): readonly Layer[] {
  const decoded = decodeIpv6(bytes)
  if (!decoded.ok) return [{ name: 'IPv6', fields: { damage: decoded.drop } }]
  const { source, destination, hopLimit, trafficClass, protocol, payload, fragment } = decoded.value
  const fields = { source, destination, 'hop limit': String(hopLimit), 'traffic class': hex(trafficClass, 2) }
  const isPiece = fragment !== undefined && fragment.offset > 0
  return [{ name: 'IPv6', fields }, ...(isPiece ? [] : carriedLayers(protocol, payload, guePort))]
}

function carriedLayers(protocol: number, bytes: Uint8Array, guePort: number | undefined): readonly Layer[] {
  if (bytes.length < 8) return []
  const view = viewOf(bytes)
  const ports = () => ({ 'source port': String(view.getUint16(0)), 'destination port': String(view.getUint16(2)) })
  switch (protocol) {
    case IP_PROTOCOL_TCP:
      return bytes.length < 18 ? [] : [{ name: 'TCP', fields: { ...ports(), checksum: hex(view.getUint16(16), 4) } }]
    case IP_PROTOCOL_UDP: {
      const udp = { name: 'UDP', fields: { ...ports(), checksum: hex(view.getUint16(6), 4) } }
      if (guePort === undefined || view.getUint16(2) !== guePort || bytes.length < 12) return [udp]
      return [{ ...udp, name: 'GUE' }, ...carriedLayers(view.getUint8(9), bytes.subarray(12), undefined)]
    }
    case IP_PROTOCOL_SCTP:
      return bytes.length < 12 ? [] : [{ name: 'SCTP', fields: { ...ports(), checksum: hex(view.getUint32(8), 8) } }]
    case IP_PROTOCOL_ICMP:
    case IP_PROTOCOL_ICMPV6:
      return icmpLayers(protocol, bytes)
    case IP_PROTOCOL_GRE: {
      const summed = (view.getUint16(0) & 0x8000) !== 0
      const fields = { checksum: summed ? hex(view.getUint16(4), 4) : 'none' }
      const inner = bytes.subarray(summed ? 8 : 4)
      return [
        { name: 'GRE', fields },
        ...(view.getUint16(2) === ETHERTYPE_IPV6 ? ipv6Layers(inner, undefined) : ipv4Layers(inner, undefined)),
      ]
    }
    case IP_PROTOCOL_IPIP:
      return ipv4Layers(bytes, undefined)
    case IP_PROTOCOL_IPV6:
      return ipv6Layers(bytes, undefined)
    default:
      return []
  }
}

/** An error quotes a packet, whose addresses and ports are translated, too. */
function icmpLayers(protocol: number, bytes: Uint8Array): readonly Layer[] {
  const view = viewOf(bytes)
  const type = view.getUint8(0)
  const isError = protocol === IP_PROTOCOL_ICMP ? [3, 4, 5, 11, 12].includes(type) : type < 128
  const quoted = isError ? (protocol === IP_PROTOCOL_ICMP ? ipv4Layers : ipv6Layers)(bytes.subarray(8), undefined) : []
  return [
    {
      name: protocol === IP_PROTOCOL_ICMP ? 'ICMP' : 'ICMPv6',
      fields: { type: String(type), code: String(view.getUint8(1)), checksum: hex(view.getUint16(2), 4) },
    },
    ...quoted.map(({ name, fields }) => ({ name: `quoted ${name}`, fields })),
  ]
}

/** Bytes from the IP header on. */
export function packetBytes(frame: Uint8Array): number {
  return frame.length - ETHERNET_HEADER_LENGTH
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
