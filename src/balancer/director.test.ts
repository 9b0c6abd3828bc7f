import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import { decodeIpv4 } from '../wire/ipv4.ts'
import { packetOf, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import type { TCP_FLAG } from './program/headers.ts'
import { PACKET_OTHERHOST } from './program/hook.ts'

const VIP = ip('192.168.41.249')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const ONE = ip('192.168.41.31')
const TWO = ip('192.168.41.33')
const CLIENT = { address: ip('192.168.40.9'), port: 40000 }

test('a packet that concerns no service passes as it is', () => {
  const table = web()
  for (const frame of [
    segment(['syn'], { port: 81 }),
    segment(['syn'], { address: ONE }),
    new Uint8Array(64),
    new Uint8Array(14),
  ]) {
    const fate = table.receive(frame)
    assert.equal(fate.verdict, 'pass')
    assert.deepEqual(fate.packet, frame)
  }
})

test('a frame for the hardware address of another host passes, which a switch may well send everybody', () => {
  const table = web()
  const frame = segment(['syn'], {})
  const { verdict, packet } = table.receive(frame, undefined, { packetType: PACKET_OTHERHOST })
  assert.equal(verdict, 'pass')
  assert.deepEqual(packet, frame)
  assert.equal(table.receive(frame).verdict, 'sent')
})

test('round robin begins with the server that was added last', () => {
  const table = web()
  assert.deepEqual(
    ports(4).map(port => table.receive(segment(['syn'], {}, port)).nextHop),
    [TWO, ONE, TWO, ONE],
  )
})

test('a connection stays with its server, and only MAC addresses and TTL change', () => {
  const table = web()
  const sent = segment(['ack'], {})
  const first = table.receive(segment(['syn'], {}))
  const { verdict, nextHop, packet } = table.receive(sent)
  assert.equal(verdict, 'sent')
  assert.equal(nextHop, first.nextHop)
  const before = decodeIpv4(packetOf(sent))
  const after = decodeIpv4(packetOf(packet))
  assert.ok(before.ok && after.ok, 'the header checksum is right')
  assert.deepEqual({ ...after.value, ttl: after.value.ttl + 1 }, before.value)
})

test('a segment that belongs to nothing passes to the stack, which resets it', () => {
  const table = web()
  for (const flags of [['ack'], ['fin', 'ack'], ['rst'], ['syn', 'rst']] as const)
    assert.equal(table.receive(segment(flags, {})).verdict, 'pass')
  assert.equal([...table.connections()].length, 0)
})

test('states, counts and timeouts follow the one-sided table', () => {
  const table = web({ servers: [ONE] })
  const counts = () => {
    const server = table.service(WEB)!.destinations[0]!
    return [server.activeConnections, server.inactiveConnections]
  }
  const state = () => [...table.connections()].map(({ state, expiresInS }) => `${state} ${expiresInS}`)
  table.receive(segment(['syn'], {}))
  assert.deepEqual([state(), counts()], [['SYN_RECV 60'], [1, 0]])
  table.receive(segment(['ack'], {}))
  assert.deepEqual([state(), counts()], [['ESTABLISHED 900'], [1, 0]])
  table.elapse(899)
  table.receive(segment(['ack'], {}))
  assert.deepEqual([state(), counts()], [['ESTABLISHED 900'], [1, 0]])
  table.receive(segment(['fin', 'ack'], {}))
  assert.deepEqual([state(), counts()], [['FIN_WAIT 120'], [0, 1]])
  table.elapse(119)
  assert.deepEqual([state(), counts()], [['FIN_WAIT 1'], [0, 1]])
  table.elapse(1)
  assert.deepEqual([state(), counts()], [[], [0, 0]])
})

test('a connection whose time is up is not found, swept or not', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn'], {}))
  table.elapse(60)
  assert.equal(table.receive(segment(['ack'], {})).verdict, 'pass')
  assert.equal(table.service(WEB)!.destinations[0]!.activeConnections, 0)
})

test('a SYN on a closed connection begins another', () => {
  const table = web()
  const first = table.receive(segment(['syn'], {})).nextHop
  table.receive(segment(['rst'], {}))
  assert.deepEqual(
    [...table.connections()].map(({ state }) => state),
    ['SYN_RECV'],
  )
  table.receive(segment(['ack'], {}))
  table.receive(segment(['rst'], {}))
  assert.deepEqual(
    [...table.connections()].map(({ state }) => state),
    ['CLOSE'],
  )
  assert.notEqual(table.receive(segment(['syn'], {})).nextHop, first)
  assert.equal([...table.connections()].length, 1)
})

