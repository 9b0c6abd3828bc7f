/** The processes in a network namespace. Who is in it is asked of the kernel: no list of ours could go stale. */
import { fstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace } from '../kernel/namespace.ts'

export interface Process {
  readonly pid: number
  readonly words: readonly string[]
}

export function processesIn(namespace: Namespace): Process[] {
  const { dev, ino } = fstatSync(namespace.fd)
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const home = statSync(`/proc/${pid}/ns/net`)
        if (home.dev !== dev || home.ino !== ino) return []
        return [{ pid: Number(pid), words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1) }]
      } catch {
        // It has ended meanwhile.
        return []
      }
    })
}

const PATIENCE_MS = 4000
const POLL_MS = 20

/** Ends whatever runs there: asked kindly first, with time to say farewell, then killed. */
export async function endProcesses(namespaces: readonly Namespace[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  signalAll(namespaces, 'SIGTERM')
  while (namespaces.some(namespace => processesIn(namespace).length > 0)) {
    if (performance.now() > deadline) signalAll(namespaces, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

function signalAll(namespaces: readonly Namespace[], signal: NodeJS.Signals): void {
  for (const namespace of namespaces) for (const { pid } of processesIn(namespace)) sendSignal(pid, signal)
}

/** False if it has ended. A negative number means a process group. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
