/** The checkers process: the checkers' loop on real connections and the service table of this network namespace. */
import type { UnmadeTable } from '../balancer/unmade-table.ts'
import { isKernelError } from '../kernel/errors.ts'
import { type PinnedTable, serviceTable } from '../kernel/service-table.ts'
import type { DataPathSnapshot } from '../observe/snapshot.ts'
import { tableAlarms, tableNews } from '../observe/table-watch.ts'
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
  watchTable(table, outbox)
  return {
    configure: configuration => checkers.configure(configuration),
    report: () => {
      const dataPath = dataPathOf(table)
      const alarms = dataPath === undefined ? [] : tableAlarms(dataPath)
      return { virtualServers: checkers.report(), dataPath, alarms }
    },
    hear: message => {
      if (message.type === 'tracked' && message.verdicts.bfd !== undefined) checkers.detected(message.verdicts.bfd)
    },
    drain: (server, drained) => checkers.drain(server, drained),
    stop: () => checkers.stop(),
  }
}

/** Undefined while there is no table. */
function dataPathOf(table: UnmadeTable<PinnedTable>): DataPathSnapshot | undefined {
  const { made } = table
  if (made === undefined) return undefined
  const refusals = Object.fromEntries(Object.entries(made.refusals()).map(([reason, count]) => [reason, Number(count)]))
  return { connections: made.fill(), refusals }
}

/** Looks now and then whether packets were dropped for want of room; what was before our time is not told. */
function watchTable(table: UnmadeTable<PinnedTable>, outbox: Outbox): void {
  let before = dataPathOf(table)
  setInterval(() => {
    const now = dataPathOf(table)
    if (now !== undefined) for (const line of tableNews(before, now)) outbox.log(line)
    before = now
  }, TABLE_WATCH_MS).unref()
}

const TABLE_WATCH_MS = 5000

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string')
}
