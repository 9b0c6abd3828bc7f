/**
 * Slow start: a server that comes up again begins with almost no weight, which grows to its own within `slow_start`, so
 * that cold caches are not met by all of its clients at once. Only what new connections see is ramped; the quorum counts
 * the whole weight. Weights are whole numbers: a server of weight 1 has nothing to grow from.
 */
import { after, type Instant } from '../model/time.ts'

/** A ramp is this many edits of the table, or fewer where there are fewer weights. */
const STEPS_MAX = 20

/** What new connections see `weight` as. `risenAt` is undefined for a server that is not up, or was never down. */
export function rampedWeight(weight: number, slowStartMs: number, risenAt: Instant | undefined, now: Instant): number {
  if (risenAt === undefined || weight <= 1 || now - risenAt >= slowStartMs) return weight
  const steps = Math.min(weight, STEPS_MAX)
  return Math.max(1, Math.floor((weight * stepOf(steps, slowStartMs, risenAt, now)) / steps))
}

/** When that may change, but for other reasons; undefined if the ramp is over. */
export function nextRampAt(
  weight: number,
  slowStartMs: number,
  risenAt: Instant | undefined,
  now: Instant,
): Instant | undefined {
  if (risenAt === undefined || weight <= 1 || now - risenAt >= slowStartMs) return undefined
  const steps = Math.min(weight, STEPS_MAX)
  return after(risenAt, Math.ceil((slowStartMs * (stepOf(steps, slowStartMs, risenAt, now) + 1)) / steps))
}

/** Steps that are done: a microsecond early is in time, or rounding far from the clock's zero would call twice for one. */
function stepOf(steps: number, slowStartMs: number, risenAt: Instant, now: Instant): number {
  return Math.floor(((now - risenAt + 0.001) / slowStartMs) * steps)
}
