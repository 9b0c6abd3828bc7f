/** The elections process: the election loop on this machine's interfaces and clock. */
import { isKernelError } from '../kernel/errors.ts'
import { setRealTimePriority } from '../kernel/process.ts'
import type { ChildLoop } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { ElectionLoop } from './election-loop.ts'
import type { NetworkNews } from './election-network.ts'
import { openHeartbeat } from './heartbeat.ts'
import { KernelNetwork } from './kernel-network.ts'
import { kernelRouting } from './kernel-routing.ts'
import { openNote } from './note.ts'
import type { Outbox } from './outbox.ts'
import { runFile } from './run-directory.ts'
import { wakeTimer } from './wake-timer.ts'

export function openElectionProcess(outbox: Outbox): ChildLoop {
  // The network tells its news from the event loop on, when `loop` is there.
  const news: NetworkNews = {
    heard: (...words) => loop.heard(...words),
    unreadable: (...words) => loop.unreadable(...words),
    changed: () => loop.changed(),
    claimed: (...words) => loop.claimed(...words),
  }
  const loop: ElectionLoop = new ElectionLoop({
    now: monotonicNow,
    wake: wakeTimer,
    network: new KernelNetwork(news, text => outbox.log(text)),
    routing: kernelRouting(() => loop.changed()),
    owned: openNote(runFile('addresses.json'), isKeyList),
    ownedRouting: openNote(runFile('routing.json'), isKeyList),
    heartbeat: openHeartbeat(runFile('active')),
    log: (text, detail) => outbox.log(text, detail),
    notify: notice => outbox.send({ type: 'notice', notice }),
    wallClockMs,
  })
  beatOthers()
  return {
    configure: configuration => loop.configure(configuration),
    report: () => loop.report(),
    hear: message => {
      if (message.type === 'tracked') loop.tracked(message.verdicts)
    },
    stop: () => loop.stop(),
  }
}

/** Of the real-time priorities the lowest that leaves room for others below: it beats whatever is not real-time. */
const PRIORITY = 10

/** An advertisement of 10 ms cannot wait for a processor that other work keeps busy. */
function beatOthers(): void {
  try {
    setRealTimePriority(PRIORITY)
  } catch (error) {
    // A container may not allow it; `goFirst` has done what is allowed.
    if (!isKernelError(error)) throw error
  }
}

function isKeyList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(key => typeof key === 'string')
}
