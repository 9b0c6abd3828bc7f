/**
 * How long a service is gone when the active router stops, is killed, or loses its cable, as a client sees it that sends a
 * packet every millisecond to the virtual address; sluice and keepalived by turns, with the same configuration.
 *
 *     node --import tsx bench/failover.ts [ROUNDS] [stop|kill|cable …] [1000|10 …]
 *
 * Client and routers are namespaces on one bridge. Either router answers for itself by echoing. The time without service is
 * the longest gap between two answers. Each cell is the median of the rounds, and behind it the worst of them.
 *
 * Client and echo stand for machines of their own: they go before everything else here, and measure the routers alone.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip } from '../src/bytes/address.ts'
import { addAddress, addresses, deleteAddress } from '../src/kernel/address.ts'
import { createBridge, createVeth, setLink } from '../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace, type Namespace } from '../src/kernel/namespace.ts'
import { setRealTimePriority } from '../src/kernel/process.ts'
import { RouteSocket } from '../src/kernel/route-socket.ts'

const rounds = Number(process.argv[2] ?? 3)
const wishes = process.argv.slice(3)
const VIP = ip('10.77.0.100')
const PORT = 7777
/** Above that of any router. */
const OUTSIDE_PRIORITY = 50
const HOSTS = { client: ip('10.77.0.1'), a: ip('10.77.0.11'), b: ip('10.77.0.12') } as const
const MISHAPS = ['stop', 'kill', 'cable'] as const
const DAEMONS = ['sluice', 'keepalived'] as const
type Mishap = (typeof MISHAPS)[number]
type Daemon = (typeof DAEMONS)[number]

