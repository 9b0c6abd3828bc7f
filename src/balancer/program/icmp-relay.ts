/**
 * ICMP errors that arrive (ip_vs_in_icmp, ip_vs_out_icmp): whose connection they are about, the quoted packet says.
 *
 *   from                       quotes                      goes to
 *   the client, or on its way  virtual address → client    the connection's server, however packets go there
 *   a translated server's side client → server             the client, from the virtual address
 *   the way through a tunnel   the tunnel's outer packet   the client, with what was in the tunnel quoted
 *
 * Where addresses are translated, those of the quotation are, too. Echo, and what is about no connection, is for the stack.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Value, Variable } from '../../bpf/value.ts'
import { CONNECTION, CONNECTION_FLAG, COUNTER, DESTINATION } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { readAddress } from './address.ts'
import { awaitsReplies, connectionKey, findConnection, isClientOf, virtualOf } from './connection.ts'
import { isOver } from './follow.ts'
import { forward } from './forward.ts'
import { readdress } from './fragment.ts'
import { ETHERNET_BYTES, ICMP, IPV4, IPV4_BYTES, IPV4_PLAIN, PORTS, PROTOCOL, RAW_DONT_FRAGMENT } from './headers.ts'
import type { Hook } from './hook.ts'
import { cutQuote, headerBytes, QUOTE_BYTES, ROOM_MAC, writeError } from './icmp-error.ts'
import type { Packet } from './parse.ts'
import { parseQuotation, type Quotation, requote } from './quotation.ts'
import { type Changed, guardTtl, sendToAddress } from './send.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'
import { wayOf } from './way.ts'

/** Every path ends in a verdict. */
export function relayError(code: Code, tables: Tables, hook: Hook, shape: Shape, packet: Packet): void {
  code.comment('an ICMP error')
  const pass = () => {
    tell(code, 'stray-message')
    code.exit(hook.pass)
  }
  const quotation = parseQuotation(code, packet, pass)
  const now = code.call(HELPER.jiffies).low32()
  const slot = code.variable(0, 32)
  relayToServer(code, tables, hook, shape, packet, quotation, now, slot)
  if (shape.methods.includes('masquerade')) relayToClient(code, tables, hook, shape, packet, quotation, now, slot)
  // ip_vs knows what a tunnel's outer packet is about only where that is IPv4.
  if (shape.methods.includes('tunnel') && packet.family === 4)
    relayFromTunnel(code, tables, hook, shape, packet, quotation, now, slot)
  pass()
}

/** About what the client was sent; comes back if it is about no connection. */
function relayToServer(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  quotation: Quotation,
  now: Value,
  slot: Variable,
): void {
  code.section(other => {
    const ports = swapPorts(quotation.ports)
    const { source, destination: client, protocol } = quotation
    findLive(code, tables, connectionKey(tables, client, source, ports, protocol, 'connection'), slot, now, other)
    tell(code, 'error-to-server', () => ({ slot }))
    const entry = tables.connection(slot)
    const destination = entry.get(CONNECTION.destination)
    const counter = tables.counter(destination)
    counter.set(COUNTER.inPackets, counter.get(COUNTER.inPackets).add(1))
    counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(packet.ipBytes))
    // No error is made about an error.
    const drop = (reason: 'ttl' | 'too-big') => {
      tables.count(reason)
      code.exit(hook.drop)
    }
    guardTtl(code, packet, () => drop('ttl'))
    const refuse = () => drop('too-big')
    forward({ code, tables, hook, shape, packet, now, refuse }, wayOf(tables, slot), destination, (address, port) => {
      requote(packet, quotation, 'source', address, port)
      return readdress(packet, 'destination', address)
    })
  })
}

/** About what a translated server was sent; comes back if it is about no connection. */
function relayToClient(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  quotation: Quotation,
  now: Value,
  slot: Variable,
): void {
  code.section(other => {
    const { source: client, destination: server, ports, protocol } = quotation
    const key = connectionKey(tables, client, server, ports, protocol, 'reply')
    const place = code.variable(0, 32)
    code.section(matched => {
      findConnection(code, tables, key, place, matched)
      other()
    })
    slot.set(tables.connection(place).get(CONNECTION.destination))
    const entry = tables.connection(slot)
    const same = awaitsReplies(entry, shape)
      .and(isClientOf(tables, entry, client))
      .and(entry.get(CONNECTION.clientPort).eq(ports.and(0xffff)))
    code.guard(same.and(isOver(entry, now).not()), other)
    tell(code, 'error-to-client', () => ({ slot }))
    guardTtl(code, packet, () => code.exit(hook.pass))
    const counter = tables.counter(entry.get(CONNECTION.destination))
    counter.set(COUNTER.outPackets, counter.get(COUNTER.outPackets).add(1))
    counter.set(COUNTER.outBytes, counter.get(COUNTER.outBytes).add(packet.ipBytes))
    const virtual = virtualOf(tables, entry)
    const port = entry.get(CONNECTION.virtualPort)
    sendToAddress(code, tables, hook, packet, client, {
      admit: () => {},
      write: () => {
        requote(packet, quotation, 'destination', virtual, port)
        return readdress(packet, 'source', virtual)
      },
    })
  })
}

