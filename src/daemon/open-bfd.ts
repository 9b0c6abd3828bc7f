/** The BFD process: sessions on this machine's sockets and clock. Elections and checkers hear of them by the supervisor. */
import { isKernelError } from '../kernel/errors.ts'
import { setRealTimePriority } from '../kernel/process.ts'
import { BfdLoop } from './bfd-loop.ts'
import type { ChildLoop } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { KernelBfd } from './kernel-bfd.ts'
import type { Outbox } from './outbox.ts'
import { wakeTimer } from './wake-timer.ts'

/** Below the elections, above whatever is not real-time: a session of 50 ms cannot wait for a busy processor. */
const PRIORITY = 5

export function openBfdProcess(outbox: Outbox): ChildLoop {
  const loop: BfdLoop = new BfdLoop({
    now: monotonicNow,
    wake: wakeTimer,
    random: Math.random,
    network: new KernelBfd((...words) => loop.heard(...words)),
    tell: bfd => outbox.send({ type: 'tracked', verdicts: { bfd } }),
    log: (text, detail) => outbox.log(text, detail),
    wallClockMs,
  })
  try {
    setRealTimePriority(PRIORITY)
  } catch (error) {
    // A container may not allow it.
    if (!isKernelError(error)) throw error
  }
  return {
    configure: ({ bfdInstances }) => loop.configure(bfdInstances),
    report: () => ({ bfd: loop.report(), alarms: [] }),
    stop: () => loop.stop(),
  }
}
