/** IPv6 on real packets: direct routing, translation and tunnels, the latter between the two families, too. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { attachDecapsulation } from '../../src/kernel/decapsulation.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { Forwarding, ServiceKey, Tunnel } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('2001:db8:9::100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const DIRECTOR = ip('2001:db8:9::2')

test('direct routing: requests go to two real servers in turn, replies bypass the director', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const segment = new Segment(t)
  const client = host(segment, 'client', ip('2001:db8:9::1'))
  const director = host(segment, 'director', DIRECTOR, VIP)
  const servers = [
    ['one', ip('2001:db8:9::11')],
    ['two', ip('2001:db8:9::12')],
  ] as const
  for (const [name, address] of servers) {
    const server = host(segment, name, address)
    using route = new RouteSocket(server)
    addAddress(route, 'lo', { address: VIP, prefix: 128 })
    await webServer(t, server, name, 80)
  }
  balance(
    t,
    director,
    servers.map(([, address]) => [address, 80]),
    { method: 'route' },
  )
  assert.deepEqual(await ask(t, client, `http://[${VIP}]`, 4), ['two 3', 'one 3', 'two 3', 'one 3'])
  assert.deepEqual(await ask(t, client, `http://[${VIP}]`, 2, 1_000_000), ['two 1000000', 'one 1000000'])
  withTable(t, director, table => {
    const { counters } = table.service(SERVICE)!
    assert.equal(counters.connections, 6n)
    assert.equal(counters.outPackets, 0n)
    for (const connection of table.connections()) assert.match(connection.state, /^(FIN_WAIT|ESTABLISHED)$/)
  })
})

test('translation: real servers on another port and network answer through the director', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const outside = new Segment(t)
  const inside = new Segment(t)
  const client = host(outside, 'client', ip('2001:db8:9::1'))
  const director = host(outside, 'director', DIRECTOR, VIP)
  plug(inside, director, 'eth1', ip('2001:db8:8::1'))
  const servers = [
    ['one', ip('2001:db8:8::11')],
    ['two', ip('2001:db8:8::12')],
  ] as const
  for (const [name, address] of servers) {
    const server = host(inside, name, address)
    using route = new RouteSocket(server)
    addRoute(route, { gateway: ip('2001:db8:8::1') })
    await webServer(t, server, name, 8080)
  }
  balance(
    t,
    director,
    servers.map(([, address]) => [address, 8080]),
    { method: 'masquerade' },
  )
  assert.deepEqual(await ask(t, client, `http://[${VIP}]`, 4), ['two 3', 'one 3', 'two 3', 'one 3'])
  assert.deepEqual(await ask(t, client, `http://[${VIP}]`, 2, 1_000_000), ['two 1000000', 'one 1000000'])
  withTable(t, director, table => {
    const { counters } = table.service(SERVICE)!
    assert.ok(counters.inBytes > 2_000_000n && counters.outBytes > 2_000_000n)
    for (const connection of table.connections()) assert.match(connection.state, /^(TIME_WAIT|CLOSE_WAIT|FIN_WAIT)$/)
  })
})

const TUNNELS: readonly Tunnel[] = [
  { type: 'ipip' },
  { type: 'gre', checksum: 'nocsum' },
  { type: 'gre', checksum: 'csum' },
  { type: 'gue', port: 6080, checksum: 'nocsum' },
  { type: 'gue', port: 6080, checksum: 'csum' },
]
const VIP4 = ip('10.9.0.100')
const SERVICE4: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP4, port: 80 }

test('tunnels: IPv6 in IPv6, in IPv4, and IPv4 in IPv6, to a server behind a router', {
  skip: needsRoot,
  timeout: 240_000,
}, async t => {
  const near = new Segment(t)
  const far = new Segment(t)
  const client = host(near, 'client', ip('2001:db8:9::1'), ip('10.9.0.1'))
  const director = host(near, 'director', DIRECTOR, VIP, ip('10.9.0.2'), VIP4)
  const router = host(near, 'router', ip('2001:db8:9::3'), ip('10.9.0.3'))
  plug(far, router, 'eth1', ip('2001:db8:7::1'), ip('10.7.0.1'))
  inNamespace(router, () => {
    writeSysctl('net.ipv4.ip_forward', 1)
    writeSysctl('net.ipv6.conf.all.forwarding', 1)
  })
  const server = host(far, 'server', ip('2001:db8:7::11'), ip('10.7.0.11'))
  for (const [name, gateways] of [
    [client, ['2001:db8:9::3', '10.9.0.3']],
    [director, ['2001:db8:9::3', '10.9.0.3']],
    [server, ['2001:db8:7::1', '10.7.0.1']],
  ] as const) {
    using route = new RouteSocket(name)
    for (const gateway of gateways) addRoute(route, { gateway: ip(gateway) })
  }
  inNamespace(server, () => {
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 128 })
    addAddress(route, 'lo', { address: VIP4, prefix: 32 })
    for (const part of ['all', 'eth0']) writeSysctl(`net.ipv4.conf.${part}.rp_filter`, 0)
    t.after(attachDecapsulation(['eth0'], [6080]))
  })
  await webServer(t, server, 'far', 80)
  const fewer = TUNNELS.filter(
    tunnel => tunnel.type !== 'gre' && (tunnel.type === 'ipip' || tunnel.checksum === 'csum'),
  )
  const ways = [
    [SERVICE, `http://[${VIP}]`, ip('2001:db8:7::11'), TUNNELS],
    [SERVICE, `http://[${VIP}]`, ip('10.7.0.11'), fewer],
    [SERVICE4, `http://${VIP4}`, ip('2001:db8:7::11'), fewer],
  ] as const
  for (const [key, url, address, tunnels] of ways) {
    for (const tunnel of tunnels) {
      balance(t, director, [[address, 80]], { method: 'tunnel', tunnel }, key)
      const name = `${url} through ${Object.values(tunnel).join(' ')} to ${address}`
      assert.deepEqual(await ask(t, client, url, 2, 300_000), ['far 300000', 'far 300000'], name)
    }
  }
})

function host(segment: Segment, name: string, ...addresses: readonly Ip[]): Namespace {
  const namespace = segment.host(name)
  plug(segment, namespace, 'eth0', ...addresses)
  return namespace
}

/** Without duplicate address detection, which would take a second. */
function plug(segment: Segment, namespace: Namespace, name: string, ...addresses: readonly Ip[]): void {
  inNamespace(namespace, () => {
    for (const part of ['all', 'default']) writeSysctl(`net.ipv6.conf.${part}.accept_dad`, 0)
  })
  segment.plug(namespace, name, ...addresses)
}

function balance(
  t: TestContext,
  director: Namespace,
  servers: readonly (readonly [Ip, number])[],
  forwarding: Forwarding,
  key: ServiceKey = SERVICE,
): void {
  withTable(t, director, table => {
    table.flush()
    table.addService({
      key,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    for (const [address, port] of servers)
      table.addDestination(key, { address, port, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  })
}
