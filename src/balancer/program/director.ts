/**
 * The director's program: every packet that arrives meets it before the stack does.
 *
 *     parse ─▶ service? ─▶ connection? ─▶ state, counts ─▶ send
 *        no: pass   no: pass     │ no                ▲
 *                                └▶ schedule, create ┘
 *
 * What is not ours passes untouched, and is recognised after one look into the service index. What is ours follows
 * ip_vs (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook), step for step.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value, Variable } from '../../bpf/value.ts'
import { indexSlotCode, serviceIndexKeyCode } from '../hash.ts'
import {
  CONNECTION,
  COUNTER,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  INDEX_PROBES,
  INDEX_SLOT,
  INDEX_SLOT_BYTES,
  indexSlots,
  SERVICE,
  SERVICE_FLAG,
  STATE,
  type TableFacts,
  TCP_EVENT,
  TIMEOUTS_OFFSET,
  TRANSITION_TABLE,
  TRANSITIONS_OFFSET,
} from '../layout.ts'
import type { Shape } from '../shape.ts'
import { nextTcpState } from '../tcp-state.ts'
import {
  burden,
  type ConnectionKey,
  connectionKey,
  createConnection,
  findConnection,
  isActive,
  removeConnection,
} from './connection.ts'
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
  TCP_FLAG,
  TCP_FLAGS,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook, PACKET_OTHERHOST } from './hook.ts'
import { schedule } from './schedule.ts'
import { sendRoute } from './send.ts'
import { Tables } from './tables.ts'

/** The program for a table of this shape, at this hook. */
export function director(hook: Hook, facts: TableFacts, shape: Shape): ProgramSource {
  return { name: 'sluice_director', type: hook.type, main: code => writeDirector(code, hook, facts, shape) }
}

interface Packet {
  readonly context: Value
  readonly start: Pointer
  readonly ipBytes: Value
  readonly now: Value
  readonly client: Value
  readonly virtual: Value
  /** Both ports raw, the client's in the low half. */
  readonly ports: Value
  readonly protocol: Value
  /** TCP's flags; 0 for UDP. */
  readonly flags: Value
}

function writeDirector(code: Code, hook: Hook, facts: TableFacts, shape: Shape): void {
  const tables = new Tables(code, facts)
  const pass = () => code.exit(hook.pass)
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
  const plain = ip.get(IPV4.versionAndLength).eq(IPV4_PLAIN)
  code.when(
    plain,
    () => readFlags(code, data, end, ETHERNET_BYTES + IPV4_BYTES, protocol, shape, flags, pass),
    () => readBehindOptions(code, data, end, ip, protocol, shape, ports, flags, pass),
  )

  code.comment('the service')
  const virtual = ip.get(IPV4.destination)
  const service = code.variable(0, 32)
  code.section(found => {
    findService(code, tables, virtual, ports.shr(16), protocol, service, found)
    if (shape.anyPort) findService(code, tables, virtual, code.constant(0), protocol, service, found)
    pass()
  })
  if (hook.packetType !== undefined) {
    code.comment('ours is what was sent to this host: ip_vs never sees the rest, ip_rcv drops it')
    code.guard(fields.get(hook.packetType).ne(PACKET_OTHERHOST), pass)
  }
  const fragment = ip.get([6, 'u16']).and(RAW_FRAGMENT_MASK)
  code.guard(fragment.eq(0), () => {
    tables.count('fragment')
    pass()
  })

  const now = code.call(HELPER.jiffies).low32()
  const packet: Packet = {
    context,
    start,
    ipBytes: hook.ipBytes(code, fields, data),
    now,
    client: ip.get(IPV4.source),
    virtual,
    ports,
    protocol,
    flags,
  }
  const key = connectionKey(packet.client, virtual, ports, protocol, 'connection')
  const slot = code.variable(0, 32)
  const destination = code.variable(0, 32)
  code.section(known => {
    code.section(absent => {
      code.section(matched => {
        findConnection(code, tables, key, slot, matched)
        absent()
      })
      code.comment('a known connection')
      followConnection(code, tables, hook, shape, packet, key, slot, destination, absent)
      known()
    })
    code.comment('a new connection')
    beginConnection(code, tables, hook, shape, packet, key, service, slot, destination)
  })

  code.comment('counts')
  const counter = tables.counter(destination)
  counter.set(COUNTER.inPackets, counter.get(COUNTER.inPackets).add(1))
  counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(packet.ipBytes))
  code.comment('direct routing')
  sendRoute(code, tables, hook, context, start, destination, now)
}

