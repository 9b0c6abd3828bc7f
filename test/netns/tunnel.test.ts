/**
 * Tunnels on real packets: the real server is on another segment, behind a router; what reaches it is unwrapped by the
 * program of `sluice realserver`, and it answers the client directly.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { attachDecapsulation } from '../../src/kernel/decapsulation.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { ServiceKey, Tunnel } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const TUNNELS: readonly Tunnel[] = [
  { type: 'ipip' },
  { type: 'gre', checksum: 'nocsum' },
  { type: 'gre', checksum: 'csum' },
  { type: 'gue', port: 6080, checksum: 'nocsum' },
  { type: 'gue', port: 6080, checksum: 'csum' },
]

test('a request travels through every kind of tunnel to a server anywhere, and the reply comes straight', {
  skip: needsRoot,
  timeout: 120_000,
}, async t => {
  const near = new Segment(t)
  const far = new Segment(t)
  const client = near.host('client')
  near.plug(client, 'eth0', ip('10.9.0.1'))
  const director = near.host('director')
  near.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  const router = near.host('router')
  near.plug(router, 'eth0', ip('10.9.0.3'))
  far.plug(router, 'eth1', ip('10.7.0.1'))
  inNamespace(router, () => writeSysctl('net.ipv4.ip_forward', 1))
  const server = far.host('server')
  far.plug(server, 'eth0', ip('10.7.0.11'))
  for (const [host, gateway] of [
    [client, ip('10.9.0.3')],
    [director, ip('10.9.0.3')],
    [server, ip('10.7.0.1')],
  ] as const) {
    using route = new RouteSocket(host)
    addRoute(route, { gateway })
  }
  inNamespace(server, () => {
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
    for (const part of ['all', 'eth0']) writeSysctl(`net.ipv4.conf.${part}.rp_filter`, 0)
    t.after(attachDecapsulation(['eth0'], [6080]))
  })
  await webServer(t, server, 'far', 80)

  for (const tunnel of TUNNELS) {
    withTable(t, director, table => {
      table.flush()
      table.addService({
        key: SERVICE,
        scheduler: 'rr',
        schedulerFlags: [],
        onePacket: false,
        persistence: undefined,
        persistenceEngine: undefined,
      })
      table.addDestination(SERVICE, {
        address: ip('10.7.0.11'),
        port: 80,
        forwarding: { method: 'tunnel', tunnel },
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
      })
    })
    const name = Object.values(tunnel).join(' ')
    assert.deepEqual(await ask(t, client, `http://${VIP}`, 2), ['far 3', 'far 3'], name)
    assert.deepEqual(await ask(t, client, `http://${VIP}`, 1, 300_000), ['far 300000'], name)
  }
  withTable(t, director, table => assert.equal(table.services()[0]?.counters.outPackets, 0n))
})
