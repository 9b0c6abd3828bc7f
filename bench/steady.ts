/**
 * The longest time between two advertisements of an active router that advertises every 10 ms: idle, while other work
 * keeps every processor busy, while it reads a large configuration again and again, and while it is asked for its status;
 * sluice beside keepalived, whose VRRP runs alone. The kernel's time stamps count, at the other end of the cable.
 *
 *     node --import tsx bench/steady.ts [SECONDS]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVeth, setLink } from '../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace, type Namespace } from '../src/kernel/namespace.ts'
import { RouteSocket } from '../src/kernel/route-socket.ts'

const seconds = Number(process.argv[2] ?? 5)
const KEEPALIVED = '/usr/sbin/keepalived'
const SERVICES = 300
const STEADY_AFTER_MS = 2500

const folder = mkdtempSync(join(tmpdir(), 'sluice-steady-'))
const prefix = `sluice-steady-${process.pid}`
const router = createNamespace(`${prefix}-router`)
const listener = createNamespace(`${prefix}-listener`)
try {
  setUp()
  console.log('| longest of the gaps, ms | idle | busy | reloads | status |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const daemon of ['sluice', 'keepalived'] as const)
    if (daemon === 'sluice' || existsSync(KEEPALIVED)) await measureAll(daemon)
} finally {
  for (const namespace of [router, listener]) {
    namespace.close()
    deleteNamespace(namespace.name)
  }
  rmSync(folder, { recursive: true, force: true })
}

function setUp(): void {
  using route = new RouteSocket(router)
  createVeth(route, { name: 'eth0' }, { name: 'eth0', namespace: listener })
  for (const namespace of [router, listener]) {
    using own = new RouteSocket(namespace)
    setLink(own, 'lo', { up: true })
    setLink(own, 'eth0', { up: true })
  }
  inNamespace(router, () => spawnSync('ip', ['address', 'add', '10.78.0.1/24', 'dev', 'eth0']))
}

async function measureAll(daemon: 'sluice' | 'keepalived'): Promise<void> {
  const file = join(folder, 'steady.conf')
  writeFileSync(file, configuration())
  const process_ = start(daemon, file)
  await sleep(STEADY_AFTER_MS)
  const cells = [
    await during(() => undefined),
    await during(() => {
      const hogs = Array.from({ length: 3 * availableParallelism() }, () => spawn(process.execPath, ['-e', 'for(;;);']))
      return () => {
        for (const hog of hogs) hog.kill('SIGKILL')
      }
    }),
    await during(() => {
      const timer = setInterval(() => process_.kill('SIGHUP'), 1000)
      return () => clearInterval(timer)
    }),
    daemon === 'keepalived'
      ? ''
      : await during(() => {
          const asking = setInterval(
            () => inNamespace(router, () => spawn('bin/sluice', ['status', '--json'], { stdio: 'ignore' })),
            500,
          )
          return () => clearInterval(asking)
        }),
  ]
  console.log(`| ${daemon} | ${cells.join(' | ')} |`)
  if (process_.exitCode !== null) throw new Error(`${daemon} has ended with ${process_.exitCode}`)
  const gone = new Promise(resolve => process_.once('exit', resolve))
  process_.kill('SIGTERM')
  await gone
}

/** The longest gap, and in brackets the second longest, while the work is done. */
async function during(begin: () => (() => void) | undefined): Promise<string> {
  const ear = listen(listener)
  await sleep(500)
  const end = begin()
  await sleep(seconds * 1000)
  end?.()
  const times = await ear.stop()
  const gaps = times.slice(1).map((time, i) => (time - times[i]!) * 1000)
  const [longest = Number.NaN, second = Number.NaN] = gaps.sort((a, b) => b - a)
  return `${longest.toFixed(1)} (${second.toFixed(1)})`
}

/** The moments of the advertisements, in seconds, from before the work begins to its end. */
function listen(namespace: Namespace): { stop(): Promise<readonly number[]> } {
  const words = ['-tt', '-nn', '-U', '-i', 'eth0', '--immediate-mode', 'proto 112']
  const ear = inNamespace(namespace, () => spawn('tcpdump', words, { stdio: ['ignore', 'pipe', 'ignore'] }))
  let text = ''
  ear.stdout.on('data', bytes => {
    text += bytes
  })
  return {
    stop: async () => {
      const gone = new Promise(resolve => ear.once('close', resolve))
      ear.kill('SIGINT')
      await gone
      return text.split('\n').filter(Boolean).map(Number.parseFloat)
    },
  }
}

function start(daemon: 'sluice' | 'keepalived', file: string): ChildProcess {
  const pidFile = (which: string) => join(folder, `${which}.pid`)
  const files = ['-p', pidFile('parent'), '-r', pidFile('vrrp'), '-c', pidFile('checkers'), '-b', pidFile('bfd')]
  const [command, words] =
    daemon === 'sluice' ? ['bin/sluice', ['run', '-f', file]] : [KEEPALIVED, ['-nlP', '-f', file, ...files]]
  return inNamespace(router, () => spawn(command as string, words as string[], { stdio: 'ignore' }))
}

/** An instance of 10 ms, and services enough to be busy with when they are read again. */
function configuration(): string {
  const services = Array.from({ length: SERVICES }, (_, i) => {
    const address = `10.79.${i >> 8}.${i & 255}`
    return `virtual_server ${address} 80 {\n  delay_loop 60\n  lb_algo rr\n  lb_kind DR\n  protocol TCP\n  real_server 10.78.0.9 80 {\n    TCP_CHECK {\n      connect_timeout 1\n    }\n  }\n}\n`
  })
  return `global_defs {
  vrrp_rt_priority 10
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  version 3
  virtual_router_id 78
  priority 200
  advert_int 0.01
  virtual_ipaddress {
    10.78.0.100
  }
}
${services.join('')}`
}
