/**
 * A program in a process group of its own. To end it is to end all of the group: a script that forks and hangs leaves
 * nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Account } from '../kernel/account.ts'

export interface ProcessGroup {
  /** TERM to everybody in it, KILL to whoever is left when its first process has ended, or two seconds later. */
  end(): void
}

export interface ProcessEnd {
  readonly status: number | undefined
  readonly signal: NodeJS.Signals | undefined
  /** It could not be started. */
  readonly error: Error | undefined
}

/** As keepalived: time enough to clean up. */
const PATIENCE_MS = 2000
const probes = new Set<number>()
process.on('exit', () => {
  for (const group of probes) signalGroup(group, 'SIGKILL')
})

/** For a probe: it is killed if this process exits. `onExit` is not called after `end`. */
export function startProbe(argv: readonly string[], account: Account, onExit: (end: ProcessEnd) => void): ProcessGroup {
  const child = start(argv, account)
  const { pid } = child
  if (pid !== undefined) {
    probes.add(pid)
    child.once('exit', () => probes.delete(pid))
  }
  return group(child, onExit)
}

/** For a notification: it goes on when this process exits. */
export function startProcess(
  argv: readonly string[],
  account: Account,
  onExit: (end: ProcessEnd) => void,
): ProcessGroup {
  return group(start(argv, account), onExit)
}

/** With nothing on its standard streams, and never through a shell. */
function start(argv: readonly string[], account: Account): ChildProcess {
  const [program = '', ...words] = argv
  const other = account.uid !== process.getuid?.() || account.gid !== process.getgid?.()
  return spawn(program, words, { ...(other ? account : {}), detached: true, stdio: 'ignore' })
}

function group(child: ChildProcess, onExit: (end: ProcessEnd) => void): ProcessGroup {
  const { pid } = child
  let ended = false
  let ending = false
  let timer: NodeJS.Timeout | undefined
  child.once('error', error => {
    if (!ending && pid === undefined) onExit({ status: undefined, signal: undefined, error })
  })
  child.once('exit', (code, signal) => {
    ended = true
    if (!ending) return onExit({ status: code ?? undefined, signal: signal ?? undefined, error: undefined })
    // At once, before its number may be another's.
    clearTimeout(timer)
    if (pid !== undefined) signalGroup(pid, 'SIGKILL')
  })
  return {
    end: () => {
      if (ending || ended || pid === undefined) return
      ending = true
      signalGroup(pid, 'SIGTERM')
      timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), PATIENCE_MS)
    },
  }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name)
  } catch {
    // Nobody is left.
  }
}
