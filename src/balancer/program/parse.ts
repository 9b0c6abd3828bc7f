/** From a frame to what the rest of the program asks of it: addresses, ports, TCP's flags, and where they lie. */
import type { Code } from '../../bpf/code.ts'
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import type { Shape } from '../shape.ts'
import {
  ETHERNET,
  ETHERNET_BYTES,
  IPV4,
  IPV4_BYTES,
  IPV4_PLAIN,
  PORTS,
  PROTOCOL,
  RAW_ETHERTYPE,
  RAW_FRAGMENT_MASK,
  TCP_FLAGS,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'

export interface Packet {
  readonly context: Value
  readonly data: Value
  readonly end: Value
  /** The Ethernet and IPv4 headers and eight bytes more. */
  readonly start: Pointer
  readonly ip: Pointer
  /** Length from the IP header on; of all the segments it stands for. */
  readonly ipBytes: Value
  /** Addresses raw. */
  readonly source: Value
  readonly destination: Value
  /** Both ports raw, the source's in the low half. */
  readonly ports: Value
  readonly protocol: Value
  /** TCP's flags; 0 for other protocols. */
  readonly flags: Value
  /** Where the transport header begins, from the start of the frame. */
  readonly transportAt: Value
}

/** Reads the headers; `pass` ends the program for what is none of the shape's protocols. */
export function parsePacket(code: Code, hook: Hook, shape: Shape, pass: () => void): Packet {
  const context = code.parameter(0)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  const end = fields.get(hook.dataEnd)
  code.comment('Ethernet and an IPv4 header with ports behind it')
  code.guard(data.add(ETHERNET_BYTES + IPV4_BYTES + 8).le(end), pass)
  const start = code.pointer(data, ETHERNET_BYTES + IPV4_BYTES + 8, true)
  code.guard(start.get(ETHERNET.type).eq(RAW_ETHERTYPE.ipv4), pass)
  const ip = start.at(ETHERNET_BYTES)
  const protocol = ip.get(IPV4.protocol)
  code.guard(isBalanced(protocol, shape), pass)
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
    ipBytes: hook.ipBytes(code, fields, data),
    source: ip.get(IPV4.source),
    destination: ip.get(IPV4.destination),
  }
}

/** True for a piece of a packet: its ports, if it has any, need not be all there is to know. */
export function isFragment(packet: Packet): Condition {
  return packet.ip.get(IPV4.fragment).has(RAW_FRAGMENT_MASK)
}

/** The first bytes of the transport header, wherever it begins; `otherwise` ends the program if they are not there. */
export function transportHeader(code: Code, packet: Packet, bytes: number, otherwise: () => void): Pointer {
  const address = packet.data.add(packet.transportAt.and(0x7f))
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
  if (!shape.protocols.includes('tcp')) return
  const read = () => {
    code.guard(from.add(offset + TCP_FLAGS[0] + 1).le(end), pass)
    flags.set(
      code
        .pointer(from, offset + TCP_FLAGS[0] + 1, true)
        .at(offset)
        .get(TCP_FLAGS),
    )
  }
  if (shape.protocols.length === 1) read()
  else code.when(protocol.eq(PROTOCOL.tcp), read)
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
