/**
 * The first process of the daemon. It reads the configuration, starts a process for the elections, one for the checkers,
 * one for scripts and one for BFD, writes their log, answers `sluice status`, and does nothing that could delay either of them.
 */
import { changesText, compareConfigurations } from '../config/compare-configurations.ts'
import type { Configuration } from '../model/configuration.ts'
import type { LogEntry } from '../observe/log-line.ts'
import type { Role, Snapshot } from '../observe/snapshot.ts'
import { NO_VERDICTS, type Verdicts } from '../tracking/verdict.ts'
import type { TellTale } from './messages.ts'
import { needsScripts } from './needs-scripts.ts'
import { runTimed } from './run-timed.ts'
import type { Phase } from './service-manager.ts'
import { SupervisedChild } from './supervised-child.ts'
import { SyncKeeper } from './sync-keeper.ts'

export interface SupervisorOptions {
  readonly file: string
  readonly logDetail: boolean
  /** Sentences for whoever started us. */
  readonly print: (text: string) => void
  /** The log, wherever it goes. */
  readonly log: (entry: LogEntry) => void
  /** What of the configuration is not for this daemon is left out; undefined: all of it is. */
  readonly only?: 'vrrp' | 'checkers' | undefined
  /** No BFD sessions, whatever is configured. */
  readonly withoutBfd?: boolean | undefined
  /** A child was started, or is gone for good. */
  readonly onChild?: ((role: Role, pid: number | undefined) => void) | undefined
  readonly onPhase?: ((phase: Phase) => void) | undefined
  /** The configuration as the file has it now; undefined, after saying why, if it cannot be used. */
  readonly load: () => Configuration | undefined
}

