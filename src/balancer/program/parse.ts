/**
 * From a frame to what the rest of the program asks of it: addresses, ports, TCP's flags, and where they lie.
 * IPv6 is looked for behind at most six extension headers, within the first 512 bytes.
 */
import type { Code } from '../../bpf/code.ts'
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { SCTP_CHUNK, SCTP_EVENT, type SctpEvent } from '../sctp-state.ts'
import type { Shape } from '../shape.ts'
import { type Address, readAddress } from './address.ts'
import {
  CHUNK,
  CHUNK_BYTES,
  ETHERNET,
  ETHERNET_BYTES,
  EXTENSION,
  IPV4,
  IPV4_BYTES,
  IPV4_PLAIN,
  IPV6,
  IPV6_BYTES,
  PORTS,
  PROTOCOL,
  RAW_ETHERTYPE,
  RAW_FRAGMENT_MASK,
  RAW_OFFSET_MASK,
  SCTP_BYTES,
  TCP_FLAGS,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'
import { perProtocol } from './per-protocol.ts'

export interface Packet {
  readonly family: IpFamily
  readonly context: Value
  readonly data: Value
  readonly end: Value
  /** The Ethernet and IP headers, without options, and eight bytes more. */
  readonly start: Pointer
  readonly ip: Pointer
  /** Length from the IP header on; of all the segments it stands for. */
  readonly ipBytes: Value
  /** Addresses raw. */
  readonly source: Address
  readonly destination: Address
  /** Both ports raw, the source's in the low half. */
  readonly ports: Value
  readonly protocol: Value
  /** TCP's flags, or what SCTP's first chunk is (SCTP_EVENT); 0 for UDP. */
  readonly flags: Value
  /** Where the transport header begins, from the start of the frame. */
  readonly transportAt: Value
  /** IPv6 only: not zero for a piece of a packet; and the number that all its pieces have, raw. */
  readonly piece?: Value
  readonly identification?: Value
}

/**
 * Reads the headers. What is none of the shape's protocols ends the program by `pass`; what has no ports of its own, by
 * `aside`: later fragments, which may be short, and ICMP.
 */
export function parsePacket(
  code: Code,
  hook: Hook,
  shape: Shape,
  family: IpFamily,
  pass: () => void,
  aside: () => void,
): Packet {
  return family === 4 ? parseIpv4(code, hook, shape, pass, aside) : parseIpv6(code, hook, shape, pass, aside)
}

/** True for a frame with IPv6 in it; comes back with that only if there is a whole header. */
export function carriesIpv6(code: Code, hook: Hook, pass: () => void): Condition {
  const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
  const data = fields.get(hook.data)
  code.guard(data.add(ETHERNET_BYTES).le(fields.get(hook.dataEnd)), pass)
  return code.pointer(data, ETHERNET_BYTES, true).get(ETHERNET.type).eq(RAW_ETHERTYPE.ipv6)
}

function parseIpv4(code: Code, hook: Hook, shape: Shape, pass: () => void, aside: () => void): Packet {
  const context = code.parameter(0)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  const end = fields.get(hook.dataEnd)
  code.comment('Ethernet and an IPv4 header with ports behind it')
  code.guard(data.add(ETHERNET_BYTES + IPV4_BYTES + 8).le(end), aside)
  const start = code.pointer(data, ETHERNET_BYTES + IPV4_BYTES + 8, true)
  code.guard(start.get(ETHERNET.type).eq(RAW_ETHERTYPE.ipv4), pass)
  const ip = start.at(ETHERNET_BYTES)
  const protocol = ip.get(IPV4.protocol)
  code.guard(isBalanced(protocol, shape), () => {
    code.when(protocol.eq(PROTOCOL.icmp), aside)
    pass()
  })
  code.rarely(ip.get(IPV4.fragment).has(RAW_OFFSET_MASK), aside)
  const ports = code.variable(ip.at(IPV4_BYTES).get(PORTS.both), 32)
  const flags = code.variable(0, 8)
  const transportAt = code.variable(ETHERNET_BYTES + IPV4_BYTES, 8)
  const parsed = { context, data, end, start, ip, protocol, ports, flags, transportAt }
  code.when(
    ip.get(IPV4.versionAndLength).eq(IPV4_PLAIN),
    () => readFlags(code, parsed, data, ETHERNET_BYTES + IPV4_BYTES, shape, pass),
    () => readBehindOptions(code, parsed, shape, pass),
  )
  return {
    ...parsed,
    family: 4,
    ipBytes: hook.ipBytes(code, fields, data),
    source: readAddress(ip, IPV4.source, 4),
    destination: readAddress(ip, IPV4.destination, 4),
  }
}

const PLAIN_IPV6_BYTES = ETHERNET_BYTES + IPV6_BYTES
/** Where a transport header may begin at the latest, as a mask. */
export const TRANSPORT_MASK_IPV6 = 0x1ff

function parseIpv6(code: Code, hook: Hook, shape: Shape, pass: () => void, aside: () => void): Packet {
  const opened = openIpv6(code, hook, PLAIN_IPV6_BYTES + 8, pass)
  const { data, end, ip, protocol, transportAt } = opened
  const ports = code.variable(0, 32)
  const flags = code.variable(0, 8)
  const parsed = { ...opened, ports, flags }
  code.when(
    isBalanced(protocol, shape),
    () => {
      ports.set(ip.at(IPV6_BYTES).get(PORTS.both))
      readFlags(code, parsed, data, PLAIN_IPV6_BYTES, shape, pass)
    },
    () => {
      passExtensions(code, opened, pass, {
        isLast: () => isBalanced(protocol, shape),
        before: () => code.when(protocol.eq(PROTOCOL.icmpv6), aside),
        later: aside,
      })
      const transport = data.add(transportAt.and(TRANSPORT_MASK_IPV6))
      code.guard(transport.add(4).le(end), pass)
      ports.set(code.pointer(transport, 4, true).get(PORTS.both))
      readFlags(code, parsed, transport, 0, shape, pass)
    },
  )
  return packetOfIpv6(code, hook, parsed)
}

/** A packet of IPv6 of which nothing is known but its IP header, until `passExtensions` knows more. */
export interface OpenedIpv6 {
  readonly context: Value
  readonly data: Value
  readonly end: Value
  readonly start: Pointer
  readonly ip: Pointer
  readonly protocol: Variable
  readonly transportAt: Variable
  readonly piece: Variable
  readonly identification: Variable
}

/** So many bytes from the start of the frame on can be looked at; `pass` ends the program if it is shorter. */
export function openIpv6(code: Code, hook: Hook, bytes: number, pass: () => void): OpenedIpv6 {
  const context = code.parameter(0)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  const end = fields.get(hook.dataEnd)
  code.comment('Ethernet and an IPv6 header')
  code.guard(data.add(bytes).le(end), pass)
  const start = code.pointer(data, bytes, true)
  code.guard(start.get(ETHERNET.type).eq(RAW_ETHERTYPE.ipv6), pass)
  const ip = start.at(ETHERNET_BYTES)
  return {
    context,
    data,
    end,
    start,
    ip,
    protocol: code.variable(ip.get(IPV6.nextHeader), 8),
    transportAt: code.variable(PLAIN_IPV6_BYTES, 16),
    piece: code.variable(0, 16),
    identification: code.variable(0, 32),
  }
}

/** Its addresses are read wherever they are asked for. */
export function packetOfIpv6(code: Code, hook: Hook, opened: OpenedIpv6 & Pick<Packet, 'ports' | 'flags'>): Packet {
  const { context, data, ip } = opened
  return {
    ...opened,
    family: 6,
    ipBytes: hook.ipBytes(code, code.pointer(context, CONTEXT_BYTES), data),
    get source() {
      return readAddress(ip, IPV6.source, 6)
    },
    get destination() {
      return readAddress(ip, IPV6.destination, 6)
    },
  }
}

const EXTENSIONS_MAX = 6
const EXTENSION_BITS = Object.values(EXTENSION).reduce((bits, protocol) => bits | (1n << BigInt(protocol)), 0n)
/** What a fragment header says of a whole packet: offset 0, nothing to follow. Raw; two bits are reserved. */
const RAW_PIECE_MASK_IPV6 = 0xf9ff
/** Its offset alone. */
const RAW_OFFSET_MASK_IPV6 = 0xf8ff

/** Where a walk over extension headers ends. */
export interface Goal {
  /** The header that `protocol` names now is the one that was looked for. */
  readonly isLast: () => Condition
  /** Is run before each header; may leave the program. */
  readonly before?: () => void
  /** What comes next is in the first piece only; ends the program, or leaves. */
  readonly later: (found: () => void) => void
}

/**
 * Walks on to the header that is looked for; `pass` ends the program where there is none.
 *
 * Every header is handled by the same instructions without a branch: the verifier follows each way through each round,
 * and what two ways leave alike it follows only once.
 */
export function passExtensions(
  code: Code,
  { data, end, protocol, transportAt, piece, identification }: OpenedIpv6,
  pass: () => void,
  goal: Goal,
): void {
  code.section(found => {
    code.repeat(EXTENSIONS_MAX + 1, () => {
      code.when(goal.isLast(), found)
      goal.before?.()
      const at = data.add(transportAt.and(TRANSPORT_MASK_IPV6))
      code.guard(at.add(8).le(end), pass)
      const header = code.pointer(at, 8, true)
      // All ones for a fragment header, else 0.
      const distance = protocol.xor(EXTENSION.fragment)
      const fragment = allOnesUnless(code, distance)
      code.guard(protocol.lt(64), pass)
      code.guard(code.constant(1).shl(protocol.and(63)).has(EXTENSION_BITS), pass)
      const field = header.get([2, 'u16']).and(fragment)
      const length = header.get([1, 'u8']).and(fragment.xor(-1)).shl(3).add(8)
      const next = transportAt.add(length)
      code.guard(next.le(TRANSPORT_MASK_IPV6), pass)
      transportAt.set(next.and(TRANSPORT_MASK_IPV6))
      protocol.set(header.get([0, 'u8']))
      piece.set(piece.or(field.and(RAW_PIECE_MASK_IPV6)).and(0xffff))
      identification.set(identification.or(header.get([4, 'u32']).and(fragment)).low32())
      code.when(field.has(RAW_OFFSET_MASK_IPV6), () => goal.later(found))
    })
    pass()
  })
}

/** True for a piece of a packet: its ports, if it has any, need not be all there is to know. */
export function isFragment(packet: Packet): Condition {
  return packet.piece === undefined ? packet.ip.get(IPV4.fragment).has(RAW_FRAGMENT_MASK) : packet.piece.ne(0)
}

/** The first bytes of the transport header, wherever it begins; `otherwise` ends the program if they are not there. */
export function transportHeader(code: Code, packet: Packet, bytes: number, otherwise: () => void): Pointer {
  const address = packet.data.add(packet.transportAt.and(packet.family === 4 ? 0x7f : TRANSPORT_MASK_IPV6))
  code.guard(address.add(bytes).le(packet.end), otherwise)
  return code.pointer(address, bytes, true)
}

interface Parsed {
  readonly data: Value
  readonly end: Value
  readonly ip: Pointer
  readonly protocol: Value
  readonly ports: Variable
  readonly flags: Variable
  readonly transportAt: Variable
}

function isBalanced(protocol: Value, shape: Shape): Condition {
  const [first, ...rest] = shape.protocols.map(name => protocol.eq(PROTOCOL[name]))
  if (first === undefined) return protocol.ne(protocol)
  return rest.reduce((any, one) => any.or(one), first)
}

function readFlags(
  code: Code,
  { end, protocol, flags }: Parsed,
  from: Value,
  offset: number,
  shape: Shape,
  pass: () => void,
): void {
  perProtocol(code, shape, protocol, {
    tcp: () => {
      code.guard(from.add(offset + TCP_FLAGS[0] + 1).le(end), pass)
      flags.set(
        code
          .pointer(from, offset + TCP_FLAGS[0] + 1, true)
          .at(offset)
          .get(TCP_FLAGS),
      )
    },
    udp: () => {},
    sctp: () => readChunk(code, from.add(offset + SCTP_BYTES), end, flags, pass),
  })
}

/** Four bits for each type of chunk; `data` is 0. */
const EVENTS = (Object.keys(SCTP_CHUNK) as Exclude<SctpEvent, 'data'>[]).reduce(
  (bits, event) => bits | (BigInt(SCTP_EVENT[event]) << BigInt(4 * SCTP_CHUNK[event])),
  0n,
)
/** How far behind the first chunk a second one is looked for. */
const CHUNK_MASK = 0x1ffc

/**
 * sctp_state_transition of ip_vs_proto_sctp.c: the first chunk decides, but for an ABORT behind what only carries a cookie.
 * A packet without any is not SCTP. Few branches, and no constants: the verifier follows each by itself to the end.
 */
function readChunk(code: Code, at: Value, end: Value, event: Variable, pass: () => void): void {
  code.guard(at.add(CHUNK_BYTES).le(end), pass)
  const chunk = code.pointer(at, CHUNK_BYTES, true)
  const type = chunk.get(CHUNK.type)
  const isKnown = allOnesUnless(code, type.shr(4))
  event.set(code.constant(EVENTS).shr(type.and(15).shl(2)).and(isKnown).and(15))
  code.rarely(type.eq(SCTP_CHUNK.cookieEcho).or(type.eq(SCTP_CHUNK.cookieAck)), () => {
    const next = at.add(chunk.get(CHUNK.length).add(3).and(CHUNK_MASK))
    code.when(next.add(CHUNK_BYTES).le(end), () => {
      const isAbort = allOnesUnless(code, code.pointer(next, CHUNK_BYTES, true).get(CHUNK.type).xor(SCTP_CHUNK.abort))
      event.set(event.and(isAbort.xor(-1)).or(isAbort.and(SCTP_EVENT.abort)).and(15))
    })
  })
}

/** All bits set for 0, none for what is not. */
function allOnesUnless(code: Code, value: Value): Value {
  return code.constant(0).sub(value).or(value).shr(63).sub(1)
}

/** The same behind an IP header with options, whose length is not known before. */
function readBehindOptions(code: Code, parsed: Parsed, shape: Shape, pass: () => void): void {
  const { data, end, ip, ports, transportAt } = parsed
  const first = ip.get(IPV4.versionAndLength)
  code.guard(first.shr(4).eq(4), pass)
  const headerBytes = first.and(0xf).shl(2)
  code.guard(headerBytes.ge(IPV4_BYTES), pass)
  const transport = data.add(headerBytes.and(0x3c))
  code.guard(transport.add(ETHERNET_BYTES + 4).le(end), pass)
  ports.set(
    code
      .pointer(transport, ETHERNET_BYTES + 4, true)
      .at(ETHERNET_BYTES)
      .get(PORTS.both),
  )
  transportAt.set(headerBytes.and(0x3c).add(ETHERNET_BYTES))
  readFlags(code, parsed, transport, ETHERNET_BYTES, shape, pass)
}
