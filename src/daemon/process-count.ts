/**
 * How many processes of each tracked kind run, by what the kernel tells of starts and ends. Where it does not tell (in
 * most containers), all of /proc is read every so often instead.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { isKernelError } from '../kernel/errors.ts'
import { Poller } from '../kernel/poller.ts'
import { ProcessMonitor } from '../kernel/process-monitor.ts'
import type { TrackedProcess } from '../model/script.ts'
import { matchProcess, type SeenProcess } from '../tracking/match-process.ts'

export interface ProcessCount {
  /** Changes whom it counts, and tells their numbers now. */
  count(tracked: readonly TrackedProcess[]): void
  close(): void
}

const LOOK_MS = 1000

/** `onCount` hears the number of each kind at first, and whenever it may be another. */
export function countProcesses(
  onCount: (process: TrackedProcess, count: number) => void,
  log: (text: string) => void,
): ProcessCount {
  let tracked: readonly TrackedProcess[] = []
  /** The kinds that each process is of; processes that are of none are not here. */
  const kinds = new Map<number, readonly TrackedProcess[]>()
  const tell = () => {
    const numbers = new Map(tracked.map(process => [process, 0]))
    for (const some of kinds.values()) for (const process of some) numbers.set(process, (numbers.get(process) ?? 0) + 1)
    for (const [process, count] of numbers) onCount(process, count)
  }
  const look = (pid: number) => {
    const seen = seenProcess(pid)
    const matching = seen === undefined ? [] : tracked.filter(process => matchProcess(process, seen))
    if (matching.length > 0) kinds.set(pid, matching)
    else kinds.delete(pid)
  }
  const lookAtAll = () => {
    kinds.clear()
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) look(Number(name))
    tell()
  }
  const stopHearing = hear(monitor => {
    let changed = false
    for (let event = monitor.receive(); event !== undefined; event = monitor.receive()) {
      const before = event.type === 'overrun' ? undefined : kinds.get(event.pid)
      switch (event.type) {
        case 'overrun':
          lookAtAll()
          break
        case 'fork': {
          // A child is its parent's likeness until it runs another program.
          const likeness = kinds.get(event.parent)
          if (likeness !== undefined) kinds.set(event.pid, likeness)
          break
        }
        case 'changed':
          look(event.pid)
          break
        case 'exit':
          kinds.delete(event.pid)
      }
      if (event.type !== 'overrun' && kinds.get(event.pid) !== before) changed = true
    }
    if (changed) tell()
  })
  let timer: NodeJS.Timeout | undefined
  if (typeof stopHearing === 'string') {
    log(`${stopHearing}; processes are looked for every ${LOOK_MS / 1000} s instead`)
    timer = setInterval(lookAtAll, LOOK_MS)
  }
  return {
    count: processes => {
      tracked = processes
      lookAtAll()
    },
    close: () => {
      clearInterval(timer)
      if (typeof stopHearing !== 'string') stopHearing()
    },
  }
}

/** What ends it, or why the kernel does not tell. */
function hear(onNews: (monitor: ProcessMonitor) => void): (() => void) | string {
  try {
    const monitor = new ProcessMonitor()
    const poller = new Poller()
    poller.watch(monitor.fd, () => onNews(monitor))
    return () => {
      poller.close()
      monitor.close()
    }
  } catch (error) {
    if (!isKernelError(error)) throw error
    return error.message
  }
}

/** Undefined if it is gone, or a zombie, which has no words any more. */
function seenProcess(pid: number): SeenProcess | undefined {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    return argv.length === 0 ? undefined : { name: readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd(), argv }
  } catch {
    return undefined
  }
}
