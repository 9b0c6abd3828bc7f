/**
 * Expiry: connections whose time is up leave the table though no packet comes and no process of ours is alive.
 *
 * A kernel timer runs over a part of the table at a time and sets itself again. Whoever wants exact counts runs
 * `sweeper` first, which does the same over all of it at once. Both take out an entry only if it is still as idle as it
 * was when they looked.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Scalar, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import {
  CONNECTION,
  connectionSlots,
  DESTINATION,
  DESTINATION_FLAG,
  DETAIL,
  KIND,
  SETTINGS,
  type TableFacts,
  TEMPLATE_GRACE_S,
} from '../layout.ts'
import { isTemplate, removeConnection } from './connection.ts'
import { dropAtRandom, updateDefence, updateDefenceIfDue } from './defence.ts'
import { estimateCallback, estimateIfDue } from './estimate.ts'
import { noteFurther } from './overflow.ts'
import { Tables } from './tables.ts'

export const TIMER_MAP = 'expiry'
/** `struct bpf_timer` is opaque: sixteen bytes. */
export const TIMER_BYTES = 16

/** Slots looked at each time the timer fires: some tens of microseconds. */
const SLOTS_PER_TICK = 4096
/** A whole table is gone over in this time, if that does not mean ticking more often than every 4 ms. */
const ROUND_NS = 2_000_000_000
const TICK_MIN_NS = 4_000_000
/** An empty table is looked at this often. */
const IDLE_TICK_NS = 1_000_000_000
const CLOCK_MONOTONIC = 1

/** How programs repeat: by the kernel's `bpf_loop` (5.17), or by a loop that the verifier walks through. */
export type Looping = 'helper' | 'unrolled'
/** Rounds that the verifier walks through where there is no `bpf_loop`. */
const UNROLLED_ROUNDS = 256

const FAMILIES: readonly IpFamily[] = [4, 6]
const SWEEP_SLOT = { 4: 'sweep_slot', 6: 'sweep_slot6' } as const
/** The table of IPv6 is that much smaller, so a round over it takes as long. */
const SLOTS_RATIO = 4

/** Runs over the whole table once, and looks at the defences, when it is test-run. Its verdict is 0. */
export function sweeper(facts: TableFacts, looping: Looping): ProgramSource {
  return {
    name: 'sluice_sweep',
    type: 'tc',
    main: code => {
      updateDefence(code, facts)
      for (const family of FAMILIES)
        sweep(code, facts, family, connectionSlots(facts.capacity, family), looping, expire)
      code.exit(0)
    },
    callbacks: loopCallback(facts, looping, expire),
  }
}

/** Starts the timer, when it is test-run; a timer that runs already goes on with this program's callback. Its verdict is 0. */
export function expiryTimer(facts: TableFacts, looping: Looping): ProgramSource {
  const slots = looping === 'helper' ? SLOTS_PER_TICK : UNROLLED_ROUNDS
  const tickNs = Math.max(TICK_MIN_NS, Math.floor((ROUND_NS * slots) / facts.capacity.connections))
  return {
    name: 'sluice_expiry',
    type: 'tc',
    main: code => {
      const key = code.frame(8)
      const timer = code.call(HELPER.mapLookup, code.map(TIMER_MAP), key.address())
      code.guard(timer.ne(0), () => code.exit(1))
      // A second timer_init says EBUSY: the timer is there already.
      code.call(HELPER.timerInit, timer, code.map(TIMER_MAP), CLOCK_MONOTONIC)
      code.call(HELPER.timerSetCallback, timer, code.callback('expiry_tick'))
      code.exit(code.call(HELPER.timerStart, timer, tickNs, 0))
    },
    callbacks: {
      expiry_tick: {
        parameters: 3,
        body: code => {
          const timer = code.parameter(2)
          if (looping === 'helper') estimateIfDue(code, facts)
          updateDefenceIfDue(code, facts)
          const settings = new Tables(code, facts).settings()
          const entries = settings.get(SETTINGS.entries)
          const entries6 = settings.get(SETTINGS.entries6)
          code.when(
            entries.or(entries6).ne(0),
            () => {
              code.when(entries.ne(0), () => sweep(code, facts, 4, slots, looping, expireOrDrop))
              code.when(entries6.ne(0), () => sweep(code, facts, 6, slots / SLOTS_RATIO, looping, expireOrDrop))
              code.call(HELPER.timerStart, timer, tickNs, 0)
            },
            () => {
              code.call(HELPER.timerStart, timer, IDLE_TICK_NS, 0)
            },
          )
          code.exit(0)
        },
      },
      ...loopCallback(facts, looping, expireOrDrop),
      ...(looping === 'helper' ? estimateCallback(facts) : {}),
    },
  }
}

