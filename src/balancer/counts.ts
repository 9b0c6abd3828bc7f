/** Counts of services and real servers: kept per processor and destination by the data path, added up by the reader. */
import type { Counters, Rates } from '../model/virtual-service.ts'
import { type Capacity, COUNTER, COUNTER_BYTES, ESTIMATE_SHIFTS, LEDGER } from './layout.ts'
import type { Memory } from './memory.ts'

/** Connections, packets in, packets out, bytes in, bytes out. */
export type Counts = readonly [bigint, bigint, bigint, bigint, bigint]

export const NO_COUNTS: Counts = [0n, 0n, 0n, 0n, 0n]
const FIELDS = [COUNTER.connections, COUNTER.inPackets, COUNTER.outPackets, COUNTER.inBytes, COUNTER.outBytes] as const

/** What the data path has counted for a destination since its record was taken. */
export function countsOf(counters: Memory, capacity: Capacity, destination: number): Counts {
  const sums = [0n, 0n, 0n, 0n, 0n]
  for (const row of rows(capacity, destination))
    for (const [i, field] of FIELDS.entries()) sums[i]! += counters.getWide(row, field)
  return sums as unknown as Counts
}

/** Forgets what was counted; only for a destination that no packet can reach any more. */
export function clearCounts(counters: Memory, capacity: Capacity, destination: number): void {
  for (const row of rows(capacity, destination)) counters.slice(row, COUNTER_BYTES).fill(0)
}

export function addCounts(a: Counts, b: Counts): Counts {
  return a.map((count, i) => count + b[i]!) as unknown as Counts
}

/** A count that was zeroed in between never shows below zero. */
export function subtractCounts(a: Counts, b: Counts): Counts {
  return a.map((count, i) => (count > b[i]! ? count - b[i]! : 0n)) as unknown as Counts
}

/** Five counts as they lie in the ledger. */
export function readCounts(memory: Memory, at: number): Counts {
  return FIELDS.map((_, i) => memory.getWide(at, [8 * i, 'u64'])) as unknown as Counts
}

export function writeCounts(memory: Memory, at: number, counts: Counts): void {
  for (const [i, count] of counts.entries()) memory.setWide(at, [8 * i, 'u64'], count)
}

export function toCounters([connections, inPackets, outPackets, inBytes, outBytes]: Counts): Counters {
  return { connections, inPackets, outPackets, inBytes, outBytes }
}

function rows({ processors, destinations }: Capacity, destination: number): number[] {
  return Array.from({ length: processors }, (_, processor) => (processor * destinations + destination) * COUNTER_BYTES)
}

/** Estimates as they lie in the ledger, added up over destinations, in units per second as ip_vs rounds them. */
export function ratesOf(memory: Memory, ledgers: readonly number[]): Rates {
  const rates = ESTIMATE_SHIFTS.map((shift, i) => {
    const sum = ledgers.reduce((total, at) => total + memory.getWide(at, [LEDGER.estimates + 8 * i, 'u64']), 0n)
    return Number((sum + (1n << BigInt(shift - 1)) - 1n) >> BigInt(shift))
  })
  const [connections = 0, inPackets = 0, outPackets = 0, inBytes = 0, outBytes = 0] = rates
  return { connections, inPackets, outPackets, inBytes, outBytes }
}

/** What is measured from now on starts at zero per second. */
export function clearRates(memory: Memory, ledger: number): void {
  memory.slice(ledger + LEDGER.estimates, 8 * ESTIMATE_SHIFTS.length).fill(0)
}
