/** `sluice run`: the daemon in the foreground, from the first check of its surroundings to the exit status. */
import { closeSync, rmSync, writeFileSync } from 'node:fs'
import type { LoadOptions } from '../config/load.ts'
import { missingPrivilege } from '../kernel/process.ts'
import type { Configuration } from '../model/configuration.ts'
import { type LogEntry, logLine } from '../observe/log-line.ts'
import { ClearedCounts } from './cleared-counts.ts'
import { openControlServer } from './control-server.ts'
import { type Dump, writeDump } from './dump-files.ts'
import { loadUsable } from './load.ts'
import { lockFile } from './lock-file.ts'
import { onSignalNumber } from './real-time-signal.ts'
import { enterRunDirectory, leaveRunDirectory, runFile } from './run-directory.ts'
import { openServiceManager } from './service-manager.ts'
import { Supervisor } from './supervisor.ts'

export interface RunOptions {
  readonly file: string
  /** -D: log lines that keepalived calls detail. */
  readonly logDetail: boolean
  readonly load?: LoadOptions | undefined
  readonly only?: 'vrrp' | 'checkers' | undefined
  readonly withoutBfd?: boolean | undefined
  /** Where the log goes; standard error unless said otherwise. */
  readonly log?: ((entry: LogEntry) => void) | undefined
  readonly pidFiles?: PidFiles | undefined
}

/** Where process ids are written for those who look there. */
export interface PidFiles {
  readonly parent: string
  readonly elections: string
  readonly checkers: string
  readonly bfd: string
}

/** The signals that ask for a dump, by name or number. */
const DUMP_SIGNALS: readonly (readonly [NodeJS.Signals | number, Dump])[] = [
  ['SIGUSR1', 'data'],
  ['SIGUSR2', 'stats'],
  [36, 'json'],
]
/** SIGRTMAX-1: the statistics, which begin anew with it. */
const STATS_CLEAR = 63

const print = (text: string): void => void process.stderr.write(text)
const toStandardError = (entry: LogEntry): void => print(`${logLine(entry)}\n`)

/** Runs until it is told to stop; the exit status: 0 stopped, 1 could not start. Messages go to standard error. */
export async function run(options: RunOptions): Promise<number> {
  const { file, logDetail, only, withoutBfd, pidFiles, log = toStandardError } = options
  const load = () => loadUsable(file, print, options.load)
  const configuration = load()
  if (configuration === undefined) return 1
  const missing = missingPrivilege(needs(configuration))
  if (missing !== undefined) return refuse(missing)

  enterRunDirectory()
  const lock = lockFile(runFile('daemon.pid'))
  if (!lock.ours) {
    const remedy = `stop it first, or let it read ${file} again with "kill -HUP ${lock.holder}"`
    return refuse(`a sluice daemon runs in this network namespace already (pid ${lock.holder}): ${remedy}`)
  }
  const manager = openServiceManager(process.env)
  const supervisor = new Supervisor(configuration, {
    file,
    logDetail,
    print,
    log,
    load,
    only,
    withoutBfd,
    onChild: (role, pid) => {
      if (role !== 'scripts') notePid(pidFiles?.[role], pid)
    },
    onPhase: phase => manager.phase(phase),
  })
  const control = await openControlServer(runFile('control.sock'), request =>
    request.command === 'status'
      ? supervisor.snapshot()
      : supervisor.drain(request.server, request.command === 'drain'),
  )
  notePid(pidFiles?.parent, process.pid)
  process.on('SIGHUP', () => supervisor.reload())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.stop())
  const cleared = new ClearedCounts()
  onSignalNumber(STATS_CLEAR, () => void dumpState(supervisor, 'stats', cleared, true))
  for (const [signal, dump] of DUMP_SIGNALS) {
    const onSignal = () => void dumpState(supervisor, dump, cleared)
    if (typeof signal === 'number') onSignalNumber(signal, onSignal)
    else process.on(signal, onSignal)
  }
  // Our own mistake must not leave the addresses to children whose death nobody would notice.
  process.on('uncaughtException', error => {
    print(`${error.stack}\n`)
    supervisor.stop(70)
  })
  // A log that nobody reads any more is no reason to stop.
  process.stderr.on('error', () => {})
  supervisor.start()
  const status = await supervisor.end
  control.close()
  manager.close()
  for (const path of Object.values(pidFiles ?? {})) notePid(path, undefined)
  leaveRunDirectory()
  closeSync(lock.fd)
  return status
}

async function dumpState(supervisor: Supervisor, dump: Dump, cleared: ClearedCounts, clear = false): Promise<void> {
  try {
    const snapshot = await supervisor.snapshot()
    const path = writeDump(dump, supervisor.configuration, cleared.since(snapshot))
    if (clear) cleared.clear(snapshot)
    supervisor.say(`Printing VRRP ${dump} on signal to ${path}`)
  } catch (error) {
    supervisor.say(`cannot write the ${dump}: ${(error as Error).message}`)
  }
}

/** Nobody's file: one that cannot be written is no reason to stop. */
function notePid(path: string | undefined, pid: number | undefined): void {
  if (path === undefined) return
  try {
    if (pid === undefined) rmSync(path, { force: true })
    else writeFileSync(path, `${pid}\n`)
  } catch (error) {
    print(`sluice: cannot write the pid file ${path}: ${(error as Error).message}\n`)
  }
}

function needs({ vrrpInstances, virtualServers }: Configuration): Parameters<typeof missingPrivilege>[0] {
  return {
    ...(vrrpInstances.length > 0 && {
      CAP_NET_ADMIN: 'put virtual addresses on interfaces',
      CAP_NET_RAW: 'send VRRP advertisements',
    }),
    ...(virtualServers.length > 0 && {
      CAP_NET_ADMIN: 'attach the balancer to interfaces',
      CAP_BPF: 'load the balancer into the kernel',
      CAP_SYS_ADMIN: 'mount the file system that keeps its tables',
    }),
  }
}

function refuse(sentence: string): number {
  print(`sluice: ${sentence}\n`)
  return 1
}