function isBalanced(protocol: Value, shape: Shape): ReturnType<Value['eq']> {
  const [first, ...rest] = shape.protocols.map(name => protocol.eq(PROTOCOL[name]))
  if (first === undefined) return protocol.ne(protocol)
  return rest.reduce((any, one) => any.or(one), first)
}

function readFlags(
  code: Code,
  data: Value,
  end: Value,
  offset: number,
  protocol: Value,
  shape: Shape,
  flags: Variable,
  pass: () => void,
): void {
  if (!shape.protocols.includes('tcp')) return
  const read = () => {
    code.guard(data.add(offset + TCP_FLAGS[0] + 1).le(end), pass)
    flags.set(
      code
        .pointer(data, offset + TCP_FLAGS[0] + 1, true)
        .at(offset)
        .get(TCP_FLAGS),
    )
  }
  if (shape.protocols.length === 1) read()
  else code.when(protocol.eq(PROTOCOL.tcp), read)
}

/** The same behind an IP header with options, whose length is not known before. */
function readBehindOptions(
  code: Code,
  data: Value,
  end: Value,
  ip: Pointer,
  protocol: Value,
  shape: Shape,
  ports: Variable,
  flags: Variable,
  pass: () => void,
): void {
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
  readFlags(code, transport, end, ETHERNET_BYTES, protocol, shape, flags, pass)
}

/** Puts the service's number into `service` and leaves by `found`; comes back if there is none. */
function findService(
  code: Code,
  tables: Tables,
  address: Value,
  port: Value,
  protocol: Scalar,
  service: Variable,
  found: () => void,
): void {
  const slots = indexSlots(tables.capacity)
  const key = serviceIndexKeyCode(address, port, protocol)
  const first = indexSlotCode(key, Math.log2(slots))
  const look = (place: Value, leave: () => void) => {
    const slot = code.region(tables.region('serviceIndex'), place.shl(Math.log2(INDEX_SLOT_BYTES)), INDEX_SLOT_BYTES)
    const there = slot.get(INDEX_SLOT.key)
    code.when(there.eq(key), () => {
      service.set(slot.get(INDEX_SLOT.service))
      found()
    })
    code.when(there.eq(0), leave)
  }
  code.section(absent => {
    look(first, absent)
    code.repeat(INDEX_PROBES - 1, (round, leave) =>
      look(
        first
          .add(round)
          .add(1)
          .and(slots - 1),
        leave,
      ),
    )
  })
}