test('with persistence a client stays with its server, from any port', () => {
  const table = web({ persistence: { timeoutS: 50, prefix: 32 } })
  const hop = (address: string, port: number) =>
    table.receive(tcpFrame({ address: ip(address), port }, { address: VIP, port: 80 }, ['syn'])).nextHop
  assert.deepEqual(
    [1, 2, 3].map(port => hop('10.0.0.1', port)),
    [TWO, TWO, TWO],
  )
  assert.deepEqual(
    [1, 2, 3].map(port => hop('10.0.0.2', port)),
    [ONE, ONE, ONE],
  )
  const listed = [...table.connections()].filter(({ client }) => client.port === 0)
  assert.deepEqual(listed.map(({ state, expiresInS, client }) => `${client.address} ${state} ${expiresInS}`).sort(), [
    '10.0.0.1 NONE 50',
    '10.0.0.2 NONE 50',
  ])
  assert.deepEqual(
    table.service(WEB)!.destinations.map(each => each.persistentConnections),
    [1, 1],
  )
})

test('a template outlives its time while its connections live, then goes with them', () => {
  const table = web({ persistence: { timeoutS: 10, prefix: 32 } })
  table.receive(segment(['syn'], {}))
  table.receive(segment(['ack'], {}))
  const templates = () =>
    [...table.connections()]
      .filter(({ client }) => client.port === 0)
      .map(({ state, expiresInS }) => `${state} ${expiresInS}`)
  assert.deepEqual(templates(), ['ASSURED 10'])
  table.elapse(10)
  assert.deepEqual(templates(), ['ASSURED 60'])
  // The sweep goes on every other second; here every thirty.
  const pass = (seconds: number) => {
    for (let s = 0; s < seconds; s += 30) {
      table.elapse(30)
      table.services()
    }
  }
  pass(870)
  assert.deepEqual([...table.connections()].length, 2)
  pass(90)
  assert.deepEqual([...table.connections()].length, 0)
  assert.deepEqual(
    table.service(WEB)!.destinations.map(each => each.persistentConnections),
    [0, 0],
  )
})

test('persistence by network keeps a whole /24 together', () => {
  const table = web({ persistence: { timeoutS: 50, prefix: 24 } })
  const hop = (address: string) =>
    table.receive(tcpFrame({ address: ip(address), port: 5 }, { address: VIP, port: 80 }, ['syn'])).nextHop
  assert.deepEqual(['10.0.0.1', '10.0.0.99', '10.0.1.1'].map(hop), [TWO, TWO, ONE])
})

test('a server of weight 0 keeps its connections and gets no new ones', () => {
  const table = web()
  const first = table.receive(segment(['syn'], {})).nextHop!
  table.editDestination(WEB, server(first, 0))
  assert.equal(table.receive(segment(['ack'], {})).nextHop, first)
  assert.deepEqual(
    new Set(ports(4).map(port => table.receive(segment(['syn'], {}, port + 9)).nextHop)),
    new Set([first === ONE ? TWO : ONE]),
  )
})

test('where no server is left the connection is refused', () => {
  const table = web({ servers: [ONE] })
  table.editDestination(WEB, server(ONE, 0))
  assert.equal(table.receive(segment(['syn'], {})).verdict, 'answered')
})

test('packets for a removed server are dropped until it comes back', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn'], {}))
  table.deleteDestination(WEB, ONE, 80)
  assert.equal(table.receive(segment(['ack'], {})).verdict, 'drop')
  table.addDestination(WEB, server(ONE))
  assert.equal(table.receive(segment(['ack'], {})).nextHop, ONE)
  assert.equal(table.service(WEB)!.destinations[0]!.activeConnections, 1)
})

test('a service that is removed and added again with its servers has its connections still', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn'], {}))
  table.flush()
  assert.equal(table.receive(segment(['ack'], {})).verdict, 'drop')
  assert.equal(table.receive(segment(['syn'], {}, 41000)).verdict, 'pass')
  table.addService(service(WEB))
  table.addDestination(WEB, server(ONE))
  assert.equal(table.receive(segment(['ack'], {})).nextHop, ONE)
})

test('what a removed server counted stays with the service', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn'], {}))
  const bytes = table.service(WEB)!.counters.inBytes
  table.deleteDestination(WEB, ONE, 80)
  assert.equal(table.service(WEB)!.counters.inBytes, bytes)
  table.elapse(901)
  table.services()
  table.addDestination(WEB, server(TWO))
  assert.equal(table.service(WEB)!.counters.inBytes, bytes)
  assert.equal(table.service(WEB)!.destinations[0]!.counters.inBytes, 0n)
})