/** About a tunnel's outer packet; comes back if that is none of ours. */
function relayFromTunnel(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  quotation: Quotation,
  now: Value,
  slot: Variable,
): void {
  // Headers are taken out and put in: at tc.
  if (hook.type === 'xdp') return
  code.section(other => {
    const innerAt = code.variable(0, 16)
    code.section(measured => {
      const { protocol, transport, transportAt } = quotation
      const put = (bytes: number) => {
        innerAt.set(transportAt.add(bytes).and(0xffff))
        measured()
      }
      if (shape.tunnels.includes('ipip')) code.when(protocol.eq(PROTOCOL.ipip), () => put(0))
      if (shape.tunnels.includes('gre'))
        code.when(protocol.eq(PROTOCOL.gre).and(transport.get([2, 'be16']).eq(GRE_IPV4)), () => {
          code.when(transport.get([0, 'be16']).eq(GRE_CHECKSUM), () => put(8))
          put(4)
        })
      // Of GUE, eight bytes are the UDP header; that IPv4 comes next, what is found there will show.
      if (shape.tunnels.includes('gue')) code.when(protocol.eq(PROTOCOL.udp), () => put(8 + 4))
      other()
    })
    const innerStart = packet.data.add(innerAt.and(0xff))
    code.guard(innerStart.add(IPV4_BYTES + 4).le(packet.end), other)
    const inner = code.pointer(innerStart, IPV4_BYTES + 4, true)
    code.guard(inner.get(IPV4.versionAndLength).eq(IPV4_PLAIN), other)
    const client = readAddress(inner, IPV4.source, 4)
    const virtual = readAddress(inner, IPV4.destination, 4)
    const ports = inner.at(IPV4_BYTES).get(PORTS.both)
    const key = connectionKey(tables, client, virtual, ports, inner.get(IPV4.protocol), 'connection')
    findLive(code, tables, key, slot, now, other)
    const entry = tables.connection(slot)
    const server = tables.destination(entry.get(CONNECTION.destination))
    const ours = entry
      .get(CONNECTION.flags)
      .has(CONNECTION_FLAG.tunnelled)
      .and(server.get(DESTINATION.address).eq(quotation.destination[0]!))
    code.guard(ours, other)
    tell(code, 'error-from-tunnel', () => ({ slot }))

    const message = code.variable(quotation.icmp.get(ICMP.typeAndCode), 32)
    code.when(message.eq(RAW_FRAGMENTATION_NEEDED), () => {
      code.guard(inner.get(IPV4.fragment).has(RAW_DONT_FRAGMENT), () => code.exit(hook.drop))
      // A router from before RFC 1191 does not say.
      const mtu = quotation.icmp.get(ICMP.mtu)
      const overhead = innerAt.sub(quotation.at).and(0xff)
      code.when(mtu.gt(overhead.add(MTU_MIN)), () =>
        message.set(mtu.sub(overhead).and(0xffff).shl(16).or(RAW_FRAGMENTATION_NEEDED)),
      )
    })
    const refused = () => code.exit(hook.drop)
    const tos = inner.get(IPV4.tos)
    const quotedBytes = packet.ipBytes.add(ETHERNET_BYTES).sub(innerAt)
    const excess = innerAt.and(0xff).sub(ETHERNET_BYTES + headerBytes(4))
    sendToAddress(code, tables, hook, packet, client, {
      admit: () => {},
      write: (): Changed => {
        const made = code.call(HELPER.adjustRoom, packet.context, code.constant(0).sub(excess), ROOM_MAC, 0)
        code.guard(made.eq(0), refused)
        const bytes = ETHERNET_BYTES + headerBytes(4) + QUOTE_BYTES[4]
        code.guard(code.call(HELPER.changeTail, packet.context, bytes, 0).eq(0), refused)
        const error = { family: 4, source: virtual, target: client, tos, message, quotedBytes } as const
        const start = writeError(code, hook, packet.context, error, refused)
        return { start, finish: () => cutQuote(code, packet.context, 4, quotedBytes) }
      },
    })
  })
}

const GRE_IPV4 = 0x0800
const GRE_CHECKSUM = 0x8000
/** Type 3, code 4, as they lie. */
const RAW_FRAGMENTATION_NEEDED = 0x0403
/** What every way takes (RFC 791). */
const MTU_MIN = 68

/** Puts the slot of a connection that is not over into `slot`, or leaves by `other`. */
function findLive(
  code: Code,
  tables: Tables,
  key: ReturnType<typeof connectionKey>,
  slot: Variable,
  now: Value,
  other: () => void,
): void {
  code.section(matched => {
    findConnection(code, tables, key, slot, matched)
    other()
  })
  code.guard(isOver(tables.connection(slot), now).not(), other)
}

function swapPorts(ports: Value): Value {
  return ports.shr(16).or(ports.and(0xffff).shl(16))
}
