/**
 * Which connections other directors are to be told of, and when (ip_vs_sync_conn_needed of ip_vs_sync.c): once it has
 * shown that it will last, at every so many packets then, and at each change to a state that matters to them. This only
 * makes a note; a process reads the notes and sends.
 */
import type { Value } from '../../bpf/value.ts'
import { CONNECTION, DETAIL, SETTINGS, STATE, STATES } from '../layout.ts'
import type { Scene } from './scene.ts'

/** A set of states, as bits of one word. */
const setOf = (...states: readonly number[]) => states.reduce((bits, state) => bits | (1n << BigInt(state)), 0n)
/** States whose beginning others hear of at once. */
const TOLD_AT_ONCE = setOf(
  STATE.FIN_WAIT,
  STATE.CLOSE,
  STATE.CLOSE_WAIT,
  STATE.TIME_WAIT,
  STATE.SCTP_ESTABLISHED + 1, // SHUTDOWN-SENT, -RECEIVED and -ACK-SENT
  STATE.SCTP_ESTABLISHED + 2,
  STATE.SCTP_ESTABLISHED + 3,
  STATE.SCTP_CLOSED,
)
/** All that others hear of. That it is established can wait until it has shown that it lasts; UDP has but one. */
const TOLD = TOLD_AT_ONCE | setOf(STATE.ESTABLISHED, STATE.SCTP_ESTABLISHED, STATE.UDP)
/** The kernel's lower bound on what may be left of a connection's time, in seconds. */
const LEFT_MIN_S = 10
/** Retries are counted in the low bits of a time. */
const RETRIES_MASK = 3

/** After a packet of the client's: notes its connection, and the template that it belongs to. */
export function noteForSync(scene: Scene, slot: Value): void {
  const { code, tables, shape } = scene
  if (!shape.sync) return
  code.comment('notes for other directors')
  note(scene, slot, 'connection')
  if (!shape.persistence) return
  const template = tables.detail(slot).get(DETAIL.template)
  code.when(template.ne(0), () => note(scene, template.sub32(1), 'template'))
}

function note({ code, tables, now }: Scene, slot: Value, kind: 'connection' | 'template'): void {
  const detail = tables.detail(slot)
  const entry = tables.connection(slot)
  const packets = detail.fetchAdd(DETAIL.packets, 1).add32(1)
  const state = entry.get(CONNECTION.state)
  const timeout = entry.get(CONNECTION.timeout)
  const until = code.variable(now.add32(timeout).and(0xffff_fffc), 32)
  code.section(done => {
    code.section(due => {
      if (kind === 'connection') {
        const place = state.and(STATES - 1)
        code.guard(code.constant(TOLD).shr(place).has(1), done)
        const changed = state.ne(detail.get(DETAIL.toldState))
        code.when(changed.and(code.constant(TOLD_AT_ONCE).shr(place).has(1)), due)
      }
      const refresh = tables.sysctl('sync_refresh_period').mul(tables.facts.hertz).low32()
      code.rarely(refresh.ne(0), () => {
        const known = detail.get(DETAIL.knownUntil)
        const half = code.variable(timeout.shr(1).low32(), 32)
        const least = LEFT_MIN_S * tables.facts.hertz
        code.when(half.lt(least), () => half.set(least))
        code.when(refresh.lt(half), () => half.set(refresh))
        const difference = code.variable(until.sub32(known), 32)
        code.when(difference.ge(2 ** 31), () => difference.set(known.sub32(until)))
        code.when(difference.lt(half), () => {
          const retries = known.and(RETRIES_MASK)
          code.when(retries.ge(tables.sysctl('sync_retries')), done)
          const toldAt = known.sub32(timeout)
          code.when(now.sub32(toldAt.add32(refresh.shr(3))).ge(2 ** 31), done)
          until.set(until.add32(retries).add32(1))
        })
      })
      const period = tables.sysctl('sync_period')
      const threshold = tables.sysctl('sync_threshold')
      code.when(
        period.ne(0),
        () => {
          if (kind === 'connection') code.when(packets.mod(period).ne(threshold), done)
        },
        () => code.when(refresh.eq(0).and(packets.ne(threshold)), done),
      )
    })
    detail.set(DETAIL.toldState, state)
    detail.set(DETAIL.knownUntil, until)
    code.when(detail.get(DETAIL.due).eq(0), () => {
      detail.set(DETAIL.due, 1)
      tables.settings().increase(SETTINGS.syncsDue, 1)
    })
  })
}
