/** Two machines with a cable between them, each able to run a daemon: sluice, or Debian's keepalived. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { addAddress, addresses, deleteAddress } from '../../src/kernel/address.ts'
import { createVeth, setLink } from '../../src/kernel/link.ts'
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  type Namespace,
  namespaceCookie,
} from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import type { Snapshot } from '../../src/observe/snapshot.ts'

export const VIP: Ip = ip('192.168.41.249')
/** Debian's, unless another one is to be tried. */
export const KEEPALIVED: string = process.env.KEEPALIVED ?? '/usr/sbin/keepalived'

/** What is awaited comes within seconds, or never; a busy machine gets this long. */
const PATIENCE_MS = 30_000

export class Router {
  readonly namespace: Namespace
  readonly address: Ip
  readonly #folder: string
  #daemon: ChildProcess | undefined
  log = ''

  constructor(name: string, address: Ip, folder: string) {
    this.namespace = createNamespace(name)
    this.address = address
    this.#folder = folder
  }

  get file(): string {
    return join(this.#folder, `${this.address}.conf`)
  }

  configure(text: string): void {
    writeFileSync(this.file, text)
  }

  runSluice(): void {
    this.#run('bin/sluice', ['run', '-D', '-f', this.file])
  }

  /** Sluice as keepalived, told to by its first word. */
  runDropIn(words: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
    this.#run('bin/sluice', ['keepalived', ...words], environment)
  }

  runKeepalived(parts: readonly string[] = ['--vrrp']): void {
    const pidFile = (which: string) => join(this.#folder, `${this.address}.${which}.pid`)
    const files = ['-p', pidFile('parent'), '-r', pidFile('vrrp'), '-c', pidFile('checkers'), '-b', pidFile('bfd')]
    this.#run(KEEPALIVED, ['--dont-fork', '--log-console', '--log-detail', ...parts, '-f', this.file, ...files])
  }

  get pid(): number {
    return this.#daemon!.pid!
  }

  /** Node sends only those that have a name. */
  signal(signal: NodeJS.Signals | number): void {
    if (typeof signal === 'number') spawnSync('kill', [`-${signal}`, `${this.pid}`])
    else this.#daemon?.kill(signal)
  }

  /** Resolves with the exit status when the daemon has ended. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const daemon = this.#daemon
    if (daemon === undefined) return null
    this.#daemon = undefined
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const gone = new Promise(resolve => daemon.once('exit', resolve))
      daemon.kill(signal)
      await gone
    }
    return daemon.exitCode
  }

  /** Waits until the log since the last start says so. */
  async says(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.log),
      `${this.address} says ${pattern}`,
      () => this.log,
    )
  }

  /** A command of ours in this router's namespace. */
  sluice(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    return inNamespace(this.namespace, () => {
      const { status, stdout, stderr } = spawnSync('bin/sluice', words, { encoding: 'utf8' })
      return { status, stdout, stderr }
    })
  }

  status(): Snapshot {
    return JSON.parse(this.sluice('status', '--json').stdout) as Snapshot
  }

  has(address: Ip = VIP): boolean {
    using route = new RouteSocket(this.namespace)
    return addresses(route).some(one => one.address === address)
  }

  takeAway(address: Ip = VIP): void {
    using route = new RouteSocket(this.namespace)
    deleteAddress(route, 'eth0', { address, prefix: 32 })
  }

  cable(plugged: boolean): void {
    this.link('eth0', plugged)
  }

  link(name: string, up: boolean): void {
    using route = new RouteSocket(this.namespace)
    setLink(route, name, { up })
  }

  get runDirectory(): string {
    return `/run/sluice/${inNamespace(this.namespace, namespaceCookie)}`
  }

  #run(command: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
    this.log = ''
    const env = { ...process.env, ...environment }
    const daemon = inNamespace(this.namespace, () => spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env }))
    this.#daemon = daemon
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.on('data', bytes => {
        if (this.#daemon === daemon) this.log += bytes
      })
  }

  async close(): Promise<void> {
    await this.end('SIGKILL')
    const directory = this.runDirectory
    deleteNamespace(this.namespace.name)
    this.namespace.close()
    if (existsSync(directory)) rmSync(directory, { recursive: true })
  }
}

export class Routers {
  readonly a: Router
  readonly b: Router
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-routers-'))

  constructor(name: string) {
    const prefix = `sluice-test-${process.pid}-${name}`
    this.a = new Router(`${prefix}-a`, ip('192.168.41.181'), this.#folder)
    this.b = new Router(`${prefix}-b`, ip('192.168.41.251'), this.#folder)
    using route = new RouteSocket(this.a.namespace)
    createVeth(route, { name: 'eth0' }, { name: 'eth0', namespace: this.b.namespace })
    for (const { namespace, address } of [this.a, this.b]) {
      using own = new RouteSocket(namespace)
      setLink(own, 'lo', { up: true })
      addAddress(own, 'eth0', { address, prefix: 23 })
      setLink(own, 'eth0', { up: true })
    }
  }

  /** Both run, `a` is active, and `b` knows. One after the other: on a busy machine it is open who is up first. */
  async settle(): Promise<void> {
    this.a.runSluice()
    await this.onlyOn(this.a)
    this.b.runSluice()
    await this.b.says(/master set to 192\.168\.41\.181/)
  }

  /** Exactly one of the two has the address, and it is this one. */
  async onlyOn(owner: Router): Promise<void> {
    const other = owner === this.a ? this.b : this.a
    await until(
      () => owner.has() && !other.has(),
      `${VIP} is on ${owner.address} alone`,
      () => `${this.a.address}:\n${this.a.log}\n${this.b.address}:\n${this.b.log}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.a.close(), this.b.close()])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The article's instance. Version 2, whose intervals are whole seconds, is what keepalived speaks by default. */
export function instance(
  priority: number,
  further: { readonly state?: string; readonly password?: string } = {},
): string {
  return `global_defs {
    router_id LVS_DEVEL
}
vrrp_instance VI_1 {
    state ${further.state ?? 'BACKUP'}
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass ${further.password ?? '1111'}
    }
    virtual_ipaddress {
        ${VIP}
    }
}
`
}

export async function until(holds: () => boolean, what: string, explain: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}\n${explain()}`)
    await sleep(20)
  }
}
