/**
 * The director's program: every packet that arrives meets it before the stack does.
 *
 *     parse ─▶ service? ─▶ connection? ─▶ state, counts ─▶ send
 *        no: pass   │ no          │ no               ▲
 *                   │             └▶ schedule, create┘
 *                   └▶ a real server's reply? ─▶ state, counts ─▶ send back
 *                                        no: pass
 *
 * What is not ours passes untouched, and is recognised after one look into the service index. What is ours follows
 * ip_vs (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook), step for step.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Value } from '../../bpf/value.ts'
import { CONNECTION, CONNECTION_FLAG, COUNTER, DESTINATION, type TableFacts } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { beginConnection } from './begin.ts'
import { connectionKey, findConnection } from './connection.ts'
import { findInIndexCode } from './find-service.ts'
import { followConnection } from './follow.ts'
import type { Hook } from './hook.ts'
import { isFragment, type Packet, parsePacket } from './parse.ts'
import { followReply } from './reply.ts'
import { decreaseTtl, translate } from './rewrite.ts'
import { guardTtl, sendToServer } from './send.ts'
import { Tables } from './tables.ts'

/** The program for a table of this shape, at this hook. */
export function director(hook: Hook, facts: TableFacts, shape: Shape): ProgramSource {
  return { name: 'sluice_director', type: hook.type, main: code => writeDirector(code, hook, facts, shape) }
}

function writeDirector(code: Code, hook: Hook, facts: TableFacts, shape: Shape): void {
  const tables = new Tables(code, facts)
  const pass = () => code.exit(hook.pass)
  const packet = parsePacket(code, hook, shape, pass)

  code.comment('the service')
  const service = code.variable(0, 32)
  code.section(found => {
    findInIndexCode(code, tables, 'service', packet.destination, packet.ports.shr(16), packet.protocol, service, found)
    if (shape.anyPort)
      findInIndexCode(code, tables, 'service', packet.destination, code.constant(0), packet.protocol, service, found)
    if (shape.methods.includes('masquerade')) followReply(code, tables, hook, shape, packet)
    pass()
  })
  code.rarely(isFragment(packet), () => {
    tables.count('fragment')
    pass()
  })

  const now = code.call(HELPER.jiffies).low32()
  const key = connectionKey(packet.source, packet.destination, packet.ports, packet.protocol, 'connection')
  const slot = code.variable(0, 32)
  const destination = code.variable(0, 32)
  code.section(known => {
    code.section(absent => {
      code.section(matched => {
        findConnection(code, tables, key, slot, matched)
        absent()
      })
      code.comment('a known connection')
      followConnection(code, tables, hook, shape, packet, now, key, slot, destination, absent)
      known()
    })
    code.comment('a new connection')
    beginConnection(code, tables, hook, shape, packet, now, key, service, slot, destination)
  })

  code.comment('counts')
  const counter = tables.counter(destination)
  counter.set(COUNTER.inPackets, counter.get(COUNTER.inPackets).add(1))
  counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(packet.ipBytes))
  guardTtl(code, tables, hook, packet)
  forward(code, tables, hook, shape, packet, slot, destination, now)
}

/** By the connection's method; only the methods that the table uses are in the program. */
function forward(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  slot: Value,
  destination: Value,
  now: Value,
): void {
  const methods = {
    masquerade: () => masquerade(code, tables, hook, shape, packet, slot, destination, now),
    route: () => route(code, tables, hook, packet, destination, now),
  }
  // A connection keeps the method it began with, whatever its server is edited to.
  const translated = () => tables.connection(slot).get(CONNECTION.flags).has(CONNECTION_FLAG.translated)
  if (!shape.methods.includes('masquerade')) methods.route()
  else if (!shape.methods.includes('route')) methods.masquerade()
  else code.when(translated(), methods.masquerade, methods.route)
}

/** Direct routing (ipvsadm -g): the packet goes to the server as it is, but for its TTL and its MAC addresses. */
function route(code: Code, tables: Tables, hook: Hook, packet: Packet, destination: Value, now: Value): void {
  code.comment('direct routing')
  sendToServer(code, tables, hook, packet, destination, now, {
    write: () => {
      decreaseTtl(packet.ip)
      return () => {}
    },
  })
}

/** Network address translation (-m): the packet is addressed to the server. */
function masquerade(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  slot: Value,
  destination: Value,
  now: Value,
): void {
  code.comment('network address translation')
  const address = tables.destination(destination).get(DESTINATION.address)
  const port = tables.connection(slot).get(CONNECTION.serverPort)
  const truncated = () => {
    tables.count('truncated')
    code.exit(hook.drop)
  }
  sendToServer(code, tables, hook, packet, destination, now, {
    write: () => translate(code, hook, shape, packet, { end: 'destination', address, port }, truncated),
  })
}