if (process.argv[2] === 'client') {
  await client()
  process.exit(0)
}
if (process.argv[2] === 'echo') echo()
else await main()

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-failover-'))
  const names: Record<string, Namespace> = {}
  const prefix = `sluice-failover-${process.pid}`
  const helpers: ChildProcess[] = []
  try {
    const hub = createNamespace(`${prefix}-hub`)
    names.hub = hub
    {
      using route = new RouteSocket(hub)
      // A switch that learns at once, and floods multicast.
      createBridge(route, { name: 'br0', up: true }, false)
      for (const [name, address] of Object.entries(HOSTS)) {
        const namespace = createNamespace(`${prefix}-${name}`)
        names[name] = namespace
        createVeth(route, { name, master: 'br0', up: true }, { name: 'eth0', namespace })
        using own = new RouteSocket(namespace)
        setLink(own, 'lo', { up: true })
        addAddress(own, 'eth0', { address, prefix: 24 })
        setLink(own, 'eth0', { up: true })
      }
    }
    for (const name of ['a', 'b']) {
      const helper = inNamespace(names[name]!, () => again('echo'))
      helpers.push(helper)
      await once(helper.stdout!, 'data')
    }
    console.log('| advertisements | daemon | stop | kill -9 | cable |')
    console.log('| --- | --- | --- | --- | --- |')
    const daemons = DAEMONS.filter(one => one === 'sluice' || existsSync('/usr/sbin/keepalived'))
    for (const intervalS of [1, 0.01].filter(one => isWanted(`${one * 1000}`, ['1000', '10']))) {
      const cells: Record<Daemon, string[]> = { sluice: [], keepalived: [] }
      for (const mishap of MISHAPS) {
        const gaps: Record<Daemon, number[]> = { sluice: [], keepalived: [] }
        for (let i = 0; i < rounds && isWanted(mishap, MISHAPS); i++)
          for (const daemon of daemons) gaps[daemon].push(await measure(names, folder, daemon, intervalS, mishap))
        for (const daemon of daemons) cells[daemon].push(cell(gaps[daemon]))
      }
      for (const daemon of daemons) console.log(`| ${intervalS * 1000} ms | ${daemon} | ${cells[daemon].join(' | ')} |`)
    }
  } finally {
    for (const helper of helpers) helper.kill('SIGKILL')
    for (const [name, namespace] of Object.entries(names)) {
      namespace.close()
      deleteNamespace(`${prefix}-${name}`)
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

/** True where nothing of the kind is named on the command line, or this one is. */
function isWanted(word: string, kind: readonly string[]): boolean {
  const named = wishes.filter(one => kind.includes(one))
  return named.length === 0 || named.includes(word)
}

function cell(gaps: readonly number[]): string {
  const sorted = [...gaps].sort((x, y) => x - y)
  const median = sorted[Math.floor(sorted.length / 2)]
  return median === undefined ? '' : `${Math.round(median)} ms (${Math.round(sorted.at(-1)!)})`
}

/** Both routers run, the better one has the address; it fails; the longest gap the client saw, in milliseconds. */
async function measure(
  names: Readonly<Record<string, Namespace>>,
  folder: string,
  daemon: Daemon,
  intervalS: number,
  mishap: Mishap,
): Promise<number> {
  const start = (name: 'a' | 'b', priority: number) => {
    const file = join(folder, `${name}.conf`)
    writeFileSync(file, configuration(priority, intervalS))
    const [command, words] =
      daemon === 'sluice'
        ? ['bin/sluice', ['run', '-f', file]]
        : [
            '/usr/sbin/keepalived',
            ['-nlP', '-f', file, '-p', join(folder, `${name}.pid`), '-r', join(folder, `${name}.vrrp`)],
          ]
    return inNamespace(names[name]!, () => spawn(command as string, words as string[], { stdio: 'ignore' }))
  }
  const a = start('a', 200)
  await until(() => has(names.a!))
  const b = start('b', 100)
  await sleep(2500)
  const watcher = inNamespace(names.client!, () => again('client'))
  await once(watcher.stdout!, 'data')
  await sleep(300)
  if (mishap === 'stop') a.kill('SIGTERM')
  else if (mishap === 'kill') await kill(a)
  else {
    // The far end of the cable: the switch's port goes down, and the router sees its carrier go.
    using route = new RouteSocket(names.hub)
    setLink(route, 'a', { up: false })
  }
  await until(() => has(names.b!))
  await sleep(300)
  watcher.kill('SIGTERM')
  const [line] = (await once(watcher.stdout!, 'data')) as [Buffer]
  for (const router of [a, b]) await end(router)
  {
    using route = new RouteSocket(names.hub)
    setLink(route, 'a', { up: true })
  }
  for (const name of ['a', 'b']) dropAddress(names[name]!)
  spawnSync('rm', ['-rf', join(folder, 'a.pid'), join(folder, 'b.pid'), join(folder, 'a.vrrp'), join(folder, 'b.vrrp')])
  await sleep(500)
  return Number(line)
}

/** A daemon dies with all its processes, as a machine does; its addresses go, so that only the other router answers. */
async function kill(router: ChildProcess): Promise<void> {
  const children = spawnSync('pgrep', ['-P', `${router.pid}`], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
  for (const pid of [router.pid!, ...children.filter(Boolean).map(Number)]) process.kill(pid, 'SIGKILL')
}

async function end(router: ChildProcess): Promise<void> {
  if (router.exitCode !== null || router.signalCode !== null) return
  const gone = once(router, 'exit')
  router.kill('SIGTERM')
  await gone
}

function has(namespace: Namespace): boolean {
  using route = new RouteSocket(namespace)
  return addresses(route).some(({ address }) => address === VIP)
}

function dropAddress(namespace: Namespace): void {
  if (!has(namespace)) return
  using route = new RouteSocket(namespace)
  deleteAddress(route, 'eth0', { address: VIP, prefix: 32 })
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !holds(); ) {
    if (performance.now() > end) throw new Error('waited in vain for the virtual address')
    await sleep(5)
  }
}

function configuration(priority: number, intervalS: number): string {
  return `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  version 3
  virtual_router_id 77
  priority ${priority}
  advert_int ${intervalS}
  virtual_ipaddress {
    ${VIP}
  }
}
`
}

function again(role: 'client' | 'echo'): ChildProcess {
  const words = ['--import', 'tsx', process.argv[1]!, role]
  return spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Sends every millisecond; prints the longest time between two answers when it is told to stop. */
async function client(): Promise<void> {
  setRealTimePriority(OUTSIDE_PRIORITY)
  const socket = createSocket('udp4')
  let last: number | undefined
  let longest = 0
  socket.on('message', () => {
    const now = performance.now()
    if (last === undefined) console.log('answered')
    else longest = Math.max(longest, now - last)
    last = now
  })
  socket.on('error', () => {})
  const timer = setInterval(() => socket.send('x', PORT, VIP, () => {}), 1)
  await once(process, 'SIGTERM')
  clearInterval(timer)
  await new Promise<void>(resolve => process.stdout.write(`${longest}\n`, () => resolve()))
}

function echo(): void {
  setRealTimePriority(OUTSIDE_PRIORITY)
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address))
  socket.bind(PORT, () => console.log('on'))
}