/** What a packet does to the connection it belongs to; leaves by `absent` if that one is over. */
function followConnection(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  key: ConnectionKey,
  slot: Variable,
  destination: Variable,
  absent: () => void,
): void {
  const entry = tables.connection(slot)
  const stamp = entry.get(CONNECTION.stamp)
  const state = entry.get(CONNECTION.state)
  destination.set(entry.get(CONNECTION.destination))
  code.rarely(packet.now.sub32(stamp).ge(entry.get(CONNECTION.timeout)), () => {
    removeConnection(code, tables, slot, key.ports)
    absent()
  })
  const server = tables.destination(destination)
  if (shape.protocols.includes('tcp')) {
    const reusable = state.eq(STATE.TIME_WAIT).or(state.eq(STATE.CLOSE))
    code.rarely(packet.flags.has(TCP_FLAG.syn).and(reusable), () => {
      // conn_reuse_mode 1: the port is used again for another connection, which may go elsewhere
      code.when(tables.detail(slot).get(DETAIL.template).eq(0), () => {
        removeConnection(code, tables, slot, key.ports)
        absent()
      })
    })
  }
  code.guard(server.get(DESTINATION.flags).has(DESTINATION_FLAG.available), () => {
    tables.count('destination-gone')
    code.exit(hook.drop)
  })
  if (shape.protocols.includes('tcp')) {
    const quiet = packet.flags.and(TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst | TCP_FLAG.ack).eq(TCP_FLAG.ack)
    const steady = state.eq(STATE.ESTABLISHED).and(quiet)
    const change = () => changeState(code, tables, slot, state, packet.flags, server)
    code.when(
      shape.protocols.includes('udp') ? steady.not().and(packet.protocol.eq(PROTOCOL.tcp)) : steady.not(),
      change,
    )
  }
  // At most once a jiffy, so that a busy connection does not write to its entry with every packet.
  code.when(stamp.ne(packet.now), () => {
    entry.set(CONNECTION.stamp, packet.now)
    entry.set(CONNECTION.timeout, timeoutOf(tables, entry.get(CONNECTION.state)))
  })
}

/** set_tcp_state of ip_vs_proto_tcp.c, with the one-sided table: the replies are not seen. */
function changeState(code: Code, tables: Tables, slot: Value, state: Value, flags: Value, server: Pointer): void {
  const entry = tables.connection(slot)
  const next = code.variable(STATE.CLOSE, 8)
  code.section(decided => {
    for (const event of ['rst', 'syn', 'fin', 'ack'] as const) {
      code.when(flags.has(TCP_FLAG[event]), () => {
        const row = TRANSITIONS_OFFSET + 64 * TRANSITION_TABLE.inputOnly + 16 * TCP_EVENT[event]
        next.set(tables.settings(state.and(15).add(row)).get([0, 'u8']))
        decided()
      })
    }
  })
  const before = isActive(code, state)
  const after = isActive(code, next)
  code.rarely(next.ne(state), () => {
    code.when(before.and(after.not()), () => {
      server.increase(DESTINATION.active, -1)
      server.increase(DESTINATION.inactive, 1)
    })
    code.when(after.and(before.not()), () => {
      server.increase(DESTINATION.inactive, -1)
      server.increase(DESTINATION.active, 1)
    })
    entry.set(CONNECTION.state, next)
    // A template is worth keeping once one of its connections was really opened.
    const template = tables.detail(slot).get(DETAIL.template)
    code.when(next.eq(STATE.ESTABLISHED).and(template.ne(0)), () =>
      tables.connection(template.sub32(1)).set(CONNECTION.state, STATE.ASSURED),
    )
  })
  entry.set(CONNECTION.timeout, timeoutOf(tables, next))
}

function timeoutOf(tables: Tables, state: Value): Value {
  return tables.settings(state.and(31).shl(2).add(TIMEOUTS_OFFSET)).get([0, 'u32'])
}

