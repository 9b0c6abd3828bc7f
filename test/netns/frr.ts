/**
 * FRR's vrrpd (Debian package frr) in a router's namespace. It wants a macvlan with the virtual MAC and the virtual
 * addresses already on it, which it holds down while it is not active, and zebra to tell it of interfaces.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ip, ipFamily } from '../../src/bytes/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { type Router, until } from './routers.ts'

const FOLDER = '/usr/lib/frr'
const ROUTER_ID = 51

export const frrIsMissing: string | false =
  !existsSync(`${FOLDER}/vrrpd`) && 'vrrpd is not installed (Debian package frr)'

export interface FrrWish {
  readonly version: 2 | 3
  readonly priority: number
  readonly intervalMs: number
  readonly address: Ip
}

export class Frr {
  readonly #router: Router
  readonly #wish: FrrWish
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-frr-'))
  readonly #daemons: ChildProcess[] = []
  log = ''

  constructor(router: Router, wish: FrrWish) {
    this.#router = router
    this.#wish = wish
    spawnSync('chown', ['frr:frr', this.#folder])
    this.#addDevice()
  }

  async start(): Promise<void> {
    const { version, priority, intervalMs, address } = this.#wish
    const words = [`version ${version}`, `priority ${priority}`, `advertisement-interval ${intervalMs}`]
    const all = [...words, `${ipFamily(address) === 6 ? 'ipv6' : 'ip'} ${address}`]
    writeFileSync(join(this.#folder, 'zebra.conf'), 'hostname frr\n')
    writeFileSync(
      join(this.#folder, 'vrrpd.conf'),
      `interface eth0\n${all.map(text => ` vrrp ${ROUTER_ID} ${text}\n`).join('')}`,
    )
    this.#run('zebra')
    await until(
      () => existsSync(join(this.#folder, 'zserv')),
      'zebra listens',
      () => this.log,
    )
    this.#run('vrrpd')
  }

  /** Initialize, Backup or Master; undefined while it does not answer. */
  get status(): string | undefined {
    const words = ['--vty_socket', this.#folder, '-c', `show vrrp ${ROUTER_ID} json`]
    const { stdout } = inNamespace(this.#router.namespace, () => spawnSync('vtysh', words, { encoding: 'utf8' }))
    try {
      const [shown] = JSON.parse(stdout) as readonly { v4: { status: string }; v6: { status: string } }[]
      return shown?.[ipFamily(this.#wish.address) === 6 ? 'v6' : 'v4'].status
    } catch {
      return undefined
    }
  }

  async is(status: 'Backup' | 'Master', explain: () => string): Promise<void> {
    await until(
      () => this.status === status,
      `FRR is ${status}`,
      () => `FRR is ${this.status}\n${this.log}\n${explain()}`,
    )
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const daemon of this.#daemons.splice(0).reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue
      const gone = new Promise(resolve => daemon.once('exit', resolve))
      daemon.kill(signal)
      await gone
    }
    rmSync(join(this.#folder, 'zserv'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #addDevice(): void {
    const six = ipFamily(this.#wish.address) === 6
    const mac = `00:00:5e:00:0${six ? 2 : 1}:${ROUTER_ID.toString(16)}`
    inNamespace(this.#router.namespace, () => {
      for (const line of [
        'link add vrrp51 link eth0 type macvlan mode bridge',
        `link set vrrp51 address ${mac}`,
        `address add ${this.#wish.address}/${six ? '64 nodad' : '32'} dev vrrp51`,
        'link set vrrp51 up',
      ])
        spawnSync('ip', line.split(' '))
    })
  }

  #run(program: 'zebra' | 'vrrpd'): void {
    const own = (name: string) => join(this.#folder, name)
    const files = ['-f', own(`${program}.conf`), '-i', own(`${program}.pid`), '-z', own('zserv')]
    const words = [...files, '-P', '0', '--vty_socket', this.#folder, '-u', 'frr', '-g', 'frr', '--log', 'stdout']
    const daemon = inNamespace(this.#router.namespace, () =>
      spawn(join(FOLDER, program), words, { stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    this.#daemons.push(daemon)
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.on('data', bytes => {
        this.log += bytes
      })
  }
}
