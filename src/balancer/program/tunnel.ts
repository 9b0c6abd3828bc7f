/**
 * Tunnelling (ipvsadm -i): the packet travels inside another one to the real server, which may be anywhere and answers
 * the client directly.
 *
 *   IPIP                    GRE                          GUE
 *  +----------------------+----------------------------+------------------------------------------+
 *  | IP, protocol 4 or 41 | IP, protocol 47            | IP, protocol 17                          |
 *  |                      | flags, 2 | EtherType, 2    | UDP, 8: hash of the flow → tunnel's port |
 *  |                      | (checksum, 2 | 0, 2)       | 0 | protocol 4 or 41 | 0, 2              |
 *  | the packet …         | the packet …               | the packet …                             |
 *
 * Either may be IPv4 or IPv6, whatever the other is. As ip_vs_tunnel_xmit: TOS and DF are the packet's (congestion experienced becomes merely capable), the TTL is what it
 * has left; around IPv6 there is no DF. A checksum over everything is made without looking at the payload: a segment whose own checksum is right,
 * or will be, adds up to the complement of its pseudo-header (the kernel calls it local checksum offload).
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { DESTINATION, TUNNEL_FLAG, TUNNEL_TYPE } from '../layout.ts'
import type { Shape, TunnelType } from '../shape.ts'
import { type Address, narrowWords, readAddress, writeAddress } from './address.ts'
import {
  ETHERNET,
  ETHERNET_BYTES,
  IPV4,
  IPV4_BYTES,
  IPV4_PLAIN,
  IPV6,
  IPV6_BYTES,
  PROTOCOL,
  RAW_ETHERTYPE,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'
import { isFragment, type Packet, TRANSPORT_MASK_IPV6 } from './parse.ts'
import { decreaseTtl } from './rewrite.ts'
import type { Tables } from './tables.ts'

/** skb_adjust_room: at the MAC header, and what is put there. */
const ROOM_MAC = 1
const ENCAP = { l3: { 4: 2, 6: 4 }, l4: { ipip: 0, gre: 8, gue: 16 } } as const

const OUTER_PROTOCOL = { gre: PROTOCOL.gre, gue: PROTOCOL.udp } as const
/** What says that an IP packet is inside. */
const INNER_PROTOCOL = { 4: PROTOCOL.ipip, 6: PROTOCOL.ipv6 } as const
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const
const GRE_CHECKSUM = 0x8000
/** The range in which a kernel picks ports by itself; the source port tells flows apart on the way. */
const PORT_MIN = 32768
const PORT_SPAN_BITS = 14

/** Bytes that a tunnel to an address of that family puts before the packet. */
export function overheadBytes(type: TunnelType, withChecksum: boolean, family: IpFamily): number {
  const ip = family === 4 ? IPV4_BYTES : IPV6_BYTES
  if (type === 'ipip') return ip
  return type === 'gue' ? ip + 8 + 4 : ip + (withChecksum ? 8 : 4)
}

/**
 * Puts the packet into the tunnel of a destination, whose address is of the given family; returns the new start of the
 * frame. What cannot be made room for ends by `refused`.
 */
