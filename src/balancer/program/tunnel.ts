/**
 * Tunnelling (ipvsadm -i): the packet travels inside another one to the real server, which may be anywhere and answers
 * the client directly.
 *
 *   IPIP                    GRE                          GUE
 *  +----------------------+----------------------------+------------------------------------------+
 *  | IPv4, 20, protocol 4 | IPv4, 20, protocol 47      | IPv4, 20, protocol 17                    |
 *  |                      | flags, 2 | type 0x0800, 2  | UDP, 8: hash of the flow → tunnel's port |
 *  |                      | (checksum, 2 | 0, 2)       | 0 | protocol 4 | 0, 2                    |
 *  | the packet …         | the packet …               | the packet …                             |
 *
 * As ip_vs_tunnel_xmit: TOS and DF are the packet's (congestion experienced becomes merely capable), the TTL is what it
 * has left. A checksum over everything is made without looking at the payload: a segment whose own checksum is right,
 * or will be, adds up to the complement of its pseudo-header (the kernel calls it local checksum offload).
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value } from '../../bpf/value.ts'
import { DESTINATION, TUNNEL_FLAG, TUNNEL_TYPE } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { narrowWords } from './address.ts'
import { ETHERNET_BYTES, IPV4, IPV4_BYTES, IPV4_PLAIN, PROTOCOL } from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'
import type { Packet } from './parse.ts'
import { decreaseTtl } from './rewrite.ts'

/** skb_adjust_room: at the MAC header, and what is put there. */
const ROOM_MAC = 1
const ENCAP = { l3Ipv4: 2, l4Gre: 8, l4Udp: 16 } as const

const GRE_IPV4 = 0x0800
const GRE_CHECKSUM = 0x8000
/** The range in which a kernel picks ports by itself; the source port tells flows apart on the way. */
const PORT_MIN = 32768
const PORT_SPAN_BITS = 14

/** Bytes that a tunnel puts before the packet. */
export function overheadBytes(type: keyof typeof TUNNEL_TYPE, withChecksum: boolean): number {
  if (type === 'ipip') return IPV4_BYTES
  return type === 'gue' ? IPV4_BYTES + 8 + 4 : IPV4_BYTES + (withChecksum ? 8 : 4)
}

/**
 * Puts the packet into the tunnel of a destination; returns the new start of the frame. What cannot be made room for
 * ends by `refused`.
 */
