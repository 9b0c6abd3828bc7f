/** Datagrams larger than any packet, on real packets: fragments there, and fragments back. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { Forwarding, ServiceKey } from '../../src/model/service.ts'
import { program, Segment, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const KEY: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 5300 }
const SIZES = [100, 1472, 1473, 3000, 9000, 60_000]

test('large datagrams reach a directly routed server in pieces', { skip: needsRoot, timeout: 60_000 }, async t => {
  const segment = new Segment(t)
  const { client, director } = hosts(segment)
  const server = segment.host('server')
  segment.plug(server, 'eth0', ip('10.9.0.11'))
  inNamespace(server, () => {
    for (const part of ['all', 'lo']) {
      writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
      writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
    }
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
  })
  await echo(t, server, VIP)
  serve(t, director, { method: 'route' }, '10.9.0.11')
  assert.deepEqual(await exchange(t, client), SIZES)
})

test('address translation does so in both directions', { skip: needsRoot, timeout: 60_000 }, async t => {
  const outside = new Segment(t)
  const inside = new Segment(t)
  const { client, director } = hosts(outside)
  inside.plug(director, 'eth1', ip('10.8.0.1'))
  const server = inside.host('server')
  inside.plug(server, 'eth0', ip('10.8.0.11'))
  using route = new RouteSocket(server)
  addRoute(route, { gateway: ip('10.8.0.1') })
  await echo(t, server, '0.0.0.0')
  serve(t, director, { method: 'masquerade' }, '10.8.0.11')
  assert.deepEqual(await exchange(t, client), SIZES)
  withTable(t, director, table => {
    const { counters } = table.service(KEY)!
    const bytes = SIZES.reduce((sum, size) => sum + size + 28, 0)
    assert.deepEqual([counters.inPackets, counters.inBytes], [BigInt(SIZES.length), BigInt(bytes)])
    assert.deepEqual([counters.outPackets, counters.outBytes], [BigInt(SIZES.length), BigInt(bytes)])
  })
})

function hosts(segment: Segment): { client: Namespace; director: Namespace } {
  const client = segment.host('client')
  segment.plug(client, 'eth0', ip('10.9.0.1'))
  const director = segment.host('director')
  segment.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  return { client, director }
}

function serve(t: TestContext, director: Namespace, forwarding: Forwarding, address: string): void {
  withTable(t, director, table => {
    table.addService({
      key: KEY,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    const server = { address: ip(address), port: 5300, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
    table.addDestination(KEY, server)
  })
}

/** A server that sends back what it gets. */
async function echo(t: TestContext, server: Namespace, address: string): Promise<void> {
  const child = program(
    t,
    server,
    `const socket = require('dgram').createSocket('udp4')
    socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
    socket.bind(5300, '${address}', () => console.log('ready'))`,
  )
  await once(child.stdout!, 'data')
}

/** Sends datagrams of all sizes one after the other, and tells the sizes of those that come back as they were. */
async function exchange(t: TestContext, client: Namespace): Promise<number[]> {
  const child = program(
    t,
    client,
    `const { createSocket } = require('dgram')
    const { randomBytes } = require('crypto')
    const ask = size => new Promise(resolve => {
      const socket = createSocket('udp4')
      const sent = randomBytes(size)
      const end = answer => { socket.close(); clearTimeout(timer); resolve(answer) }
      const timer = setTimeout(() => end(-size), 5000)
      socket.on('message', bytes => end(bytes.equals(sent) ? size : 0))
      socket.send(sent, 5300, '${VIP}')
    })
    ;(async () => {
      const answers = []
      for (const size of ${JSON.stringify(SIZES)}) answers.push(await ask(size))
      console.log(JSON.stringify(answers))
    })()`,
  )
  let output = ''
  child.stdout!.on('data', data => {
    output += data
  })
  await once(child, 'close')
  return JSON.parse(output)
}
