/** What a packet does to the connection it belongs to: its state, its time, the counts of its server. */
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import {
  CONNECTION,
  CONNECTION_FLAG,
  CONNECTION_PACKETS_SHIFT,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  SCTP_TABLE_BYTES,
  SCTP_TRANSITIONS_OFFSET,
  SECURE_TRANSITIONS_OFFSET,
  SETTINGS,
  STATE,
  STATES,
  TCP_EVENT,
  TIMEOUTS_OFFSET,
  TRANSITION_TABLE,
  TRANSITIONS_OFFSET,
} from '../layout.ts'
import { SCTP_EVENT } from '../sctp-state.ts'
import type { Shape } from '../shape.ts'
import { type ConnectionKey, isActive, removeConnection } from './connection.ts'
import { TCP_FLAG } from './headers.ts'
import { leaveHardWays } from './leave-to-tc.ts'
import { perProtocol } from './per-protocol.ts'
import type { Scene } from './scene.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'

/** A packet from the client; leaves by `absent` if the connection is over, else comes back with its destination. */
export function followConnection(
  scene: Scene,
  key: ConnectionKey,
  slot: Variable,
  destination: Variable,
  absent: () => void,
): void {
  const { code, tables, hook, shape, packet, now } = scene
  const entry = tables.connection(slot)
  const state = entry.get(CONNECTION.state)
  destination.set(entry.get(CONNECTION.destination))
  code.rarely(isOver(entry, now), () => {
    tell(code, 'over', () => ({ slot }))
    removeConnection(code, tables, slot, key.ports)
    absent()
  })
  const reuse = (mayBe: Condition) =>
    code.rarely(mayBe, () =>
      code.section(kept => {
        keepUnlessReused(scene, slot, state, destination, kept)
        tell(code, 'reused', () => ({ slot }))
        removeConnection(code, tables, slot, key.ports)
        absent()
      }),
    )
  perProtocol(code, shape, packet.protocol, {
    tcp: () => reuse(packet.flags.has(TCP_FLAG.syn)),
    udp: () => {},
    sctp: () => reuse(packet.flags.eq(SCTP_EVENT.init)),
  })
  const server = tables.destination(destination)
  code.guard(server.get(DESTINATION.flags).has(DESTINATION_FLAG.available | DESTINATION_FLAG.waiting), () => {
    tell(code, 'server-gone', () => ({ destination }))
    code.when(tables.sysctl('expire_nodest_conn').ne(0), () => {
      removeConnection(code, tables, slot, key.ports)
      absent()
    })
    tables.count('destination-gone')
    code.exit(hook.drop)
  })
  leaveHardWays(scene, destination)
  advance(scene, slot, server, 'in')
}

/**
 * A SYN, or an INIT, on a connection that is there (ip_vs_in_hook, is_new_conn_expected): comes back if the port is used again, for
 * another connection, which may go elsewhere; leaves by `kept` if not.
 */
function keepUnlessReused(
  { code, tables }: Scene,
  slot: Value,
  state: Value,
  destination: Value,
  kept: () => void,
): void {
  code.section(reused => {
    const quiesced = tables.destination(destination).get(DESTINATION.weight).eq(0)
    code.when(tables.sysctl('expire_nodest_conn').ne(0).and(quiesced), reused)
    const mode = tables.sysctl('conn_reuse_mode')
    code.when(mode.eq(0).or(tables.detail(slot).get(DETAIL.template).ne(0)), kept)
    code.when(state.eq(STATE.TIME_WAIT).or(state.eq(STATE.CLOSE)).or(state.eq(STATE.SCTP_CLOSED)), reused)
    const oneSided = tables.connection(slot).get(CONNECTION.flags).has(CONNECTION_FLAG.translated).not()
    code.when(mode.has(2).and(state.eq(STATE.FIN_WAIT)).and(oneSided), reused)
    kept()
  })
}

/** True if the connection's time is up, whether or not it has been taken out. */
export function isOver(entry: Pointer, now: Value): ReturnType<Value['ge']> {
  return now.sub32(entry.get(CONNECTION.stamp)).ge(entry.get(CONNECTION.timeout))
}

/** What it takes to keep a connection's state: replies are not refused. */
type Followed = Pick<Scene, 'code' | 'tables' | 'shape' | 'packet' | 'now'>