/** The verdict is the kernel's jiffies, when it is test-run; the control plane has no other way to know them. */
export function clock(): ProgramSource {
  return { name: 'sluice_clock', type: 'tc', main: code => code.exit(code.call(HELPER.jiffies).low32()) }
}

/** `bpf_loop` calls it with the round and a pointer we have no use for; 0 goes on. */
function loopCallback(facts: TableFacts, looping: Looping, visit: Visit): NonNullable<ProgramSource['callbacks']> {
  if (looping === 'unrolled') return {}
  const body = (family: IpFamily) => (code: Code) => {
    sweepSlot(code, new Tables(code, facts, family), code.parameter(0), visit)
    code.exit(0)
  }
  return Object.fromEntries(FAMILIES.map(family => [SWEEP_SLOT[family], { parameters: 2, body: body(family) }]))
}

function sweep(code: Code, facts: TableFacts, family: IpFamily, slots: number, looping: Looping, visit: Visit): void {
  const tables = new Tables(code, facts, family)
  const rounds = looping === 'helper' ? slots : Math.min(slots, UNROLLED_ROUNDS)
  if (looping === 'helper') {
    const unused = code.frame(8)
    code.call(HELPER.loop, rounds, code.callback(SWEEP_SLOT[family]), unused.address(), 0)
  } else {
    code.repeat(rounds, round => sweepSlot(code, tables, round, visit))
  }
  tables.settings().increase(tables.sweepField, rounds)
}

/** Looks at the slot that comes `round` after where the last sweep ended. */
function sweepSlot(code: Code, tables: Tables, round: Value, visit: Visit): void {
  const slot = tables
    .settings()
    .get(tables.sweepField)
    .add(round)
    .and(tables.connectionSlots - 1)
  const entry = tables.connection(slot)
  const key = entry.get(CONNECTION.key)
  code.section(done => {
    code.when(key.eq(0), done)
    const kind = key.shr(40).and(0xff)
    noteFurther(code, tables, slot)
    // A reply entry comes and goes with its connection.
    code.when(kind.eq(KIND.busy).or(kind.eq(KIND.reply)), done)
    visit(code, tables, slot, key, done)
  })
}

/** What is done to an entry; may leave by `done`. */
type Visit = (code: Code, tables: Tables, slot: Value, key: Value, done: () => void) => void

function expireOrDrop(code: Code, tables: Tables, slot: Value, key: Value, done: () => void): void {
  dropAtRandom(code, tables, slot, key, done)
  expire(code, tables, slot, key, done)
}

function expire(code: Code, tables: Tables, slot: Value, key: Value, done: () => void): void {
  const entry = tables.connection(slot)
  code.rarely(tables.sysctl('expire_nodest_conn').ne(0), () => {
    // ip_vs_expire_nodest_conn_flush: what has no server any more, and nothing that belongs to it.
    const available = tables.destination(entry.get(CONNECTION.destination)).get(DESTINATION.flags)
    const alone = tables.detail(slot).get(DETAIL.children).eq(0)
    code.when(available.has(DESTINATION_FLAG.available).not().and(alone), () => {
      removeConnection(code, tables, slot, key)
      done()
    })
  })
  const now: Value = code.call(HELPER.jiffies).low32()
  const stamp = entry.get(CONNECTION.stamp)
  code.when(now.sub32(stamp).lt(entry.get(CONNECTION.timeout)), done)
  // A stamp that a packet on another processor has set after we read the clock looks ages old.
  code.when(stamp.sub32(now).lt(tables.facts.hertz), done)
  code.rarely(isTemplate(key), () => {
    code.when(tables.detail(slot).get(DETAIL.children).ne(0), () => {
      const grace: Scalar = TEMPLATE_GRACE_S * tables.facts.hertz
      entry.set(CONNECTION.stamp, now)
      entry.set(CONNECTION.timeout, grace)
      done()
    })
  })
  removeConnection(code, tables, slot, key, stamp)
}
