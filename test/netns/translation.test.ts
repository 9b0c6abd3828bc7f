/** Network address translation on real packets: real servers on a segment of their own, whose gateway is the director. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }

test('requests reach real servers on another port and network, and replies come back through the director', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const outside = new Segment(t)
  const inside = new Segment(t)
  const client = outside.host('client')
  outside.plug(client, 'eth0', ip('10.9.0.1'))
  const director = outside.host('director')
  outside.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  inside.plug(director, 'eth1', ip('10.8.0.1'))
  const servers = [
    ['one', ip('10.8.0.11')],
    ['two', ip('10.8.0.12')],
  ] as const
  for (const [name, address] of servers) {
    const server = inside.host(name)
    inside.plug(server, 'eth0', address)
    using route = new RouteSocket(server)
    addRoute(route, { gateway: ip('10.8.0.1') })
    await webServer(t, server, name, 8080)
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
    for (const [, address] of servers)
      table.addDestination(SERVICE, {
        address,
        port: 8080,
        forwarding: { method: 'masquerade' },
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
      })
  })

  assert.deepEqual(await ask(t, client, `http://${VIP}`, 4), ['two 3', 'one 3', 'two 3', 'one 3'])
  assert.deepEqual(await ask(t, client, `http://${VIP}`, 2, 1_000_000), ['two 1000000', 'one 1000000'])

  withTable(t, director, table => {
    const { counters } = table.service(SERVICE)!
    assert.equal(counters.connections, 6n)
    assert.ok(
      counters.inBytes > 2_000_000n && counters.outBytes > 2_000_000n,
      `${counters.inBytes} in, ${counters.outBytes} out`,
    )
    for (const connection of table.connections()) assert.match(connection.state, /^(TIME_WAIT|CLOSE_WAIT|FIN_WAIT)$/)
  })
})