/** Finds a server for a connection that begins with this packet, and enters it; or ends with a verdict. */
function beginConnection(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  packet: Packet,
  key: ConnectionKey,
  serviceNumber: Value,
  slot: Variable,
  destination: Variable,
): void {
  const service = tables.service(serviceNumber)
  const stranger = () => {
    tables.count('not-scheduled')
    code.exit(hook.pass)
  }
  if (shape.protocols.includes('tcp')) {
    // Only a SYN begins a connection: what else comes without one gets the stack's RST.
    const begins = packet.flags.and(TCP_FLAG.syn | TCP_FLAG.rst).eq(TCP_FLAG.syn)
    code.guard(shape.protocols.includes('udp') ? begins.or(packet.protocol.eq(PROTOCOL.udp)) : begins, stranger)
  }
  code.guard(service.get(SERVICE.flags).has(SERVICE_FLAG.removed).not(), stranger)

  const template = code.variable(0, 32)
  code.section(chosen => {
    if (shape.persistence) findTemplate(code, tables, packet, service, template, destination, chosen)
    code.section(scheduled => {
      schedule(code, tables, shape, { service, destination, chosen: scheduled })
      // Nobody is there to take it: the stack refuses the connection, as ip_vs does by ICMP.
      tables.count('no-destination')
      code.exit(hook.pass)
    })
    if (shape.persistence) createTemplate(code, tables, hook, packet, service, template, destination)
  })
  const full = () => {
    tables.count('table-full')
    code.exit(hook.drop)
  }
  const create = (state: number, active: boolean) => {
    const timeout = tables.settings(TIMEOUTS_OFFSET + 4 * state).get([0, 'u32'])
    createConnection(
      code,
      tables,
      key,
      'connection',
      { destination, state, active, timeout, now: packet.now, template },
      slot,
      full,
    )
  }
  const opened = nextTcpState('inputOnly', 'syn', STATE.NONE)
  if (!shape.protocols.includes('udp')) create(opened, true)
  else if (!shape.protocols.includes('tcp')) create(STATE.UDP, false)
  else
    code.when(
      packet.protocol.eq(PROTOCOL.tcp),
      () => create(opened, true),
      () => create(STATE.UDP, false),
    )
  if (shape.thresholds) burden(code, tables, destination)
  const counter = tables.counter(destination)
  counter.set(COUNTER.connections, counter.get(COUNTER.connections).add(1))
}

/** A client that was here before goes where it went; its template counts one more child. Leaves by `chosen` then. */
function findTemplate(
  code: Code,
  tables: Tables,
  packet: Packet,
  service: Pointer,
  template: Variable,
  destination: Variable,
  chosen: () => void,
): void {
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(packet, service)
    const slot = code.variable(0, 32)
    code.section(absent => {
      code.section(matched => {
        findConnection(code, tables, key, slot, matched)
        absent()
      })
      const entry = tables.connection(slot)
      const server = entry.get(CONNECTION.destination)
      const expired = packet.now.sub32(entry.get(CONNECTION.stamp)).ge(entry.get(CONNECTION.timeout))
      const childless = tables.detail(slot).get(DETAIL.children).eq(0)
      code.rarely(
        expired
          .and(childless)
          .or(tables.destination(server).get(DESTINATION.flags).has(DESTINATION_FLAG.available).not()),
        () => {
          removeConnection(code, tables, slot, key.ports)
          absent()
        },
      )
      // The child is counted first: a template with children is not taken out. If it was just then, look no further.
      const detail = tables.detail(slot)
      detail.increase(DETAIL.children, 1)
      code.rarely(entry.get(CONNECTION.key).ne(key.ports), () => {
        detail.increase(DETAIL.children, -1)
        absent()
      })
      entry.set(CONNECTION.stamp, packet.now)
      entry.set(CONNECTION.timeout, service.get(SERVICE.persistence))
      template.set(slot.add(1).low32())
      destination.set(server)
      chosen()
    })
  })
}

function createTemplate(
  code: Code,
  tables: Tables,
  hook: Hook,
  packet: Packet,
  service: Pointer,
  template: Variable,
  destination: Value,
): void {
  code.when(service.get(SERVICE.persistence).ne(0), () => {
    const key = templateKey(packet, service)
    const slot = code.variable(0, 32)
    const timeout = service.get(SERVICE.persistence)
    createConnection(
      code,
      tables,
      key,
      'template',
      { destination, state: STATE.TEMPLATE, active: false, timeout, now: packet.now, template: 0 },
      slot,
      () => {
        tables.count('table-full')
        code.exit(hook.drop)
      },
    )
    tables.detail(slot).increase(DETAIL.children, 1)
    template.set(slot.add(1).low32())
  })
}

/** <protocol, client's network, 0, virtual address, virtual port>; a service of every port has templates of port 0. */
function templateKey(packet: Packet, service: Pointer): ConnectionKey {
  const network = packet.client.and(service.get(SERVICE.netmask))
  const port = service.get(SERVICE.port).shl(16)
  return connectionKey(network, packet.virtual, port, packet.protocol, 'template')
}
