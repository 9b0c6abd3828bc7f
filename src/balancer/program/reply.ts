/**
 * What a real server answers through the director, where addresses are translated (ip_vs_out, handle_response): the
 * source becomes the virtual address again, and the packet is routed anew, as from the director itself. It cannot go on
 * up the stack: a packet that comes in from one of the machine's own addresses is refused there.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import { CONNECTION, COUNTER } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { awaitsReplies, connectionKey, findConnection, isClientOf, virtualOf } from './connection.ts'
import { findInIndexCode } from './find-service.ts'
import { advance, isOver } from './follow.ts'
import { rememberFragment } from './fragment.ts'
import type { Hook } from './hook.ts'
import { leaveOddPackets } from './leave-to-tc.ts'
import { isFragment, type Packet } from './parse.ts'
import { admitLength } from './path-mtu.ts'
import { translate } from './rewrite.ts'
import { findWay, guardTtl, sendAlong } from './send.ts'
import type { Looping } from './sweep.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'

/** Ends with a verdict if the packet is a reply of a translated connection; comes back if not. */
export function followReply(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  looping: Looping,
  packet: Packet,
): void {
  const pass = () => code.exit(hook.pass)
  code.section(other => {
    const servers = code.variable(0, 32)
    code.section(known => {
      findInIndexCode(code, tables, 'server', packet.source, packet.ports.and(0xffff), packet.protocol, servers, known)
      if (shape.anyPort || shape.marks)
        findInIndexCode(code, tables, 'server', packet.source, code.constant(0), packet.protocol, servers, known)
      other()
    })
    leaveOddPackets(code, hook, packet)
    // Seen from the client: its port first, then the server's.
    const ports = packet.ports.shr(16).or(packet.ports.and(0xffff).shl(16))
    const key = connectionKey(tables, packet.destination, packet.source, ports, packet.protocol, 'reply')
    const place = code.variable(0, 32)
    code.section(matched => {
      findConnection(code, tables, key, place, matched)
      tell(code, 'no-reply')
      other()
    })
    const slot = tables.connection(place).get(CONNECTION.destination)
    const entry = tables.connection(slot)
    const now = code.call(HELPER.jiffies).low32()
    // The connection may have ended a moment ago, and its place be another's.
    const same = awaitsReplies(entry, shape)
      .and(isClientOf(tables, entry, packet.destination))
      .and(entry.get(CONNECTION.clientPort).eq(packet.ports.shr(16)))
    code.guard(same.and(isOver(entry, now).not()), other)
    tell(code, 'reply', () => ({ slot }))
    const destination = entry.get(CONNECTION.destination)
    // The stack tells the server, from an address of its own.
    guardTtl(code, packet, pass)
    const way = findWay(code, tables, hook, packet, packet.destination)
    advance({ code, tables, shape, packet, now }, slot, tables.destination(destination), 'out')
    const counter = tables.counter(destination)
    counter.set(COUNTER.outPackets, counter.get(COUNTER.outPackets).add(1))
    counter.set(COUNTER.outBytes, counter.get(COUNTER.outBytes).add(packet.ipBytes))
    code.rarely(isFragment(packet), () => rememberFragment(code, tables, packet, slot, 'out'))
    const address = virtualOf(tables, entry)
    const port = entry.get(CONNECTION.virtualPort)
    sendAlong(code, hook, packet, way, {
      admit: mtu => admitLength(code, hook, packet, mtu, 0, pass),
      write: () => translate({ code, tables, hook, shape, packet, looping }, { end: 'source', address, port }, pass),
    })
  })
}
