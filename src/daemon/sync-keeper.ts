/**
 * Keeps the synchronisation daemons as lvs_sync_daemon of the configuration wants them: with a VRRP instance, the master's
 * while it is MASTER and the backup's otherwise; without, both. Each change is one run of our own ipvsadm, and they come
 * one after the other.
 */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import type { Configuration } from '../model/configuration.ts'
import type { ConfiguredSyncDaemon } from '../model/global.ts'
import type { SyncDaemon } from '../model/virtual-service.ts'
import type { Notice } from '../vrrp/notice.ts'

type Role = SyncDaemon['role']
const ROLES: readonly Role[] = ['master', 'backup']

export class SyncKeeper {
  readonly #say: (text: string) => void
  readonly #ipvsadm: (words: readonly string[]) => Promise<string>
  /** By role, the words that started it. */
  readonly #running: Map<Role, string> = new Map()
  #configuration: Configuration | undefined
  #active = false
  #turn: Promise<void> = Promise.resolve()

  /** `ipvsadm` gives what it complained of. */
  constructor(say: (text: string) => void, ipvsadm: (words: readonly string[]) => Promise<string> = runIpvsadm) {
    this.#say = say
    this.#ipvsadm = ipvsadm
  }

  configure(configuration: Configuration): void {
    this.#configuration = configuration
    this.#arrange()
  }

  hear({ about, name, state }: Notice): void {
    if (about !== 'INSTANCE' || name !== this.#settings?.vrrpInstance || !isState(state)) return
    this.#active = state === 'MASTER'
    this.#arrange()
  }

  /** Ends those that it has started. */
  async stop(): Promise<void> {
    this.#configuration = undefined
    this.#arrange()
    await this.#turn
  }

  get #settings(): ConfiguredSyncDaemon | undefined {
    return this.#configuration?.global.lvsSyncDaemon
  }

  #arrange(): void {
    this.#turn = this.#turn.then(async () => {
      const wanted = new Map(this.#wanted().map(role => [role, this.#words(role)]))
      for (const [role, words] of this.#running)
        if (wanted.get(role)?.join(' ') !== words) await this.#change(role, undefined)
      for (const [role, words] of wanted) if (!this.#running.has(role)) await this.#change(role, words)
    })
  }

  #wanted(): readonly Role[] {
    const settings = this.#settings
    if (settings === undefined) return []
    if (settings.vrrpInstance === undefined) return ROLES
    return [this.#active ? 'master' : 'backup']
  }

  #words(role: Role): readonly string[] {
    const { interface: device, vrrpInstance, syncId, maxLength, port, ttl, group } = this.#settings!
    const instance = this.#configuration!.vrrpInstances.find(({ name }) => name === vrrpInstance)
    const id = syncId ?? instance?.routerId ?? 0
    const length = maxLength === undefined ? [] : ['--sync-maxlen', `${maxLength}`]
    const where = ['--mcast-group', group, '--mcast-port', `${port}`, '--mcast-ttl', `${ttl}`]
    return ['--start-daemon', role, '--mcast-interface', device, '--syncid', `${id}`, ...length, ...where]
  }

  /** Without words it ends. */
  async #change(role: Role, words: readonly string[] | undefined): Promise<void> {
    const complaint = await this.#ipvsadm(words ?? ['--stop-daemon', role])
    this.#say(
      complaint === ''
        ? `IPVS sync daemon ${role} ${words === undefined ? 'stopped' : 'started'}`
        : `cannot ${words === undefined ? 'stop' : 'start'} the IPVS sync daemon ${role}: ${complaint}`,
    )
    if (words === undefined || complaint !== '') this.#running.delete(role)
    else this.#running.set(role, words.join(' '))
  }
}

function isState(state: Notice['state']): boolean {
  return state === 'MASTER' || state === 'BACKUP' || state === 'FAULT'
}

function runIpvsadm(words: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    const program = realpathSync(process.argv[1] ?? '')
    const child = spawn(process.execPath, [...process.execArgv, program, 'ipvsadm', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', data => {
      complaint += data
    })
    child.on('error', error => resolve(error.message))
    child.on('close', status => resolve(complaint.trim() || (status === 0 ? '' : `it ended with ${status}`)))
  })
}
