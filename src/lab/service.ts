import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from './host.ts'
import { processesIn, sendSignal } from './processes.ts'

const POLL_MS = 5

export interface ServiceOptions {
  /** Before other processes where processor time is short, as a director's unit file has it (`Nice=-20`). */
  readonly goesFirst?: boolean
}

/** A process that is to run on a host, with the processes that it starts. */
export class Service {
  readonly host: Host
  readonly #words: readonly [string, ...string[]]
  readonly #goesFirst: boolean
  #process: ChildProcess | undefined

  constructor(host: Host, words: readonly [string, ...string[]], { goesFirst = false }: ServiceOptions = {}) {
    this.host = host
    this.#words = words
    this.#goesFirst = goesFirst
  }

  start(): void {
    this.#process = this.host.start(this.#words)
    const { pid } = this.#process
    if (this.#goesFirst && pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGHEST)
  }

  /** Told to stop, as `systemctl stop` would. Resolves when it has ended. */
  async stop(): Promise<void> {
    await this.#end(pid => sendSignal(pid, 'SIGTERM'))
  }

  /** Killed with all its processes, with no time to say farewell. Resolves when they are gone. */
  async kill(): Promise<void> {
    await this.#end(leader => sendSignal(-leader, 'SIGKILL'))
    while (processesIn(this.host.namespace).length > 0) await sleep(POLL_MS)
  }

  /** It goes on when this process ends. */
  letGo(): void {
    this.#process?.unref()
  }

  /** It has ended by itself, which it should not. */
  get failed(): boolean {
    return this.#process !== undefined && hasEnded(this.#process)
  }

  async #end(signal: (pid: number) => void): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child?.pid === undefined || hasEnded(child)) return
    const ended = once(child, 'exit')
    signal(child.pid)
    await ended
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
