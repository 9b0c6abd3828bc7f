/** The checkers process: the checkers' loop on real connections and the service table of this network namespace. */
import { isKernelError } from '../kernel/errors.ts'
import { serviceTable } from '../kernel/service-table.ts'
import { Checkers } from './checkers.ts'
import type { ChildLoop } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { followFile } from './follow-file.ts'
import { watchNewLinks } from './new-links.ts'
import { openNote } from './note.ts'
import { openChannel } from './open-channel.ts'
import { openOutlets } from './open-outlets.ts'
import type { Outbox } from './outbox.ts'
import { watchOwnAddresses } from './own-addresses.ts'
import { isOwnedNames } from './owned-names.ts'
import { runFile } from './run-directory.ts'
import { wakeTimer } from './wake-timer.ts'

export function openCheckerProcess(outbox: Outbox): ChildLoop {
  const table = serviceTable()
  watchNewLinks(() => {
    try {
      table.made?.attach()
    } catch (error) {
      // It may be gone again already.
      if (!isKernelError(error)) throw error
      outbox.log(error.message)
    }
  })
  // What came between the opening and the watching.
  table.made?.attach()
  const own = watchOwnAddresses(() => checkers.addressesChanged())
  const checkers: Checkers = new Checkers({
    now: monotonicNow,
    random: Math.random,
    wake: wakeTimer,
    soon: callback => void setImmediate(callback),
    open: openChannel,
    holds: address => own.has(address),
    follow: followFile,
    outlets: openOutlets(text => outbox.log(text)),
    table,
    owned: openNote(runFile('services.json'), isOwnedNames),
    drained: openNote(runFile('drained.json'), isNames),
    log: text => outbox.log(text),
    wallClockMs,
  })
  return {
    configure: configuration => checkers.configure(configuration),
    report: () => ({ virtualServers: checkers.report(), alarms: [] }),
    hear: message => {
      if (message.type === 'tracked' && message.verdicts.bfd !== undefined) checkers.detected(message.verdicts.bfd)
    },
    drain: (server, drained) => checkers.drain(server, drained),
    stop: () => checkers.stop(),
  }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string')
}