export function encapsulate(
  code: Code,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  server: Pointer,
  refused: () => void,
): Pointer {
  const { ip } = packet
  decreaseTtl(packet)
  const tos = ip.get(IPV4.tos)
  // Congestion experienced (11) becomes capable (10): what happens in the tunnel is told by the tunnel.
  const outerTos = code.variable(tos, 8)
  code.when(tos.and(3).eq(3), () => outerTos.set(tos.and(0xfe)))
  const inner: Inner = {
    tos: outerTos,
    ttl: ip.get(IPV4.ttl),
    fragment: ip.get(IPV4.fragment).and(RAW_DONT_FRAGMENT),
    totalLength: ip.get(IPV4.totalLength),
    segments: hook.type === 'tc' ? code.pointer(packet.context, CONTEXT_BYTES).get(GSO_SIZE) : code.constant(0),
    sum: innerSum(packet),
    flow: [...narrowWords(packet.source), ...narrowWords(packet.destination)].reduce(
      (mix, word) => mix.xor(word),
      packet.ports,
    ),
  }
  const server4 = {
    address: server.get(DESTINATION.address),
    source: server.get(DESTINATION.tunnelSource),
    port: server.get(DESTINATION.tunnelPort),
    flags: server.get(DESTINATION.tunnelFlags),
  }
  const type = server.get(DESTINATION.tunnelType)
  const start = code.variable(0)
  const put = (tunnel: (typeof shape.tunnels)[number], withChecksum: boolean) => {
    start.set(wrap(code, hook, packet, inner, server4, tunnel, withChecksum, refused))
  }
  const write = (tunnel: (typeof shape.tunnels)[number]) => {
    if (tunnel === 'ipip') put(tunnel, false)
    else
      code.when(
        server4.flags.has(TUNNEL_FLAG.checksum),
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
/** `gso_size` of __sk_buff. */
const GSO_SIZE = [176, 'u32'] as const

interface Inner {
  readonly tos: Value
  readonly ttl: Value
  /** raw: DF or 0 */
  readonly fragment: Value
  readonly totalLength: Value
  /** Not zero if the packet stands for many. */
  readonly segments: Value
  /** What all of the packet adds up to, raw, unfolded. */
  readonly sum: Value
  readonly flow: Value
}

interface Outer {
  readonly address: Value
  readonly source: Value
  readonly port: Value
  readonly flags: Value
}

function wrap(
  code: Code,
  hook: Hook,
  packet: Packet,
  inner: Inner,
  outer: Outer,
  tunnel: keyof typeof TUNNEL_TYPE,
  withChecksum: boolean,
  refused: () => void,
): Value {
  const overhead = overheadBytes(tunnel, withChecksum)
  const transport = tunnel === 'gre' ? ENCAP.l4Gre : tunnel === 'gue' ? ENCAP.l4Udp : 0
  const made =
    hook.type === 'tc'
      ? code.call(HELPER.adjustRoom, packet.context, overhead, ROOM_MAC, ENCAP.l3Ipv4 | transport)
      : code.call(HELPER.adjustHead, packet.context, -overhead)
  code.guard(made.eq(0), refused)
  const fields = code.pointer(packet.context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  code.guard(data.add(ETHERNET_BYTES + overhead).le(fields.get(hook.dataEnd)), refused)
  const frame = code.pointer(data, ETHERNET_BYTES + overhead, true)
  if (hook.type === 'xdp') frame.set([12, 'u16'], 0x0008)
  writeOuter(
    code,
    frame.at(ETHERNET_BYTES),
    inner,
    outer,
    overhead,
    tunnel === 'ipip' ? PROTOCOL.ipip : tunnel === 'gre' ? PROTOCOL.gre : PROTOCOL.udp,
  )
  const header = ETHERNET_BYTES + IPV4_BYTES
  if (tunnel === 'gre') writeGre(code, frame.at(header), inner, withChecksum)
  if (tunnel === 'gue') writeGue(code, frame.at(header), inner, outer, withChecksum)
  return data
}

function writeOuter(
  code: Code,
  ip: Pointer,
  inner: Inner,
  { address, source }: Outer,
  overhead: number,
  protocol: number,
): void {
  const length = inner.totalLength.add(overhead).and(0xffff)
  // A packet that must not be fragmented needs no number; others get one at random, as any number is as good.
  const id = code.variable(0, 16)
  code.when(inner.fragment.eq(0), () => id.set(code.call(HELPER.random).and(0xffff)))
  ip.set(IPV4.versionAndLength, IPV4_PLAIN)
  ip.set(IPV4.tos, inner.tos)
  ip.set(IPV4.totalLength, length)
  ip.set([4, 'u16'], id)
  ip.set(IPV4.fragment, inner.fragment)
  ip.set(IPV4.ttl, inner.ttl)
  ip.set(IPV4.protocol, protocol)
  ip.set(IPV4.source, source)
  ip.set(IPV4.destination, address)
  const words = [
    inner.tos.shl(8).or(IPV4_PLAIN),
    length.swap(16),
    id,
    inner.fragment,
    inner.ttl.or(protocol << 8),
    halves(source),
    halves(address),
  ]
  ip.set(IPV4.checksum, complement(words.reduce((sum, word) => sum.add(word))))
}

function writeGre(code: Code, gre: Pointer, inner: Inner, withChecksum: boolean): void {
  gre.set([0, 'be16'], withChecksum ? GRE_CHECKSUM : 0)
  gre.set([2, 'be16'], GRE_IPV4)
  if (!withChecksum) return
  gre.set([4, 'u32'], 0)
  const header = swapped(GRE_CHECKSUM) + swapped(GRE_IPV4)
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
  udp.set([8, 'u32'], PROTOCOL.ipip << 8)
  if (!withChecksum) return
  code.when(inner.segments.eq(0), () => {
    const raw = length.swap(16)
    const words = [
      port.swap(16),
      outer.port,
      raw,
      raw,
      code.constant(PROTOCOL.udp << 8),
      halves(outer.source),
      halves(outer.address),
      code.constant(PROTOCOL.ipip << 8),
    ]
    const sum = complement(words.reduce((total, word) => total.add(word), inner.sum))
    const written = code.variable(sum, 16)
    code.when(sum.eq(0), () => written.set(0xffff))
    udp.set([6, 'u16'], written)
  })
}

/** A right IP header adds up to nothing, its segment to the complement of the pseudo-header. */
function innerSum(packet: Packet): Value {
  const bytes = packet.ip.get(IPV4.totalLength).sub(packet.transportAt).add(ETHERNET_BYTES).and(0xffff).swap(16)
  const pseudo = halves(packet.source[0]!).add(halves(packet.destination[0]!)).add(packet.protocol.shl(8)).add(bytes)
  return fold(pseudo).xor(0xffff)
}

/** The two 16-bit words of a raw address, added. */
function halves(address: Value): Value {
  return address.and(0xffff).add(address.shr(16))
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