export function encapsulate(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  server: Pointer,
  family: IpFamily,
  refused: () => void,
): Pointer {
  decreaseTtl(packet)
  const inner = readInner(code, tables, hook, shape, packet)
  const outer = {
    family,
    address: readAddress(server, DESTINATION.address, family),
    source: readAddress(server, DESTINATION.tunnelSource, family),
    port: server.get(DESTINATION.tunnelPort),
    flags: server.get(DESTINATION.tunnelFlags),
  }
  // A piece of a packet, an ICMP message or one of SCTP does not add up to what a segment does: it goes without.
  const flagged = outer.flags.has(TUNNEL_FLAG.checksum)
  const message = PROTOCOL[packet.family === 4 ? 'icmp' : 'icmpv6']
  const balanced = flagged.and(isFragment(packet).or(packet.protocol.eq(message)).not())
  const summed = shape.protocols.includes('sctp') ? balanced.and(packet.protocol.ne(PROTOCOL.sctp)) : balanced
  const type = server.get(DESTINATION.tunnelType)
  const start = code.variable(0)
  const put = (tunnel: TunnelType, withChecksum: boolean) => {
    start.set(wrap(code, hook, packet, inner, outer, tunnel, withChecksum, refused))
  }
  const write = (tunnel: TunnelType) => {
    if (tunnel === 'ipip') put(tunnel, false)
    else
      code.when(
        summed,
        () => put(tunnel, true),
        () => put(tunnel, false),
      )
  }
  const [last, ...others] = [...shape.tunnels].reverse()
  if (last === undefined) throw new RangeError('a shape with tunnels says which')
  const choose = ([tunnel, ...rest]: typeof others): void => {
    if (tunnel === undefined) write(last)
    else
      code.when(
        type.eq(TUNNEL_TYPE[tunnel]),
        () => write(tunnel),
        () => choose(rest),
      )
  }
  choose(others)
  return code.pointer(start, ETHERNET_BYTES + IPV4_BYTES, true)
}

/** The don't-fragment bit of a raw fragment field. */
const RAW_DONT_FRAGMENT = 0x0040

interface Inner {
  readonly family: IpFamily
  readonly tos: Value
  readonly ttl: Value
  /** raw: DF or 0 */
  readonly fragment: Value
  readonly totalLength: Value
  /** Not zero if the packet stands for many. */
  readonly segments: Value
  /** What all of the packet adds up to, raw, unfolded; where no tunnel asks for a checksum it is not. */
  readonly sum: Value
  readonly flow: Value
}

/** What the outer headers are made of, while the packet still lies where it was. */
function readInner(code: Code, tables: Tables, hook: Hook, shape: Shape, packet: Packet): Inner {
  const { family, ip } = packet
  const tos = family === 4 ? ip.get(IPV4.tos) : ip.get(IPV6.first).shr(20).and(0xff)
  // Congestion experienced (11) becomes capable (10): what happens in the tunnel is told by the tunnel.
  const outerTos = code.variable(tos, 8)
  code.when(tos.and(3).eq(3), () => outerTos.set(tos.and(0xfe)))
  const words = [...narrowWords(packet.source), ...narrowWords(packet.destination), packet.ports]
  const summed = shape.tunnels.some(tunnel => tunnel !== 'ipip')
  return {
    family,
    tos: outerTos,
    ttl: ip.get(family === 4 ? IPV4.ttl : IPV6.hopLimit),
    fragment: family === 4 ? dontFragment(code, tables, packet) : code.constant(0),
    totalLength: family === 4 ? ip.get(IPV4.totalLength) : ip.get(IPV6.payloadLength).add(IPV6_BYTES),
    segments:
      hook.gsoSize === undefined ? code.constant(0) : code.pointer(packet.context, CONTEXT_BYTES).get(hook.gsoSize),
    sum: !summed ? code.constant(0) : family === 4 ? sumOfIpv4(packet) : sumOfIpv6(code, packet),
    flow: words.reduce((mix, word) => mix.xor(word)),
  }
}

/** The bit that the outer packet has: that of what is inside, or none without pmtu_disc. */
function dontFragment(code: Code, tables: Tables, { ip }: Packet): Value {
  const bit = code.variable(ip.get(IPV4.fragment).and(RAW_DONT_FRAGMENT), 16)
  code.rarely(tables.sysctl('pmtu_disc').eq(0), () => bit.set(0))
  return bit
}

interface Outer {
  readonly family: IpFamily
  readonly address: Address
  readonly source: Address
  readonly port: Value
  readonly flags: Value
}

