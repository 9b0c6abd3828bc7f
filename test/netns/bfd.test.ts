/** BFD on real sockets: with Debian's keepalived, with FRR's bfdd, with itself; and who follows a session. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { instance, KEEPALIVED, type Router, Routers, until } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'
const noKeepalived = !existsSync(KEEPALIVED) && `${KEEPALIVED} is not installed (Debian package keepalived)`
const BFDD = '/usr/lib/frr/bfdd'
const noFrr = !existsSync(BFDD) && `${BFDD} is not installed (Debian package frr)`

/** A session that loses its neighbour within 0.3 s. */
function session(own: Router, other: Router, more = ''): string {
  return `bfd_instance path {
    neighbor_ip ${other.address}
    source_ip ${own.address}
    min_rx 100
    min_tx 100
    multiplier 3
    ${more}
}
`
}

const tracking = (priority: number, weight = '') =>
  instance(priority).replace('advert_int 1', `advert_int 1\n track_bfd {\n path ${weight}\n }`)

const UP = /\(path\) Entering Up state/
const DOWN = /\(path\) Entering Down state \(Local diagnostic - Control Detection Time Expired/

describe('BFD', { concurrency: 3, skip }, () => {
  for (const [first, second] of [
    ['sluice', 'keepalived'],
    ['keepalived', 'sluice'],
  ] as const) {
    test(`a session of ${first} and ${second}, which VRRP follows on both sides`, { skip: noKeepalived }, async () => {
      await using routers = new Routers(`bfd-${first}`)
      const { a, b } = routers
      const run = (router: Router, program: string) =>
        program === 'sluice' ? router.runSluice() : router.runKeepalived([])
      a.configure(session(a, b) + tracking(100))
      b.configure(session(b, a) + tracking(50, 'weight 10'))
      run(a, first)
      await a.says(/entering FAULT state/i)
      run(b, second)
      await Promise.all([a.says(UP), b.says(UP)])
      await Promise.all([a, b].map(router => router.says(/VRRP_Instance\(VI_1\) Tracked BFD instance path is UP/)))
      await routers.onlyOn(a)
      await b.says(/Changing effective priority from 50 to 60/)
      // Whoever leaves says nothing; the other one notices by itself, and one that cannot do without it gives up.
      await b.end()
      await a.says(DOWN)
      await a.says(/Tracked BFD instance path is DOWN[\s\S]*Entering FAULT STATE/i)
      await until(
        () => !a.has(),
        'the address is gone',
        () => a.log,
      )
      run(b, second)
      await b.says(UP)
      await a.says(/Entering Down[\s\S]*Entering Up/)
      await a.says(/is DOWN[\s\S]*Tracked BFD instance path is UP/)
    })
  }

  test('a session with FRR: the same intervals on both sides, and a cable that is cut', { skip: noFrr }, async () => {
    await using routers = new Routers('bfd-frr')
    const { a, b } = routers
    a.configure(session(a, b))
    a.runSluice()
    using frr = new Frr(b, a)
    await a.says(UP)
    await until(
      () => /Status: up[\s\S]*Remote timers:[\s\S]*interval: 100ms/.test(frr.peers()),
      'FRR has agreed',
      () => `${frr.peers()}\n${a.log}`,
    )
    await a.says(/Detection time is 360000 us/)
    const { name, state, detectionMs, counts } = a.status().bfd[0]!
    assert.deepEqual({ name, state, detectionMs }, { name: 'path', state: 'Up', detectionMs: 360 })
    assert.ok(counts.received! > 0 && counts.sent! > 0)
    b.cable(false)
    await a.says(DOWN)
    b.cable(true)
    await a.says(/Entering Down[\s\S]*Entering Up/)
    // Up here is a packet earlier than up there.
    await until(
      () => /Status: up/.test(frr.peers()),
      'FRR is up again',
      () => frr.peers(),
    )
  })

  test('IPv6, several hops and a real server that follows', async () => {
    await using routers = new Routers('bfd-check')
    const { a, b } = routers
    const six = [ip('2001:db8::1'), ip('2001:db8::2')] as const
    for (const [i, { namespace }] of [a, b].entries()) {
      using route = new RouteSocket(namespace)
      addAddress(route, 'eth0', { address: six[i]!, prefix: 64 })
    }
    const remote = (neighbour: string) => `bfd_instance path {
      neighbor_ip ${neighbour}
      multihop
      max_hops 3
      min_rx 100
      min_tx 100
      multiplier 3
    }
    `
    const service = `virtual_server 192.168.41.249 80 {
      lb_algo rr
      lb_kind DR
      protocol TCP
      real_server 192.168.41.31 80 {
        BFD_CHECK { name path }
      }
    }
    `
    a.configure(remote(six[1]) + service)
    b.configure(remote(six[0]))
    const server = () => a.status().virtualServers[0]?.realServers[0]
    a.runSluice()
    await a.says(/BFD check of \[path\] RS\(\[192\.168\.41\.31\]:tcp:80\) is DOWN/)
    b.runSluice()
    await a.says(/BFD check of \[path\] RS\(\[192\.168\.41\.31\]:tcp:80\) is UP/)
    await until(
      () => server()?.up === true,
      'the server is up',
      () => a.log,
    )
    await b.end('SIGKILL')
    await a.says(/is UP[\s\S]*BFD check of \[path\] RS\(\[192\.168\.41\.31\]:tcp:80\) is DOWN/)
    assert.equal(server()?.up, false)
    assert.equal(server()?.checkers[0]?.lastError, 'the BFD session path is down')
  })

  test('a reload with other intervals keeps the session, and a file with a mistake changes nothing', async () => {
    await using routers = new Routers('bfd-reload')
    const { a, b } = routers
    a.configure(session(a, b))
    b.configure(session(b, a))
    a.runSluice()
    b.runSluice()
    await Promise.all([a.says(UP), b.says(UP)])
    a.configure(session(a, b).replaceAll('100', '150'))
    a.signal('SIGHUP')
    await a.says(/Changes: bfd_instance changed[\s\S]*Reload complete/)
    await b.says(/Detection time is 450000 us \(was 300000 us\)/)
    a.configure(session(a, b).replace('neighbor_ip', 'neighbour_tip'))
    a.signal('SIGHUP')
    await a.says(/reload refused, everything stays as it is/)
    assert.doesNotMatch(a.log + b.log, /Entering Down/)
  })
})

/** FRR's zebra and bfdd in a router's namespace, with one peer. */
class Frr {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-frr-'))
  readonly #router: Router

  constructor(router: Router, peer: Router) {
    this.#router = router
    // They give up root for a user of their own.
    chmodSync(this.#folder, 0o777)
    const configuration = this.#file('bfdd.conf')
    writeFileSync(
      configuration,
      `bfd
 peer ${peer.address} local-address ${router.address} interface eth0
  receive-interval 120
  transmit-interval 120
  detect-multiplier 3
 exit
`,
      { mode: 0o644 },
    )
    const common = ['-d', '-z', this.#file('zserv'), '--vty_socket', this.#folder, '-A', '127.0.0.1']
    this.#run('/usr/lib/frr/zebra', [...common, '-i', this.#file('zebra.pid'), '-f', '/dev/null'])
    this.#run(BFDD, [...common, '-i', this.#file('bfdd.pid'), '-f', configuration, '--bfdctl', this.#file('bfdd.sock')])
  }

  peers(): string {
    return inNamespace(
      this.#router.namespace,
      () =>
        spawnSync('vtysh', ['--vty_socket', this.#folder, '-c', 'show bfd peers'], { encoding: 'utf8', timeout: 5000 })
          .stdout,
    )
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  #run(program: string, words: readonly string[]): void {
    inNamespace(this.#router.namespace, () => spawn(program, words, { stdio: 'ignore' }))
  }

  [Symbol.dispose](): void {
    for (const name of ['bfdd.pid', 'zebra.pid'])
      if (existsSync(this.#file(name))) process.kill(Number(readFileSync(this.#file(name), 'utf8')), 'SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
