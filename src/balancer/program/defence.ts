/**
 * What a director under attack does (ip_vs_ctl.c, update_defense_level; ip_vs_conn.c, ip_vs_random_dropentry): once a
 * second it looks at how much room there is, and switches the defences that are set to mind that.
 *
 * Room is that of the connection table here, whose memory is set aside from the start, and not the machine's: in pages
 * of 64 connections, compared with `amemthresh` as ip_vs compares free pages.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Value } from '../../bpf/value.ts'
import {
  CONNECTION,
  CONNECTION_PACKETS_SHIFT,
  DETAIL,
  SECURE_TRANSITIONS_OFFSET,
  SETTINGS,
  STATE,
  type TableFacts,
  TRANSITIONS_OFFSET,
} from '../layout.ts'
import { type SysctlName, sysctlField } from '../sysctls.ts'
import { isTemplate, removeConnection } from './connection.ts'
import { forgetFurther } from './overflow.ts'
import { Tables } from './tables.ts'

const CONNECTIONS_PER_PAGE = 64

/** A packet that would begin a connection; ends by `drop` if it is one that drop_packet takes (ip_vs_todrop). */
export function thinOut(code: Code, tables: Tables, drop: () => void): void {
  const settings = tables.settings()
  const rate = settings.get(SETTINGS.dropRate)
  code.rarely(rate.ne(0), () => {
    const left = settings.get(SETTINGS.dropIn)
    code.when(left.le(1), () => {
      settings.set(SETTINGS.dropIn, rate)
      tables.count('defence')
      drop()
    })
    settings.set(SETTINGS.dropIn, left.sub(1).low32())
  })
}

/** Once a second: which defences are up. */
export function updateDefenceIfDue(code: Code, facts: TableFacts): void {
  const settings = new Tables(code, facts).settings()
  const now = code.call(HELPER.jiffies).low32()
  code.when(now.sub32(settings.get(SETTINGS.defendAt)).lt(2 ** 31), () => {
    settings.set(SETTINGS.defendAt, now.add32(facts.hertz))
    updateDefence(code, facts)
    forgetFurther(code, new Tables(code, facts))
  })
}

/** The same at once, which somebody who has changed a parameter wants. */
export function updateDefence(code: Code, facts: TableFacts): void {
  const tables = new Tables(code, facts)
  const settings = tables.settings()
  const threshold = tables.sysctl('amemthresh')
  const room = roomOf(code, facts)
  const isShort = room.lt(threshold)
  /** An automatic defence goes up or down; comes back with what it is then. */
  const modeOf = (name: SysctlName): Value => {
    const field = sysctlField(name)
    const mode = code.variable(settings.get(field), 32)
    const change = (to: number) => {
      mode.set(to)
      settings.set(field, to)
    }
    code.when(
      isShort,
      () => code.when(mode.eq(MODE.waiting), () => change(MODE.up)),
      () => code.when(mode.eq(MODE.up), () => change(MODE.waiting)),
    )
    return mode
  }
  settings.set(SETTINGS.dropEntries, modeOf('drop_entry').shr(1))
  const rate = code.variable(0, 32)
  const packets = modeOf('drop_packet')
  code.when(packets.eq(MODE.up), () => rate.set(threshold.div(threshold.sub(room)).low32()))
  code.when(packets.eq(MODE.always), () => rate.set(tables.sysctl('am_droprate')))
  settings.set(SETTINGS.dropRate, rate)
  const offset = code.variable(0, 32)
  code.when(modeOf('secure_tcp').gt(MODE.waiting), () => offset.set(SECURE_TRANSITIONS_OFFSET - TRANSITIONS_OFFSET))
  settings.set(SETTINGS.transitions, offset)
}

const MODE = { off: 0, waiting: 1, up: 2, always: 3 } as const

/** Pages' worth of places that are free, in the fuller of the two tables. */
function roomOf(code: Code, facts: TableFacts): Value {
  const free = ([4, 6] as const).map(family => {
    const tables = new Tables(code, facts, family)
    const taken = code.variable(tables.settings().get(tables.entriesField), 32)
    code.when(taken.gt(tables.connectionSlots), () => taken.set(tables.connectionSlots))
    return code.constant(tables.connectionSlots).sub(taken)
  })
  const least = code.variable(free[0]!)
  code.when(free[1]!.lt(least), () => least.set(free[1]!))
  return least.shr(Math.log2(CONNECTIONS_PER_PAGE))
}

/**
 * Takes out the connection in `slot` if drop_entry is up and it is one that can be spared: half open, or a template that
 * nothing came of; or open, with few packets, none of them for a minute. ip_vs looks at one entry in 32 each second.
 */
export function dropAtRandom(code: Code, tables: Tables, slot: Value, key: Value, done: () => void): void {
  code.rarely(tables.settings().get(SETTINGS.dropEntries).ne(0), () =>
    code.section(kept => {
      code.guard(
        code
          .call(HELPER.random)
          .and(ONE_IN - 1)
          .eq(0),
        kept,
      )
      code.guard(tables.detail(slot).get(DETAIL.children).eq(0), kept)
      const entry = tables.connection(slot)
      const state = entry.get(CONNECTION.state)
      const drop = () => {
        tables.count('defence')
        removeConnection(code, tables, slot, key)
        done()
      }
      code.when(isTemplate(key), () => {
        code.when(state.eq(STATE.ASSURED), kept)
        drop()
      })
      code.when(state.eq(STATE.SYN_RECV).or(state.eq(STATE.SYNACK)), drop)
      code.guard(state.eq(STATE.ESTABLISHED).or(state.eq(STATE.UDP)), kept)
      const now = code.call(HELPER.jiffies).low32()
      code.when(now.sub32(entry.get(CONNECTION.stamp)).lt(IDLE_S * tables.facts.hertz), kept)
      // Of those with n packets, one out of n.
      const packets = entry.get(CONNECTION.flags).shr(CONNECTION_PACKETS_SHIFT)
      code.when(packets.gt(SPARED_PACKETS), kept)
      code.guard(code.call(HELPER.random).low32().mod(packets.add(1)).eq(0), kept)
      drop()
    }),
  )
}

/** A round over the table takes two seconds. */
const ONE_IN = 16
const IDLE_S = 60
const SPARED_PACKETS = 8
