/**
 * Direct routing on real packets: a client, a director and two real servers on one switch. The real servers hold the
 * virtual address without answering ARP for it, so what reaches them came through the director.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createBridge, createVeth, setLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot, scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, removeServiceTable } from '../../src/kernel/service-table.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { ServiceKey } from '../../src/model/service.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const SERVER = { port: 80, forwarding: { method: 'route' }, weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const

test('connections are spread over two real servers, whose replies bypass the director', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const network = new Network(t)
  const client = network.host('client', ip('10.9.0.1'))
  const director = network.host('director', ip('10.9.0.2'), VIP)
  const servers = [network.realServer('one', ip('10.9.0.11')), network.realServer('two', ip('10.9.0.12'))]
  await Promise.all(servers.map(server => server.ready))

  const cookie = inNamespace(director, namespaceCookie)
  t.after(() => removeServiceTable(cookie))
  inNamespace(director, () => {
    using table = openServiceTable()
    table.addService({
      key: SERVICE,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    table.addDestination(SERVICE, { address: ip('10.9.0.11'), ...SERVER })
    table.addDestination(SERVICE, { address: ip('10.9.0.12'), ...SERVER })
  })

  const answers = await fetchEach(client, 10)
  assert.deepEqual(answers, ['two', 'one', 'two', 'one', 'two', 'one', 'two', 'one', 'two', 'one'])

  const listed = inNamespace(director, () => {
    using table = openServiceTable()
    return { service: table.service(SERVICE)!, connections: [...table.connections()] }
  })
  assert.equal(listed.service.counters.connections, 10n)
  assert.equal(listed.service.counters.outPackets, 0n)
  assert.ok(listed.service.counters.inPackets >= 40n, `${listed.service.counters.inPackets} packets came in`)
  assert.equal(listed.connections.length, 10)
  for (const connection of listed.connections) assert.match(connection.state, /^(FIN_WAIT|ESTABLISHED)$/)
})

interface RealServer {
  readonly ready: Promise<unknown>
}

class Network {
  readonly #t: Parameters<typeof scratchNamespace>[0]
  readonly #switch: Namespace
  #ports = 0

  constructor(t: Parameters<typeof scratchNamespace>[0]) {
    this.#t = t
    this.#switch = scratchNamespace(t, 'switch')
    using route = new RouteSocket(this.#switch)
    createBridge(route, { name: 'br0', up: true })
  }

  host(name: string, ...addresses: readonly Ip[]): Namespace {
    const namespace = scratchNamespace(this.#t, name)
    using ports = new RouteSocket(this.#switch)
    createVeth(ports, { name: `port${this.#ports}`, up: true }, { name: 'eth0', namespace, up: true })
    setLink(ports, `port${this.#ports}`, { master: 'br0' })
    this.#ports++
    using route = new RouteSocket(namespace)
    setLink(route, 'lo', { up: true })
    for (const [i, address] of addresses.entries()) addAddress(route, 'eth0', { address, prefix: i === 0 ? 24 : 32 })
    return namespace
  }

  realServer(name: string, address: Ip): RealServer {
    const namespace = this.host(name, address)
    const server = inNamespace(namespace, () => {
      using route = new RouteSocket()
      for (const part of ['all', 'lo']) {
        writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
        writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
      }
      addAddress(route, 'lo', { address: VIP, prefix: 32 })
      return node(
        `require('http').createServer((_, answer) => answer.end('${name}')).listen(80, () => console.log('ready'))`,
      )
    })
    this.#t.after(() => server.kill('SIGKILL'))
    return { ready: once(server.stdout!, 'data') }
  }
}

/** The answers to so many requests, one after the other, each over a connection of its own. */
async function fetchEach(client: Namespace, count: number): Promise<string[]> {
  const child = inNamespace(client, () =>
    node(`(async () => {
    for (let i = 0; i < ${count}; i++) {
      const answer = await fetch('http://${VIP}/', { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) })
      console.log(await answer.text())
    }
  })()`),
  )
  let output = ''
  child.stdout!.on('data', data => {
    output += data
  })
  await once(child, 'close')
  return output.trim().split('\n')
}

function node(program: string): ChildProcess {
  return spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
}