const LOG_KEPT = 200

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #startedAtMs = Date.now()
  readonly #log: LogEntry[] = []
  readonly #children = new Map<Role, SupervisedChild>()
  readonly #sync: SyncKeeper = new SyncKeeper(text => this.#say(text))
  #configuration: Configuration
  #reloadRefused = false
  /** What scripts and BFD said last, for a process that starts again. */
  #verdicts: Verdicts = NO_VERDICTS
  #turn: Promise<void> = Promise.resolve()
  #stopping = false
  #ended: (status: number) => void = () => {}
  /** Resolves with the exit status when everything has come to its end. */
  readonly end: Promise<number>

  constructor(configuration: Configuration, options: SupervisorOptions) {
    this.#configuration = configuration
    this.#options = options
    this.end = new Promise(resolve => {
      this.#ended = resolve
    })
  }

  start(): void {
    this.#say(`Configuration file ${this.#options.file}`)
    this.#inTurn(async () => {
      const { global } = this.#configuration
      const say = (text: string) => this.#say(text)
      if (global.startupScript !== undefined) await runTimed('startup', global.startupScript, global, say)
      if (this.#stopping) return
      await this.#arrange()
      void Promise.all([...this.#children.values()].map(child => child.configured)).then(() => {
        if (this.#stopping) return
        this.#say('Startup complete')
        this.#options.onPhase?.('ready')
      })
    })
  }

  /** Reads the configuration again. If it cannot be used, everything stays as it is. */
  reload(): void {
    this.#inTurn(async () => {
      if (this.#stopping) return
      this.#say('Reloading ...')
      this.#options.onPhase?.('reloading')
      const configuration = this.#options.load()
      this.#reloadRefused = configuration === undefined
      if (configuration === undefined) {
        this.#say(`${this.#options.file} is not usable: reload refused, everything stays as it is`)
        this.#options.onPhase?.('ready')
        return
      }
      const changes = changesText(compareConfigurations(this.#configuration, configuration))
      this.#say(changes === '' ? 'Nothing changed' : `Changes: ${changes}`)
      this.#configuration = configuration
      // Also where nothing changed: what others took from the kernel is put back.
      await this.#arrange()
      this.#say('Reload complete')
      this.#options.onPhase?.('ready')
    })
  }

  /** The elections end first, so that the addresses are with the other router when the services go. */
  stop(status = 0): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#inTurn(async () => {
      this.#say('Stopping')
      this.#options.onPhase?.('stopping')
      await this.#children.get('elections')?.stop()
      // After the elections, whose last word may be for a script or a mail.
      await this.#children.get('scripts')?.stop()
      await this.#sync.stop()
      await this.#children.get('checkers')?.stop()
      await this.#children.get('bfd')?.stop()
      const { global } = this.#configuration
      const say = (text: string) => this.#say(text)
      if (global.shutdownScript !== undefined) await runTimed('shutdown', global.shutdownScript, global, say)
      this.#say('Stopped')
      this.#ended(status)
    })
  }

  get configuration(): Configuration {
    return this.#configuration
  }

  /** A line in the log of this process. */
  say(text: string): void {
    this.#say(text)
  }

  async snapshot(): Promise<Snapshot> {
    const children = [...this.#children.values()]
    const reports = await Promise.all(children.map(child => child.report()))
    const refused = this.#reloadRefused ? [`the last reload was refused: ${this.#options.file} has errors`] : []
    return {
      version: 1,
      pid: process.pid,
      routerId: this.#configuration.global.routerId,
      configurationFile: this.#options.file,
      startedAtMs: this.#startedAtMs,
      takenAtMs: Date.now(),
      processes: children.map(child => child.snapshot()),
      vrrp: reports.flatMap(report => report.vrrp ?? []),
      virtualServers: reports.flatMap(report => report.virtualServers ?? []),
      bfd: reports.flatMap(report => report.bfd ?? []),
      dataPath: reports.find(report => report.dataPath !== undefined)?.dataPath,
      alarms: [...refused, ...reports.flatMap(report => report.alarms)],
      log: this.#log,
    }
  }

  /** The endpoints that were meant; throws a sentence for whoever asked if there are none. */
  async drain(server: string, drained: boolean): Promise<readonly string[]> {
    const servers = await this.#children.get('checkers')?.drain(server, drained)
    if (servers === undefined) throw new Error('the checkers process does not run or does not answer: try again')
    if (servers.length === 0) throw new Error(`no virtual server has a real server ${server}: see sluice status`)
    return servers
  }

  /** Brings the children in step with the configuration: a role that has nothing to do has no process. */
  async #arrange(): Promise<void> {
    const { vrrpInstances, virtualServers, bfdInstances } = this.#configuration
    const { staticAddresses, staticRoutes, staticRules } = this.#configuration
    const standing = staticAddresses.length + staticRoutes.length + staticRules.length
    if (vrrpInstances.length + virtualServers.length + bfdInstances.length + standing === 0)
      this.#say('the configuration has neither a vrrp_instance nor a virtual_server: there is nothing to do')
    const vrrp = this.#options.only !== 'checkers'
    if (vrrp) this.#sync.configure(this.#configuration)
    await Promise.all([
      this.#arrangeChild('elections', vrrp && vrrpInstances.length + standing > 0),
      this.#arrangeChild('scripts', vrrp && needsScripts(this.#configuration)),
      this.#arrangeChild('bfd', this.#options.withoutBfd !== true && bfdInstances.length > 0),
      this.#arrangeChild('checkers', this.#options.only !== 'vrrp' && virtualServers.length > 0),
    ])
  }

  async #arrangeChild(role: Role, needed: boolean): Promise<void> {
    const child = this.#children.get(role)
    if (!needed) {
      this.#children.delete(role)
      await child?.stop()
      this.#options.onChild?.(role, undefined)
    } else if (child !== undefined) child.reconfigure(partFor(role, this.#configuration))
    else {
      const events = {
        log: (entry: LogEntry) => this.#write(entry),
        say: (text: string) => this.#say(text),
        tell: (message: TellTale) => this.#passOn(message),
        remind: () => this.#reminders(role),
        started: (pid: number | undefined) => this.#options.onChild?.(role, pid),
        unable: (sentence: string) => this.#giveUp(sentence),
      }
      this.#children.set(role, new SupervisedChild(role, partFor(role, this.#configuration), events))
    }
  }

  #passOn(message: TellTale): void {
    if (message.type === 'notice') {
      this.#sync.hear(message.notice)
      this.#children.get('scripts')?.hear(message)
      return
    }
    const { verdicts } = message
    this.#verdicts = { ...this.#verdicts, ...verdicts }
    this.#children.get('elections')?.hear(message)
    if (verdicts.bfd !== undefined) this.#children.get('checkers')?.hear(message)
  }

  #reminders(role: Role): readonly TellTale[] {
    if (role === 'elections') return [{ type: 'tracked', verdicts: this.#verdicts }]
    return role === 'checkers' ? [{ type: 'tracked', verdicts: { bfd: this.#verdicts.bfd } }] : []
  }

  #giveUp(sentence: string): void {
    if (!this.#stopping) this.#options.print(`sluice: ${sentence}\n`)
    this.stop(1)
  }

  /** Reloads and the stop come one after the other. */
  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work)
  }

  #say(text: string): void {
    this.#write({ ident: 'Keepalived', text, detail: false, atMs: Date.now() })
  }

  #write(entry: LogEntry): void {
    if (entry.detail && !this.#options.logDetail) return
    this.#log.push(entry)
    if (this.#log.length > LOG_KEPT) this.#log.shift()
    this.#options.log(entry)
  }
}

/** The virtual servers, thousands perhaps, are for the checkers alone: elections must not stand still to read of them. */
function partFor(role: Role, configuration: Configuration): Configuration {
  return role === 'checkers' ? configuration : { ...configuration, virtualServers: [] }
}
