/** What the director tells clients by ICMP, on real packets, where the client's own stack judges the messages. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { attachDecapsulation } from '../../src/kernel/decapsulation.ts'
import { setLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import type { PinnedTable } from '../../src/kernel/service-table.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { Forwarding, ServiceKey } from '../../src/model/service.ts'
import { ask, program, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const NARROW = 1400

test('a service without servers refuses connections', { skip: needsRoot, timeout: 60_000 }, async t => {
  const { client, director } = lan(t)
  withTable(t, director, table => addService(table, WEB))
  assert.deepEqual(await ask(t, client, `http://${VIP}`, 2), ['ECONNREFUSED 12', 'ECONNREFUSED 12'])
  assert.deepEqual(icmpOf(client), { InMsgs: 2, InCsumErrors: 0, InDestUnreachs: 2, InTimeExcds: 0 })
})

test('a packet on its last hop is told of', { skip: needsRoot, timeout: 60_000 }, async t => {
  const { client, director } = lan(t)
  const key: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 53 }
  withTable(t, director, table => {
    addService(table, key)
    addServer(table, key, ip('10.9.0.11'), { method: 'route' })
  })
  const sender = program(
    t,
    client,
    `const socket = require('dgram').createSocket('udp4')
    socket.bind(() => {
      socket.setTTL(1)
      socket.send('where', 53, '${VIP}', () => setTimeout(() => socket.close(), 200))
    })`,
  )
  await once(sender, 'close')
  assert.deepEqual(icmpOf(client), { InMsgs: 1, InCsumErrors: 0, InDestUnreachs: 0, InTimeExcds: 1 })
})

const WAYS: readonly (readonly [string, Forwarding])[] = [
  ['direct routing', { method: 'route' }],
  ['IPIP', { method: 'tunnel', tunnel: { type: 'ipip' } }],
  ['GRE', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } }],
  ['GUE', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } }],
]

test('the client finds the length that the way behind the director takes', {
  skip: needsRoot,
  timeout: 120_000,
}, async t => {
  const { near, client, director } = lan(t)
  const narrow = new Segment(t)
  const server = near.host('server')
  near.plug(server, 'eth0', ip('10.9.0.11'))
  narrow.plug(director, 'eth1', ip('10.8.0.1'))
  narrow.plug(server, 'eth1', ip('10.8.0.11'))
  for (const host of [director, server]) {
    using route = new RouteSocket(host)
    setLink(route, 'eth1', { mtu: NARROW })
  }
  inNamespace(server, () => {
    for (const part of ['all', 'lo']) {
      writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
      writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
    }
    for (const part of ['all', 'eth0', 'eth1']) writeSysctl(`net.ipv4.conf.${part}.rp_filter`, 0)
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
    t.after(attachDecapsulation(['eth1'], [6080]))
  })
  await webServer(t, server, 'server', 80)
  for (const [name, forwarding] of WAYS) {
    const before = withTable(t, director, table => {
      table.flush()
      addService(table, WEB)
      addServer(table, WEB, ip('10.8.0.11'), forwarding)
      return table.refusals()['too-big']
    })
    forgetMtu(client)
    assert.deepEqual(await ask(t, client, `http://${VIP}`, 1, 1_000_000), ['server 1000000'], name)
    const told = withTable(t, director, table => table.refusals()['too-big']) - before
    assert.ok(told > 0n && told < 50n, `${name}: the client was told ${told} times`)
  }
  assert.equal(icmpOf(client).InCsumErrors, 0)
})

test('behind address translation, too', { skip: needsRoot, timeout: 60_000 }, async t => {
  const { client, director } = lan(t)
  const narrow = new Segment(t)
  const server = narrow.host('server')
  narrow.plug(director, 'eth1', ip('10.8.0.1'))
  narrow.plug(server, 'eth0', ip('10.8.0.11'))
  for (const [host, link] of [
    [director, 'eth1'],
    [server, 'eth0'],
  ] as const) {
    using route = new RouteSocket(host)
    setLink(route, link, { mtu: NARROW })
    if (host === server) addRoute(route, { gateway: ip('10.8.0.1') })
  }
  await webServer(t, server, 'server', 80)
  withTable(t, director, table => {
    addService(table, WEB)
    addServer(table, WEB, ip('10.8.0.11'), { method: 'masquerade' })
  })
  assert.deepEqual(await ask(t, client, `http://${VIP}`, 1, 1_000_000), ['server 1000000'])
})

function lan(t: TestContext): { near: Segment; client: Namespace; director: Namespace } {
  const near = new Segment(t)
  const client = near.host('client')
  near.plug(client, 'eth0', ip('10.9.0.1'))
  const director = near.host('director')
  near.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  return { near, client, director }
}

function addService(table: PinnedTable, key: ServiceKey): void {
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
}

function addServer(table: PinnedTable, key: ServiceKey, address: Ip, forwarding: Forwarding): void {
  table.addDestination(key, { address, port: 80, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
}

/** What a host's own stack has made of the messages it got. */
function icmpOf(host: Namespace): Record<string, number> {
  const [names = '', numbers = ''] = inNamespace(host, () => readFileSync('/proc/thread-self/net/snmp', 'utf8'))
    .split('\n')
    .filter(line => line.startsWith('Icmp:'))
  const values = numbers.split(' ')
  const wanted = ['InMsgs', 'InCsumErrors', 'InDestUnreachs', 'InTimeExcds']
  return Object.fromEntries(
    names.split(' ').flatMap((name, i) => (wanted.includes(name) ? [[name, Number(values[i])]] : [])),
  )
}

/** The kernel remembers for ten minutes what it was told. */
function forgetMtu(host: Namespace): void {
  inNamespace(host, () => writeSysctl('net.ipv4.route.flush', 1))
}