function wrap(
  code: Code,
  hook: Hook,
  packet: Packet,
  inner: Inner,
  outer: Outer,
  tunnel: TunnelType,
  withChecksum: boolean,
  refused: () => void,
): Value {
  const { family } = outer
  const overhead = overheadBytes(tunnel, withChecksum, family)
  const made =
    hook.type === 'tc'
      ? code.call(HELPER.adjustRoom, packet.context, overhead, ROOM_MAC, ENCAP.l3[family] | ENCAP.l4[tunnel])
      : code.call(HELPER.adjustHead, packet.context, -overhead)
  code.guard(made.eq(0), refused)
  const fields = code.pointer(packet.context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  code.guard(data.add(ETHERNET_BYTES + overhead).le(fields.get(hook.dataEnd)), refused)
  const frame = code.pointer(data, ETHERNET_BYTES + overhead, true)
  if (hook.type === 'xdp' || family !== inner.family) frame.set(ETHERNET.type, RAW_ETHERTYPE[`ipv${family}`])
  const protocol = tunnel === 'ipip' ? INNER_PROTOCOL[inner.family] : OUTER_PROTOCOL[tunnel]
  const length = inner.totalLength.add(overhead).and(0xffff)
  if (family === 4) writeIpv4(code, frame.at(ETHERNET_BYTES), inner, outer, length, protocol)
  else writeIpv6(frame.at(ETHERNET_BYTES), inner, outer, length, protocol)
  const header = ETHERNET_BYTES + overheadBytes('ipip', false, family)
  if (tunnel === 'gre') writeGre(code, frame.at(header), inner, withChecksum)
  if (tunnel === 'gue') writeGue(code, frame.at(header), inner, outer, withChecksum)
  return data
}

function writeIpv4(code: Code, ip: Pointer, inner: Inner, outer: Outer, length: Value, protocol: number): void {
  // A packet that must not be fragmented needs no number; others get one at random, as any number is as good.
  const id = code.variable(0, 16)
  code.when(inner.fragment.eq(0), () => id.set(code.call(HELPER.random).and(0xffff)))
  ip.set(IPV4.versionAndLength, IPV4_PLAIN)
  ip.set(IPV4.tos, inner.tos)
  ip.set(IPV4.totalLength, length)
  ip.set(IPV4.identification, id)
  ip.set(IPV4.fragment, inner.fragment)
  ip.set(IPV4.ttl, inner.ttl)
  ip.set(IPV4.protocol, protocol)
  writeAddress(ip, IPV4.source, outer.source)
  writeAddress(ip, IPV4.destination, outer.address)
  const words = [
    inner.tos.shl(8).or(IPV4_PLAIN),
    length.swap(16),
    id,
    inner.fragment,
    inner.ttl.or(protocol << 8),
    addressSum(outer.source),
    addressSum(outer.address),
  ]
  ip.set(IPV4.checksum, complement(words.reduce((sum, word) => sum.add(word))))
}

/** Without a flow label, as ip_vs has it. */
function writeIpv6(ip: Pointer, inner: Inner, outer: Outer, length: Value, protocol: number): void {
  ip.set(IPV6.first, inner.tos.shl(20).or(0x6000_0000))
  ip.set(IPV6.payloadLength, length.sub(IPV6_BYTES).and(0xffff))
  ip.set(IPV6.nextHeader, protocol)
  ip.set(IPV6.hopLimit, inner.ttl)
  writeAddress(ip, IPV6.source, outer.source)
  writeAddress(ip, IPV6.destination, outer.address)
}

function writeGre(code: Code, gre: Pointer, inner: Inner, withChecksum: boolean): void {
  gre.set([0, 'be16'], withChecksum ? GRE_CHECKSUM : 0)
  gre.set([2, 'be16'], ETHERTYPE[inner.family])
  if (!withChecksum) return
  gre.set([4, 'u32'], 0)
  const header = swapped(GRE_CHECKSUM) + swapped(ETHERTYPE[inner.family])
  // Of a packet that stands for many, each segment would want its own: those go without, by a flag that says so.
  code.when(inner.segments.eq(0), () => gre.set([4, 'u16'], complement(inner.sum.add(header))))
}

function writeGue(code: Code, udp: Pointer, inner: Inner, outer: Outer, withChecksum: boolean): void {
  const hash = inner.flow.mul32(0x9e37_79b1).shr(32 - PORT_SPAN_BITS)
  const port = hash.add(PORT_MIN).and(0xffff)
  const length = inner.totalLength.add(8 + 4).and(0xffff)
  udp.set([0, 'be16'], port)
  udp.set([2, 'u16'], outer.port)
  udp.set([4, 'be16'], length)
  udp.set([6, 'u16'], 0)
  // Version 0, no options, what is inside by its protocol number.
  const header = INNER_PROTOCOL[inner.family] << 8
  udp.set([8, 'u32'], header)
  if (!withChecksum) return
  code.when(inner.segments.eq(0), () => {
    const raw = length.swap(16)
    const words = [
      port.swap(16),
      outer.port,
      raw,
      raw,
      code.constant(PROTOCOL.udp << 8),
      addressSum(outer.source),
      addressSum(outer.address),
      code.constant(header),
    ]
    const sum = complement(words.reduce((total, word) => total.add(word), inner.sum))
    const written = code.variable(sum, 16)
    code.when(sum.eq(0), () => written.set(0xffff))
    udp.set([6, 'u16'], written)
  })
}

/** A right IPv4 header adds up to nothing, its segment to the complement of the pseudo-header. */
function sumOfIpv4(packet: Packet): Value {
  const bytes = packet.ip.get(IPV4.totalLength).sub(packet.transportAt).add(ETHERNET_BYTES).and(0xffff).swap(16)
  const addresses = addressSum(packet.source).add(addressSum(packet.destination))
  const pseudo = addresses.add(packet.protocol.shl(8)).add(bytes)
  return fold(pseudo).xor(0xffff)
}

/** An IPv6 header has no checksum; its addresses add up to nothing with those of the pseudo-header. */
function sumOfIpv6(code: Code, packet: Packet): Value {
  const { ip, transportAt, protocol } = packet
  const plain = ETHERNET_BYTES + IPV6_BYTES
  const bytes = ip.get(IPV6.payloadLength).sub(transportAt).add(plain).and(0xffff).swap(16)
  const pseudo = fold(protocol.shl(8).add(bytes)).xor(0xffff)
  const header = [ip.get([4, 'u16']), ip.get([6, 'u16']), pseudo]
  const sum = code.variable(header.reduce((total, word) => total.add(word), halves(ip.get([0, 'u32']))))
  code.rarely(transportAt.ne(plain), () => {
    code.repeat((TRANSPORT_MASK_IPV6 + 1 - plain) >> 3, (round, leave) => {
      const offset = round.shl(3).add(plain)
      code.when(offset.ge(transportAt), leave)
      const at = packet.data.add(offset.and(TRANSPORT_MASK_IPV6))
      code.guard(at.add(8).le(packet.end), leave)
      const words = code.pointer(at, 8, true)
      sum.set(sum.add(halves(words.get([0, 'u32']))).add(halves(words.get([4, 'u32']))))
    })
  })
  return sum
}

function addressSum(address: Address): Value {
  return narrowWords(address)
    .map(halves)
    .reduce((sum, word) => sum.add(word))
}

/** The two 16-bit words of a raw one, added. */
function halves(word: Value): Value {
  return word.and(0xffff).add(word.shr(16))
}

function fold(sum: Value): Value {
  const once = sum.and(0xffff).add(sum.shr(16))
  return once.and(0xffff).add(once.shr(16))
}

function complement(sum: Value): Value {
  return fold(sum).xor(0xffff).and(0xffff)
}

function swapped(word: number): Scalar & number {
  return ((word & 0xff) << 8) | (word >> 8)
}
