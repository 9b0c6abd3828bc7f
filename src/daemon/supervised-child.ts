/**
 * One child of the supervisor: this executable again, with the hidden arguments that make it a child. It is started
 * again when it dies (`respawn.ts`), and reminded of its configuration each time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import type { Configuration } from '../model/configuration.ts'
import type { LogEntry } from '../observe/log-line.ts'
import type { ProcessSnapshot, Role } from '../observe/snapshot.ts'
import { CHILD_COMMAND } from './child.ts'
import { monotonicNow, wallClockMs } from './clock.ts'
import { goFirst } from './go-first.ts'
import type { FromChild, Report, TellTale, ToChild } from './messages.ts'
import { firstLife, type RespawnState, respawn } from './respawn.ts'

export interface ChildEvents {
  readonly log: (entry: LogEntry) => void
  /** The supervisor's own words about this child. */
  readonly say: (text: string) => void
  /** What it has to tell another child. */
  readonly tell: (message: TellTale) => void
  /** What it must know before anything else, each time it starts. */
  readonly remind: () => readonly TellTale[]
  readonly started: (pid: number | undefined) => void
  /** It is no use to start this child again. */
  readonly unable: (sentence: string) => void
}

/** How keepalived's log calls its children. */
const TITLES: Readonly<Record<Role, string>> = {
  elections: 'VRRP',
  checkers: 'Healthcheck',
  scripts: 'Script',
  bfd: 'BFD',
}

const STOP_PATIENCE_MS = 5000
const MISSED_MAX = 1000
const REPORT_PATIENCE_MS = 1000

export class SupervisedChild {
  readonly role: Role
  readonly #events: ChildEvents
  #configuration: Configuration
  #process: ChildProcess | undefined
  #life: RespawnState
  #restarts = 0
  #respawnTimer: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined
  #requestId = 0
  readonly #reports = new Map<number, (report: Report) => void>()
  readonly #drains = new Map<number, (servers: readonly string[]) => void>()
  #lastReport: Report = { alarms: [] }
  readonly #missed: TellTale[] = []
  readonly #configured: Promise<void>
  #reportConfigured: () => void = () => {}

  constructor(role: Role, configuration: Configuration, events: ChildEvents) {
    this.role = role
    this.#configuration = configuration
    this.#events = events
    this.#configured = new Promise(resolve => {
      this.#reportConfigured = resolve
    })
    this.#life = firstLife(monotonicNow())
    this.#start()
  }

  /** Resolves once the first configuration is at work. */
  get configured(): Promise<void> {
    return this.#configured
  }

  reconfigure(configuration: Configuration): void {
    this.#configuration = configuration
    this.#send({ type: 'configure', configuration })
  }

  /** What another child has to tell. What is said while it is dead it is told when it starts, or reminded of. */
  hear(message: TellTale): void {
    if (this.#process !== undefined) this.#send(message)
    else if (message.type === 'notice' && this.#missed.length < MISSED_MAX) this.#missed.push(message)
  }

  /** Its part of the snapshot, or the last one that is known if it does not answer. */
  async report(): Promise<Report> {
    if (this.#process === undefined) return this.#deadReport()
    const id = ++this.#requestId
    const answer = new Promise<Report>(resolve => this.#reports.set(id, resolve))
    this.#send({ type: 'report', id })
    const patience = patienceFor(REPORT_PATIENCE_MS)
    const report = await Promise.race([answer, patience.over])
    patience.cancel()
    this.#reports.delete(id)
    if (report !== undefined) return report
    return { ...this.#lastReport, alarms: [...this.#lastReport.alarms, `the ${this.role} process does not answer`] }
  }

  /** The endpoints that were meant; undefined if it does not answer. */
  async drain(server: string, drained: boolean): Promise<readonly string[] | undefined> {
    const id = ++this.#requestId
    const answer = new Promise<readonly string[]>(resolve => this.#drains.set(id, resolve))
    this.#send({ type: 'drain', id, server, drained })
    const patience = patienceFor(REPORT_PATIENCE_MS)
    const servers = await Promise.race([answer, patience.over])
    patience.cancel()
    this.#drains.delete(id)
    return servers
  }

  snapshot(): ProcessSnapshot {
    return {
      role: this.role,
      pid: this.#process?.pid,
      startedAtMs: wallClockMs(this.#life.startedAt),
      restarts: this.#restarts,
    }
  }

  /** Lets it finish in good order; kills it if that takes too long. Resolves when it is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#respawnTimer)
    const child = this.#process
    if (child === undefined) return
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
    this.#send({ type: 'stop' })
    const patience = patienceFor(STOP_PATIENCE_MS)
    if ((await Promise.race([gone.then(() => 'gone'), patience.over])) === undefined) {
      this.#events.say(`${TITLES[this.role]} child process(${child.pid}) does not stop: killed`)
      child.kill('SIGKILL')
    }
    patience.cancel()
    await gone
  }

  #start(): void {
    const [script = ''] = process.argv.slice(1)
    const child = spawn(process.execPath, [...process.execArgv, realpathSync(script), CHILD_COMMAND, this.role], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#process = child
    // From its first instruction on: a router that returns from a crash has three intervals to be back unmissed.
    if ((this.role === 'elections' || this.role === 'bfd') && child.pid !== undefined) goFirst(child.pid)
    child.on('message', message => this.#hear(message as FromChild))
    child.on('error', error => this.#events.say(`${TITLES[this.role]} child process: ${error.message}`))
    child.once('exit', (code, signal) => this.#died(code, signal))
    this.#events.say(`Starting ${TITLES[this.role]} child process, pid=${child.pid}`)
    this.#events.started(child.pid)
    for (const message of this.#events.remind()) this.#send(message)
    this.#send({ type: 'configure', configuration: this.#configuration })
    for (const message of this.#missed.splice(0)) this.#send(message)
  }

  #hear(message: FromChild): void {
    switch (message.type) {
      case 'log':
        this.#events.log(message.entry)
        return
      case 'configured':
        this.#reportConfigured()
        return
      case 'report':
        this.#lastReport = message.report
        this.#reports.get(message.id)?.(message.report)
        return
      case 'drained':
        this.#drains.get(message.id)?.(message.servers)
        return
      case 'tracked':
      case 'notice':
        this.#events.tell(message)
        return
      case 'stopped':
        return
      case 'unable':
        this.#events.unable(message.sentence)
    }
  }

  #died(code: number | null, signal: NodeJS.Signals | null): void {
    const pid = this.#process?.pid
    this.#process = undefined
    if (this.#stopping !== undefined) return
    const how = signal === null ? `exited with status ${code}` : `exited due to signal ${signal}`
    this.#events.say(`${TITLES[this.role]} child process(${pid}) ${how}: Respawning`)
    const now = monotonicNow()
    this.#life = respawn(this.#life, now)
    this.#restarts++
    this.#respawnTimer = setTimeout(() => this.#start(), this.#life.startedAt - now)
  }

  /** What it said when it was alive; that it is not is said too. */
  #deadReport(): Report {
    return { ...this.#lastReport, alarms: [`the ${this.role} process is dead and will be started again`] }
  }

  #send(message: ToChild): void {
    if (this.#process?.connected) this.#process.send(message, () => {})
  }
}

function patienceFor(ms: number): { readonly over: Promise<undefined>; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return { over, cancel: () => clearTimeout(timer) }
}