test('counts are of connections, packets and bytes of IP, and start again when zeroed', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn'], {}))
  table.receive(segment(['ack'], {}))
  const { connections, inPackets, inBytes, outPackets } = table.service(WEB)!.counters
  assert.deepEqual([connections, inPackets, inBytes, outPackets], [1n, 2n, 80n, 0n])
  table.zero(WEB)
  assert.equal(table.service(WEB)!.counters.inPackets, 0n)
  table.receive(segment(['ack'], {}))
  assert.equal(table.service(WEB)!.destinations[0]!.counters.inPackets, 1n)
})

test('a server that has reached its upper threshold gets none until it is below the lower one', () => {
  const table = web({ servers: [] })
  table.addDestination(WEB, { ...server(ONE), upperThreshold: 2, lowerThreshold: 1 })
  const hops = (count: number, from: number) =>
    ports(count).map(port => table.receive(segment(['syn'], {}, from + port)).verdict)
  assert.deepEqual(hops(3, 0), ['sent', 'sent', 'answered'])
  table.elapse(60)
  assert.equal(table.service(WEB)!.destinations[0]!.activeConnections, 0)
  assert.deepEqual(hops(1, 100), ['sent'])
})

test('UDP is balanced by any packet and kept for five minutes', () => {
  const dns: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 53 }
  const table = new InterpretedTable()
  table.addService(service(dns))
  for (const address of [ONE, TWO]) table.addDestination(dns, { ...server(address), port: 53 })
  const hop = (port: number) => table.receive(udpFrame({ ...CLIENT, port }, { address: VIP, port: 53 })).nextHop
  assert.deepEqual([hop(1), hop(1), hop(2)], [TWO, TWO, ONE])
  assert.deepEqual(
    [...table.connections()].map(({ state, expiresInS }) => `${state} ${expiresInS}`),
    ['UDP 300', 'UDP 300'],
  )
  assert.deepEqual(
    table.service(dns)!.destinations.map(each => each.inactiveConnections),
    [1, 1],
  )
})

test('IP options do not hide the ports', () => {
  const table = web({ servers: [ONE] })
  const frame = segment(['syn'], {})
  const withOptions = new Uint8Array(frame.length + 8)
  withOptions.set(frame.subarray(0, 34))
  withOptions.set([1, 1, 1, 1, 1, 1, 1, 0], 34)
  withOptions.set(frame.subarray(34), 42)
  withOptions[14] = 0x47
  assert.equal(table.receive(withOptions).nextHop, ONE)
  assert.equal([...table.connections()][0]?.client.port, CLIENT.port)
})

test('a TTL of 1 ends at the director', () => {
  const table = web({ servers: [ONE] })
  const frame = segment(['syn'], {})
  frame[22] = 1
  assert.equal(table.receive(frame).verdict, 'answered')
})

test('a service of every port is found after one of the very port', () => {
  const every: ServiceKey = { ...WEB, port: 0 }
  const table = web({ servers: [ONE] })
  table.addService(service(every, { timeoutS: 50, prefix: 32 }))
  table.addDestination(every, { ...server(TWO), port: 0 })
  assert.equal(table.receive(segment(['syn'], {})).nextHop, ONE)
  assert.equal(table.receive(segment(['syn'], { port: 22 })).nextHop, TWO)
})

test('a table that is full of connections says so and sends no more', () => {
  const table = web({ servers: [ONE], connections: 32 })
  const verdicts = ports(64).map(port => table.receive(segment(['syn'], {}, port)).verdict)
  assert.ok(verdicts.includes('drop'))
  const kept = verdicts.filter(verdict => verdict === 'sent').length
  assert.equal(kept, 32, 'sixteen further buckets are all there are of so small a table')
  assert.equal(table.refusals()['table-full'], 32n)
  assert.equal(table.service(WEB)!.destinations[0]!.activeConnections, kept)
})

interface WebOptions {
  readonly servers?: readonly Ip[]
  readonly persistence?: VirtualService['persistence']
  readonly connections?: number
}

function web({ servers = [ONE, TWO], persistence, connections = 1024 }: WebOptions = {}): InterpretedTable {
  const table = new InterpretedTable({ connections })
  table.addService(service(WEB, persistence))
  for (const address of servers) table.addDestination(WEB, server(address))
  return table
}

function service(key: ServiceKey, persistence?: VirtualService['persistence']): VirtualService {
  return { key, scheduler: 'rr', schedulerFlags: [], onePacket: false, persistence, persistenceEngine: undefined }
}

function server(address: Ip, weight = 1): Destination {
  return { address, port: 80, forwarding: { method: 'route' }, weight, upperThreshold: 0, lowerThreshold: 0 }
}

function segment(
  flags: readonly (keyof typeof TCP_FLAG)[],
  to: { address?: Ip; port?: number },
  port = CLIENT.port,
): Uint8Array {
  return tcpFrame({ ...CLIENT, port }, { address: VIP, port: 80, ...to }, flags)
}

function ports(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}
