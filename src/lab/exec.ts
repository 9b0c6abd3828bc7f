import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure } from '../diagnostics/failure.ts'
import { hostEnvironment } from './executable.ts'
import { standingCluster } from './standing.ts'
import type { HostName } from './topology.ts'

/** Runs a command on a host, with this terminal. Its exit status, as a shell would tell it. */
export function exec(name: HostName, [program, ...words]: readonly [string, ...string[]]): Promise<number> {
  const host = standingCluster().host(name)
  // The terminal tells the command too; it decides.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const child = host.here(() => spawn(program, words, { stdio: 'inherit', env: hostEnvironment() }))
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Failure(`there is no program ${program} here`) : error),
    )
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
