/** What a packet does to the connection it belongs to: its state, its time, the counts of its server. */
import type { Pointer, Value, Variable } from '../../bpf/value.ts'
import {
  CONNECTION,
  CONNECTION_FLAG,
  CONNECTION_PACKETS_SHIFT,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  SECURE_TRANSITIONS_OFFSET,
  SETTINGS,
  STATE,
  TCP_EVENT,
  TIMEOUTS_OFFSET,
  TRANSITION_TABLE,
  TRANSITIONS_OFFSET,
} from '../layout.ts'
import { type ConnectionKey, isActive, removeConnection } from './connection.ts'
import { PROTOCOL, TCP_FLAG } from './headers.ts'
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
  if (shape.protocols.includes('tcp')) {
    code.rarely(packet.flags.has(TCP_FLAG.syn), () =>
      code.section(kept => {
        keepUnlessReused(scene, slot, state, destination, kept)
        tell(code, 'reused', () => ({ slot }))
        removeConnection(code, tables, slot, key.ports)
        absent()
      }),
    )
  }
  const server = tables.destination(destination)
  code.guard(server.get(DESTINATION.flags).has(DESTINATION_FLAG.available), () => {
    tell(code, 'server-gone', () => ({ destination }))
    code.when(tables.sysctl('expire_nodest_conn').ne(0), () => {
      removeConnection(code, tables, slot, key.ports)
      absent()
    })
    tables.count('destination-gone')
    code.exit(hook.drop)
  })
  advance(scene, slot, server, 'in')
}

/**
 * A SYN on a connection that is there (ip_vs_in_hook, is_new_conn_expected): comes back if the port is used again, for
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
    code.when(state.eq(STATE.TIME_WAIT).or(state.eq(STATE.CLOSE)), reused)
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
  if (shape.protocols.includes('tcp')) {
    const state = entry.get(CONNECTION.state)
    const quiet = packet.flags.and(TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst | TCP_FLAG.ack).eq(TCP_FLAG.ack)
    const steady = state.eq(STATE.ESTABLISHED).and(quiet)
    const change = () => changeState(scene, slot, state, server, direction)
    code.when(
      shape.protocols.includes('udp') ? steady.not().and(packet.protocol.eq(PROTOCOL.tcp)) : steady.not(),
      change,
    )
  }
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

/** set_tcp_state of ip_vs_proto_tcp.c: by the one-sided table where replies are not seen, else by the two-sided ones. */
function changeState(scene: Followed, slot: Value, state: Value, server: Pointer, direction: 'in' | 'out'): void {
  const { code, tables, shape, packet } = scene
  const entry = tables.connection(slot)
  const next = code.variable(STATE.CLOSE, 8)
  const table = code.variable(64 * TRANSITION_TABLE[direction === 'out' ? 'output' : 'inputOnly'], 16)
  if (direction === 'in' && shape.methods.includes('masquerade')) {
    code.when(entry.get(CONNECTION.flags).has(CONNECTION_FLAG.translated), () => table.set(64 * TRANSITION_TABLE.input))
  }
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
  tell(code, 'state', () => ({ slot, before: state, after: next }))
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