/** State and time after a packet in either direction. */
export function advance(scene: Followed, slot: Value, server: Pointer, direction: 'in' | 'out'): void {
  const { code, tables, shape, packet, now } = scene
  const entry = tables.connection(slot)
  const state = entry.get(CONNECTION.state)
  const next = code.variable(state, 8)
  perProtocol(code, shape, packet.protocol, {
    tcp: () => {
      const quiet = packet.flags.and(TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst | TCP_FLAG.ack).eq(TCP_FLAG.ack)
      const steady = state.eq(STATE.ESTABLISHED).and(quiet)
      code.when(steady.not(), () => next.set(nextTcp(scene, slot, state, direction)))
    },
    udp: () => {},
    sctp: () => next.set(nextSctp(scene, slot, state, direction)),
  })
  if (shape.protocols.some(protocol => protocol !== 'udp'))
    code.rarely(next.ne(state), () => changeState(scene, slot, state, next, server))
  // At most once a jiffy, so that a busy connection does not write to its entry with every packet.
  code.when(entry.get(CONNECTION.stamp).ne(now), () => {
    entry.set(CONNECTION.stamp, now)
    entry.set(CONNECTION.timeout, timeoutOf(tables, entry.get(CONNECTION.state)))
    if (direction === 'out') return
    const flags = entry.get(CONNECTION.flags)
    code.when(flags.lt((0xff << CONNECTION_PACKETS_SHIFT) & 0xff), () =>
      entry.set(CONNECTION.flags, flags.add(1 << CONNECTION_PACKETS_SHIFT)),
    )
  })
}

/** set_tcp_state of ip_vs_proto_tcp.c. */
function nextTcp(scene: Followed, slot: Value, state: Value, direction: 'in' | 'out'): Value {
  const { code, tables, packet } = scene
  const next = code.variable(STATE.CLOSE, 8)
  const table = transitionTable(scene, slot, direction, TCP_TABLE_BYTES)
  const inForce = tables
    .settings()
    .get(SETTINGS.transitions)
    .and(SECURE_TRANSITIONS_OFFSET - TRANSITIONS_OFFSET)
  code.section(decided => {
    for (const event of ['rst', 'syn', 'fin', 'ack'] as const) {
      code.when(packet.flags.has(TCP_FLAG[event]), () => {
        const row = state
          .and(15)
          .add(table.and(0xff))
          .add(inForce)
          .add(TRANSITIONS_OFFSET + 16 * TCP_EVENT[event])
        next.set(tables.settings(row).get([0, 'u8']))
        decided()
      })
    }
  })
  return next
}

/** set_sctp_state of ip_vs_proto_sctp.c. */
function nextSctp(scene: Followed, slot: Value, state: Value, direction: 'in' | 'out'): Value {
  const { tables, packet } = scene
  const table = transitionTable(scene, slot, direction, SCTP_TABLE_BYTES)
  const row = packet.flags.and(15).shl(4).add(state.and(15)).add(table.and(0x1ff)).add(SCTP_TRANSITIONS_OFFSET)
  return tables.settings(row).get([0, 'u8'])
}

const TCP_TABLE_BYTES = 64

/** Where the table begins that goes for this packet: the one-sided one where replies are not seen, else one of the two-sided. */
function transitionTable(
  { code, tables, shape }: Followed,
  slot: Value,
  direction: 'in' | 'out',
  tableBytes: number,
): Value {
  if (direction === 'out') return code.variable(tableBytes * TRANSITION_TABLE.output, 16)
  const table = code.variable(tableBytes * TRANSITION_TABLE.inputOnly, 16)
  if (shape.methods.includes('masquerade')) {
    const translated = tables.connection(slot).get(CONNECTION.flags).has(CONNECTION_FLAG.translated)
    code.when(translated, () => table.set(tableBytes * TRANSITION_TABLE.input))
  }
  return table
}

/** Enters the next state: the counts of the server, the connection's time, what its template is worth. */
function changeState({ code, tables, shape }: Followed, slot: Value, state: Value, next: Value, server: Pointer): void {
  const entry = tables.connection(slot)
  tell(code, 'state', () => ({ slot, before: state, after: next }))
  const before = isActive(code, state)
  const after = isActive(code, next)
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
  code.when(isEstablished(shape, next).and(template.ne(0)), () =>
    tables.connection(template.sub32(1)).set(CONNECTION.state, STATE.ASSURED),
  )
  entry.set(CONNECTION.timeout, timeoutOf(tables, next))
}

function isEstablished({ protocols }: Shape, state: Value): Condition {
  const tcp = state.eq(STATE.ESTABLISHED)
  return protocols.includes('sctp') ? tcp.or(state.eq(STATE.SCTP_ESTABLISHED)) : tcp
}

function timeoutOf(tables: Tables, state: Value): Value {
  return tables
    .settings(
      state
        .and(STATES - 1)
        .shl(2)
        .add(TIMEOUTS_OFFSET),
    )
    .get([0, 'u32'])
}
