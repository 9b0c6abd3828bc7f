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
import type { Condition, Pointer, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { CONNECTION, CONNECTION_FLAG, COUNTER, DESTINATION, type TableFacts } from '../layout.ts'
import { scheduleCallbacks } from '../schedulers/schedule.ts'
import type { ForwardingMethod, Shape } from '../shape.ts'
import { readAddress } from './address.ts'
import { beginConnection } from './begin.ts'
import { connectionKey, findConnection } from './connection.ts'
import { findInIndexCode } from './find-service.ts'
import { followConnection } from './follow.ts'
import { CONTEXT_BYTES, type Hook, PACKET_OTHERHOST } from './hook.ts'
import { type Refuse, withErrors } from './icmp-error.ts'
import { carriesIpv6, isFragment, type Packet, parsePacket } from './parse.ts'
import { admitLength, tunnelOverhead } from './path-mtu.ts'
import { followReply } from './reply.ts'
import { decreaseTtl, translate } from './rewrite.ts'
import { guardTtl, sendToServer } from './send.ts'
import type { Looping } from './sweep.ts'
import { Tables } from './tables.ts'
import { encapsulate } from './tunnel.ts'

/** The program for a table of this shape, at this hook. */
export function director(hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): ProgramSource {
  return {
    name: 'sluice_director',
    type: hook.type,
    main: code => writeDirector(code, hook, facts, shape, looping),
    callbacks: scheduleCallbacks(facts, shape),
  }
}

/** Each family that services have gets code of its own: nothing that differs is asked twice. */
function writeDirector(code: Code, hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): void {
  const pass = () => code.exit(hook.pass)
  const serve = (family: IpFamily) => serveFamily(code, hook, facts, shape, looping, family)
  if (hook.packetType !== undefined) {
    code.comment('ours is what was sent to this host: ip_vs never sees the rest, ip_rcv drops it')
    const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
    code.guard(fields.get(hook.packetType).ne(PACKET_OTHERHOST), pass)
  }
  const [first, second] = shape.families
  if (first === undefined) pass()
  else if (second === undefined) serve(first)
  else
    code.when(
      carriesIpv6(code, hook, pass),
      () => serve(6),
      () => serve(4),
    )
}

function serveFamily(
  code: Code,
  hook: Hook,
  facts: TableFacts,
  shape: Shape,
  looping: Looping,
  family: IpFamily,
): void {
  const tables = new Tables(code, facts, family)
  const pass = () => code.exit(hook.pass)
  const packet = parsePacket(code, hook, shape, family, pass)

  withErrors(code, tables, hook, packet, refuse => direct(code, tables, hook, shape, looping, packet, refuse))
}

/** Every path ends in a verdict or a refusal. */
function direct(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  looping: Looping,
  packet: Packet,
  refuse: Refuse,
): void {
  const pass = () => code.exit(hook.pass)
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
  const key = connectionKey(tables, packet.source, packet.destination, packet.ports, packet.protocol, 'connection')
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
    beginConnection(code, tables, hook, shape, looping, packet, now, key, service, slot, destination, refuse)
  })

  code.comment('counts')
  const counter = tables.counter(destination)
  counter.set(COUNTER.inPackets, counter.get(COUNTER.inPackets).add(1))
  counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(packet.ipBytes))
  guardTtl(code, packet, () => refuse('expired'))
  forward(code, tables, hook, shape, packet, slot, destination, now, refuse)
}

/** By the connection's method, which it keeps whatever its server is edited to; only what the table uses is in the program. */
function forward(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  slot: Value,
  destination: Value,
  now: Value,
  refuse: Refuse,
): void {
  const methods = {
    masquerade: () => masquerade(code, tables, hook, shape, packet, slot, destination, now, refuse),
    tunnel: () => tunnel(code, tables, hook, shape, packet, destination, now, refuse),
    route: () => route(code, tables, hook, packet, destination, now, refuse),
  }
  const choose = ([method, ...others]: typeof shape.methods): void => {
    if (method === undefined) return
    if (others.length === 0) methods[method]()
    else code.when(isForwardedBy(tables.connection(slot), method), methods[method], () => choose(others))
  }
  // Direct routing is what has no flag of its own: it comes last.
  choose((['masquerade', 'tunnel', 'route'] as const).filter(method => shape.methods.includes(method)))
  if (shape.methods.length === 0) code.exit(hook.pass)
}

function isForwardedBy(entry: Pointer, method: ForwardingMethod): Condition {
  const flags = entry.get(CONNECTION.flags)
  if (method === 'route') return flags.has(CONNECTION_FLAG.translated | CONNECTION_FLAG.tunnelled).not()
  return flags.has(CONNECTION_FLAG[method === 'masquerade' ? 'translated' : 'tunnelled'])
}

/** Direct routing (ipvsadm -g): the packet goes to the server as it is, but for its TTL and its MAC addresses. */
function route(
  code: Code,
  tables: Tables,
  hook: Hook,
  packet: Packet,
  destination: Value,
  now: Value,
  refuse: Refuse,
): void {
  code.comment('direct routing')
  sendToServer(code, tables, hook, packet, destination, packet.family, now, {
    admit: mtu => admitLength(code, hook, packet, mtu, 0, tooBig(packet, refuse)),
    write: () => {
      decreaseTtl(packet)
      return { start: packet.start, finish: () => {} }
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
  refuse: Refuse,
): void {
  code.comment('network address translation')
  const address = readAddress(tables.destination(destination), DESTINATION.address, packet.family)
  const port = tables.connection(slot).get(CONNECTION.serverPort)
  const truncated = () => {
    tables.count('truncated')
    code.exit(hook.drop)
  }
  sendToServer(code, tables, hook, packet, destination, packet.family, now, {
    admit: mtu => admitLength(code, hook, packet, mtu, 0, tooBig(packet, refuse)),
    write: () => translate(code, hook, shape, packet, { end: 'destination', address, port }, truncated),
  })
}

/** Through a tunnel (-i): the packet travels inside another. */
function tunnel(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  destination: Value,
  now: Value,
  refuse: Refuse,
): void {
  code.comment('through a tunnel')
  const server = tables.destination(destination)
  const refused = () => {
    tables.count('truncated')
    code.exit(hook.drop)
  }
  const send = (family: IpFamily) =>
    sendToServer(code, tables, hook, packet, destination, family, now, {
      admit: mtu => {
        const overhead = tunnelOverhead(code, shape, server, family)
        admitLength(code, hook, packet, mtu, overhead, tooBig(packet, refuse))
      },
      write: () => ({ start: encapsulate(code, hook, shape, packet, server, family, refused), finish: () => {} }),
    })
  const [first, second] = shape.tunnelFamilies
  if (first === undefined) throw new RangeError('a shape with tunnels says where to')
  if (second === undefined) send(first)
  else
    code.when(
      server.get(DESTINATION.family).eq(6),
      () => send(6),
      () => send(4),
    )
}

/** What is quoted of a packet that is too long has one hop less, as in ip_vs. */
function tooBig(packet: Packet, refuse: Refuse): (mtu: Value) => void {
  return mtu => {
    decreaseTtl(packet)
    refuse('tooBig', mtu)
  }
}
