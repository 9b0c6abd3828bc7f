/** A host of the lab: a network namespace, and what can be done there. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inNamespace, type Namespace } from '../kernel/namespace.ts'
import { hostEnvironment } from './executable.ts'
import type { HostPlan } from './topology.ts'

export interface Finished {
  readonly status: number
  /** Both streams, as a terminal would show them. */
  readonly output: string
}

export class Host {
  readonly plan: HostPlan
  readonly namespace: Namespace
  /** Where its processes write what they have to say. */
  readonly logFile: string
  readonly #directory: string

  constructor(plan: HostPlan, namespace: Namespace, directory: string) {
    this.plan = plan
    this.namespace = namespace
    this.#directory = directory
    this.logFile = join(directory, `${plan.name}.log`)
  }

  /** What `work` returns, done on this host. It must be synchronous. */
  here<T>(work: () => T): T {
    return inNamespace(this.namespace, work)
  }

  /** The last line of its log. */
  lastWords(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').at(-1) ?? ''
  }

  /** Starts a process that writes to the host's log and leads a process group, so that all of it can be ended at once. */
  start([program, ...words]: readonly [string, ...string[]], channel: 'none' | 'ipc' = 'none'): ChildProcess {
    mkdirSync(join(this.logFile, '..'), { recursive: true })
    const log = openSync(this.logFile, 'a')
    const ipc = channel === 'ipc' ? (['ipc'] as const) : []
    const options: SpawnOptions = { stdio: ['ignore', log, log, ...ipc], detached: true, env: hostEnvironment() }
    try {
      return this.here(() => spawn(program, words, options))
    } finally {
      closeSync(log)
    }
  }

  /** Runs a command to its end, in the directory of the configurations. */
  run([program, ...words]: readonly [string, ...string[]]): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.#directory, env: hostEnvironment() }
      const child = this.here(() => spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }))
      let output = ''
      const take = (chunk: string) => {
        output += chunk
      }
      child.stdout.setEncoding('utf8').on('data', take)
      child.stderr.setEncoding('utf8').on('data', take)
      child.on('error', reject)
      child.on('close', code => resolve({ status: code ?? 1, output }))
    })
  }
}
