/** `sluice run`: the daemon in the foreground, from the first check of its surroundings to the exit status. */
import { closeSync } from 'node:fs'
import { missingPrivilege } from '../kernel/process.ts'
import type { Configuration } from '../model/configuration.ts'
import { openControlServer } from './control-server.ts'
import { loadUsable } from './load.ts'
import { lockFile } from './lock-file.ts'
import { enterRunDirectory, leaveRunDirectory, runFile } from './run-directory.ts'
import { Supervisor } from './supervisor.ts'

export interface RunOptions {
  readonly file: string
  /** -D: log lines that keepalived calls detail. */
  readonly logDetail: boolean
}

const print = (text: string): void => void process.stderr.write(text)

/** Runs until it is told to stop; the exit status: 0 stopped, 1 could not start. Messages go to standard error. */
export async function run({ file, logDetail }: RunOptions): Promise<number> {
  const configuration = loadUsable(file, print)
  if (configuration === undefined) return 1
  const missing = missingPrivilege(needs(configuration))
  if (missing !== undefined) return refuse(missing)

  enterRunDirectory()
  const lock = lockFile(runFile('daemon.pid'))
  if (!lock.ours) {
    const remedy = `stop it first, or let it read ${file} again with "kill -HUP ${lock.holder}"`
    return refuse(`a sluice daemon runs in this network namespace already (pid ${lock.holder}): ${remedy}`)
  }
  const supervisor = new Supervisor(configuration, { file, logDetail, print, load: () => loadUsable(file, print) })
  const control = await openControlServer(runFile('control.sock'), request =>
    request.command === 'status'
      ? supervisor.snapshot()
      : supervisor.drain(request.server, request.command === 'drain'),
  )
  process.on('SIGHUP', () => supervisor.reload())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.stop())
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
  leaveRunDirectory()
  closeSync(lock.fd)
  return status
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
