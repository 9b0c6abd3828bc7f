/**
 * Direct routing on real packets: a client, a director and two real servers on one segment. The real servers hold the
 * virtual address without answering ARP for it, so what reaches them came through the director.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const SERVER = { port: 80, forwarding: { method: 'route' }, weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const

test('connections are spread over two real servers, whose replies bypass the director', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const segment = new Segment(t)
  const client = segment.host('client')
  segment.plug(client, 'eth0', ip('10.9.0.1'))
  const director = segment.host('director')
  segment.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  for (const [name, address] of [
    ['one', ip('10.9.0.11')],
    ['two', ip('10.9.0.12')],
  ] as const) {
    const server = segment.host(name)
    segment.plug(server, 'eth0', address)
    inNamespace(server, () => {
      for (const part of ['all', 'lo']) {
        writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
        writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
      }
      using route = new RouteSocket()
      addAddress(route, 'lo', { address: VIP, prefix: 32 })
    })
    await webServer(t, server, name, 80)
  }
  withTable(t, director, table => {
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

  assert.deepEqual(await ask(t, client, `http://${VIP}`, 6), ['two 3', 'one 3', 'two 3', 'one 3', 'two 3', 'one 3'])
  assert.deepEqual(await ask(t, client, `http://${VIP}`, 2, 1_000_000), ['two 1000000', 'one 1000000'])

  withTable(t, director, table => {
    const { counters } = table.service(SERVICE)!
    assert.equal(counters.connections, 8n)
    assert.equal(counters.outPackets, 0n)
    assert.ok(counters.inBytes > 2_000_000n, `${counters.inBytes} bytes came in`)
    const connections = [...table.connections()]
    assert.equal(connections.length, 8)
    for (const connection of connections) assert.match(connection.state, /^(FIN_WAIT|ESTABLISHED)$/)
  })
})
