/** The clocks of this machine, for those who drive the pure machines. */
import { type Instant, instant } from '../model/time.ts'

/** CLOCK_MONOTONIC: the same for all processes of one boot, so that a moment may outlive the process that noted it. */
export function monotonicNow(): Instant {
  const [seconds, nanoseconds] = process.hrtime()
  return instant(seconds * 1000 + nanoseconds / 1e6)
}

/** The wall clock's reading at `moment`, in milliseconds since 1970. */
export function wallClockMs(moment: Instant): number {
  return Math.round(Date.now() - (monotonicNow() - moment))
}
