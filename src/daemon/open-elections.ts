/** The elections process: the election loop on this machine's interfaces and clock. */
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { ChildLoop } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { ElectionLoop } from './election-loop.ts'
import type { NetworkNews } from './election-network.ts'
import { openHeartbeat } from './heartbeat.ts'
import { KernelNetwork } from './kernel-network.ts'
import { openNote } from './note.ts'
import type { Outbox } from './outbox.ts'
import { heartbeatPath, runDirectory } from './run-directory.ts'
import { wakeTimer } from './wake-timer.ts'

export function openElectionProcess(outbox: Outbox): ChildLoop {
  goFirst()
  const directory = runDirectory()
  // The network tells its news from the event loop on, when `loop` is there.
  const news: NetworkNews = {
    heard: (...words) => loop.heard(...words),
    unreadable: (...words) => loop.unreadable(...words),
    changed: () => loop.changed(),
    claimed: (...words) => loop.claimed(...words),
  }
  const loop = new ElectionLoop({
    now: monotonicNow,
    wake: wakeTimer,
    network: new KernelNetwork(news),
    owned: openNote(join(directory, 'addresses.json'), isKeyList),
    heartbeat: openHeartbeat(heartbeatPath()),
    log: (text, detail) => outbox.log(text, detail),
    wallClockMs,
  })
  return loop
}

/** Before other processes where processor time is short; where that is not granted, elections take their turn. */
function goFirst(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST)
  } catch {
    // A container may not allow it.
  }
}

function isKeyList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(key => typeof key === 'string')
}
