/**
 * Packets that have no ports of their own: ICMP errors, which quote the packet that they are about, and later fragments,
 * which follow the first. The director hands them on to this program, so that it is none the longer for them. What
 * belongs to no connection passes to the stack.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import type { Condition } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import type { TableFacts } from '../layout.ts'
import { EMPTY_SHAPE, type Shape } from '../shape.ts'
import { readAddress } from './address.ts'
import { followFragment } from './fragment.ts'
import {
  ETHERNET,
  ETHERNET_BYTES,
  IPV4,
  IPV4_BYTES,
  IPV6_BYTES,
  PROTOCOL,
  RAW_ETHERTYPE,
  RAW_OFFSET_MASK,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'
import { relayError } from './icmp-relay.ts'
import { furtherCallbacks } from './overflow.ts'
import { carriesIpv6, isFragment, openIpv6, type Packet, packetOfIpv6, passExtensions } from './parse.ts'
import type { Looping } from './sweep.ts'
import { Tables } from './tables.ts'

export function portless(hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): ProgramSource {
  return {
    name: 'sluice_portless',
    type: hook.type,
    main: code => writePortless(code, hook, facts, portlessShape(shape), looping),
    callbacks: furtherCallbacks(facts),
  }
}

/**
 * The part of a shape that this program depends on: how packets of known connections are sent. What begins connections
 * may change without it.
 */
export function portlessShape(shape: Shape): Shape {
  const { families, protocols, onePacket, methods, tunnels, tunnelFamilies, anyPort } = shape
  return { ...EMPTY_SHAPE, families, protocols, onePacket, methods, tunnels, tunnelFamilies, anyPort }
}

function writePortless(code: Code, hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): void {
  const pass = () => code.exit(hook.pass)
  const [first, second] = shape.families
  if (first === undefined) pass()
  else if (second === undefined) serve(code, hook, facts, shape, looping, first)
  else
    code.when(
      carriesIpv6(code, hook, pass),
      () => serve(code, hook, facts, shape, looping, 6),
      () => serve(code, hook, facts, shape, looping, 4),
    )
}

/** Every path ends in a verdict. */
function serve(code: Code, hook: Hook, facts: TableFacts, shape: Shape, looping: Looping, family: IpFamily): void {
  const pass = () => code.exit(hook.pass)
  const tables = new Tables(code, facts, family, looping)
  const { packet, isLater } = family === 4 ? parseIpv4Alone(code, hook, pass) : parseIpv6Alone(code, hook, pass)
  code.when(isLater, () => followFragment(code, tables, hook, shape, packet))
  const message = packet.protocol.eq(PROTOCOL[family === 4 ? 'icmp' : 'icmpv6'])
  code.guard(message.and(isFragment(packet).not()), pass)
  relayError(code, tables, hook, shape, packet)
}

interface Alone {
  /** Nothing is known of it but its IP header. */
  readonly packet: Packet
  /** A fragment that is not the first. */
  readonly isLater: Condition
}

/** As far as a later fragment's data, or an ICMP message. */
function parseIpv6Alone(code: Code, hook: Hook, pass: () => void): Alone {
  const opened = openIpv6(code, hook, ETHERNET_BYTES + IPV6_BYTES, pass)
  const later = code.variable(0, 8)
  passExtensions(code, opened, pass, {
    isLast: () => opened.protocol.eq(PROTOCOL.icmpv6),
    later: found => {
      later.set(1)
      found()
    },
  })
  const none = code.constant(0)
  return { packet: packetOfIpv6(code, hook, { ...opened, ports: none, flags: none }), isLater: later.ne(0) }
}

function parseIpv4Alone(code: Code, hook: Hook, pass: () => void): Alone {
  const context = code.parameter(0)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  const end = fields.get(hook.dataEnd)
  code.guard(data.add(ETHERNET_BYTES + IPV4_BYTES).le(end), pass)
  const start = code.pointer(data, ETHERNET_BYTES + IPV4_BYTES, true)
  code.guard(start.get(ETHERNET.type).eq(RAW_ETHERTYPE.ipv4), pass)
  const ip = start.at(ETHERNET_BYTES)
  const first = ip.get(IPV4.versionAndLength)
  const headerBytes = first.and(0xf).shl(2)
  code.guard(first.shr(4).eq(4).and(headerBytes.ge(IPV4_BYTES)), pass)
  const packet: Packet = {
    family: 4,
    context,
    data,
    end,
    start,
    ip,
    ipBytes: hook.ipBytes(code, fields, data),
    source: readAddress(ip, IPV4.source, 4),
    destination: readAddress(ip, IPV4.destination, 4),
    ports: code.constant(0),
    protocol: ip.get(IPV4.protocol),
    flags: code.constant(0),
    transportAt: headerBytes.add(ETHERNET_BYTES),
  }
  return { packet, isLater: ip.get(IPV4.fragment).has(RAW_OFFSET_MASK) }
}
