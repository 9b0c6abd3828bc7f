/** keepalived as the daemon: where it runs and where it logs, as its options say. */
import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { run } from '../../daemon/run.ts'
import { facilityNumber, openSystemLog } from '../../daemon/system-log.ts'
import { inNamespace, openNamespace } from '../../kernel/namespace.ts'
import { type LogEntry, logLine } from '../../observe/log-line.ts'
import type { KeepalivedOptions } from './options.ts'

/** Says to a child of ours that it is in the namespace already. */
const INSIDE = 'SLUICE_INSIDE_NAMESPACE'

/** Options of keepalived that sluice reads and does nothing for; each with what it means for whoever gives it. */
const WITHOUT_EFFECT: Readonly<Partial<Record<keyof KeepalivedOptions, string>>> = {
  keepVrrp: '-V: addresses are always given up when it stops',
  keepIpvs: '-I: services are always removed when it stops',
  noRespawn: '-R: a process that dies is always started again',
  releaseVips: '-X: addresses are always given up on a signal',
  allProcesses: '--all: a process that has nothing to do is not started',
  logAddresses: '-a: of addresses that come and go the log has those of its instances',
  dumpConfiguration: '-d: send SIGUSR1 for the configuration, or use sluice fmt',
  allFiles: '-e: write include_check in the file instead',
  snmp: '-x: there is no SNMP agent',
  snmpSocket: '-A: there is no SNMP agent',
  coreDump: '-m: see ulimit(1)',
  coreDumpPattern: '-M: see core(5)',
}

/** Resolves to the exit status. */
export async function runKeepalived(options: KeepalivedOptions & { readonly file: string }): Promise<number> {
  for (const [option, meaning] of Object.entries(WITHOUT_EFFECT))
    if (options[option as keyof KeepalivedOptions] !== undefined)
      process.stderr.write(`keepalived: no effect of ${meaning}\n`)
  const { namespace } = options
  if (namespace !== undefined && process.env[INSIDE] !== namespace) return await runInside(namespace)
  if (options.foreground !== true && process.env.SLUICE_DAEMON === undefined) return detach()
  if (options.umask !== undefined) process.umask(Number.parseInt(options.umask, 8))
  const only = options.onlyVrrp === true ? 'vrrp' : options.onlyCheckers === true ? 'checkers' : undefined
  return await run({
    file: options.file,
    logDetail: options.logDetail ?? false,
    load: { configId: options.configId, lenient: true },
    only: options.onlyVrrp === true && options.onlyCheckers === true ? undefined : only,
    withoutBfd: options.noBfd,
    log: logOf(options),
    pidFiles: {
      parent: options.pidFile ?? '/run/keepalived.pid',
      elections: options.vrrpPidFile ?? '/run/vrrp.pid',
      checkers: options.checkersPidFile ?? '/run/checkers.pid',
      bfd: options.bfdPidFile ?? '/run/bfd.pid',
    },
  })
}

function logOf({ logConsole, noSyslog, logFacility }: KeepalivedOptions): (entry: LogEntry) => void {
  const facility = logFacility === undefined ? undefined : facilityNumber(logFacility)
  const system = noSyslog === true ? undefined : openSystemLog(facility)
  return entry => {
    if (logConsole === true) process.stderr.write(`${logLine(entry)}\n`)
    system?.(entry)
  }
}

/** The same again in another network namespace; it gets our signals, and we its status. */
async function runInside(name: string): Promise<number> {
  using namespace = openNamespace(name)
  const child = inNamespace(namespace, () => again({ [INSIDE]: name }, 'inherit'))
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => child.kill(signal))
  return await new Promise(resolve => child.once('exit', status => resolve(status ?? 1)))
}

/** The same again in a session of its own, without a terminal; this process ends. */
function detach(): number {
  again({ SLUICE_DAEMON: '1' }, 'ignore').unref()
  return 0
}

function again(environment: Readonly<Record<string, string>>, stdio: 'inherit' | 'ignore'): ChildProcess {
  const [script = '', ...words] = process.argv.slice(1)
  // By its real name it is sluice, and told what to be by its first word.
  const own = words[0] === 'keepalived' ? words : ['keepalived', ...words]
  return spawn(process.execPath, [...process.execArgv, realpathSync(script), ...own], {
    stdio,
    detached: stdio === 'ignore',
    env: { ...process.env, ...environment },
  })
}
