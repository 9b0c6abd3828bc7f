/**
 * Rates, by the kernel's estimator (net/netfilter/ipvs/ip_vs_est.c): every two seconds the average moves a quarter of
 * the way to what the last two seconds brought. It runs from the timer that expires connections, so rates are there
 * with no process alive; where the kernel has no `bpf_loop` (before 5.17) there are none.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import {
  COUNTER,
  COUNTER_BYTES,
  DESTINATION,
  ESTIMATE_PERIOD_S,
  ESTIMATE_SHIFTS,
  LEDGER,
  LEDGER_BYTES,
  SETTINGS,
  type TableFacts,
} from '../layout.ts'
import { Tables } from './tables.ts'

const CALLBACK = 'estimate_rates'
/** In the order of the ledger's counts. */
const COUNTS = [COUNTER.connections, COUNTER.inPackets, COUNTER.outPackets, COUNTER.inBytes, COUNTER.outBytes] as const
/** The average takes a quarter of what is new. */
const WEIGHT_SHIFT = 2

/** Estimates all rates if it is time to. Wants `estimateCallback` in the program. */
export function estimateIfDue(code: Code, facts: TableFacts): void {
  const settings = new Tables(code, facts).settings()
  const now = code.call(HELPER.jiffies).low32()
  const period = ESTIMATE_PERIOD_S * facts.hertz
  const due = settings.get(SETTINGS.estimateAt)
  const wanted = new Tables(code, facts).sysctl('run_estimation').ne(0)
  code.when(
    now
      .sub32(due)
      .lt(2 ** 31)
      .and(wanted),
    () => {
      // On the beat, unless beats were missed.
      code.when(
        now.sub32(due).lt(period),
        () => settings.set(SETTINGS.estimateAt, due.add32(period)),
        () => settings.set(SETTINGS.estimateAt, now.add32(period)),
      )
      const unused = code.frame(8)
      code.call(HELPER.loop, facts.capacity.destinations, code.callback(CALLBACK), unused.address(), 0)
    },
  )
}

export function estimateCallback(facts: TableFacts): NonNullable<ProgramSource['callbacks']> {
  return { [CALLBACK]: { parameters: 2, body: code => estimateDestination(code, facts) } }
}

function estimateDestination(code: Code, facts: TableFacts): void {
  const tables = new Tables(code, facts)
  const { destinations, processors, services } = facts.capacity
  const number = code.parameter(0).and(destinations - 1)
  code.rarely(tables.destination(number).get(DESTINATION.flags).eq(0), () => code.exit(0))
  const place = number
    .add(services)
    .and(2 * Math.max(services, destinations) - 1)
    .shl(Math.log2(LEDGER_BYTES))
  const bounded = code.variable(place)
  code.guard(bounded.lt((services + destinations) * LEDGER_BYTES), () => code.exit(0))
  const ledger = code.region(tables.region('ledger'), bounded, LEDGER_BYTES)
  for (const [i, field] of COUNTS.entries()) {
    const sum = code.variable(0)
    code.repeat(processors, processor => {
      const row = processor.mul(destinations * COUNTER_BYTES).add(number.shl(Math.log2(COUNTER_BYTES)))
      sum.set(sum.add(code.region(tables.region('counters'), row, COUNTER_BYTES).get(field)))
    })
    const fresh = sum.sub(ledger.get([LEDGER.lastCounts + 8 * i, 'u64'])).shl(ESTIMATE_SHIFTS[i]! - 1)
    const average = ledger.get([LEDGER.estimates + 8 * i, 'u64'])
    ledger.set([LEDGER.estimates + 8 * i, 'u64'], average.add(fresh.sub(average).sar(WEIGHT_SHIFT)))
    ledger.set([LEDGER.lastCounts + 8 * i, 'u64'], sum)
  }
  code.exit(0)
}
