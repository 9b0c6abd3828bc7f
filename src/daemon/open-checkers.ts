/** The checkers process: the checkers' loop on real connections and the service table of this network namespace. */
import { isKernelError } from '../kernel/errors.ts'
import { openServiceTable } from '../kernel/service-table.ts'
import { Checkers } from './checkers.ts'
import type { ChildLoop } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { watchNewLinks } from './new-links.ts'
import { openNote } from './note.ts'
import type { Outbox } from './outbox.ts'
import { isOwnedNames } from './owned-names.ts'
import { probeConnection } from './probe-connection.ts'
import { runFile } from './run-directory.ts'
import { wakeTimer } from './wake-timer.ts'

export function openCheckerProcess(outbox: Outbox): ChildLoop {
  const table = openServiceTable()
  watchNewLinks(() => {
    try {
      table.attach()
    } catch (error) {
      // It may be gone again already.
      if (!isKernelError(error)) throw error
      outbox.log(error.message)
    }
  })
  // What came between the opening and the watching.
  table.attach()
  const checkers = new Checkers({
    now: monotonicNow,
    random: Math.random,
    wake: wakeTimer,
    soon: callback => void setImmediate(callback),
    connect: probeConnection,
    table,
    owned: openNote(runFile('services.json'), isOwnedNames),
    log: text => outbox.log(text),
    wallClockMs,
  })
  return {
    configure: configuration => checkers.configure(configuration),
    report: () => ({ virtualServers: checkers.report(), alarms: [] }),
    stop: () => checkers.stop(),
  }
}
