/** Two directors, and what one tells the other: by its own rules, in the protocol's own bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import { decodeSyncMessage, encodeSyncMessages, type SyncedConnection } from '../wire/ipvs-sync.ts'
import { packetOf, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import type { TCP_FLAG } from './program/headers.ts'

const VIP = ip('10.0.0.100')
const VIP6 = ip('2001:db8::100')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const WEB6: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP6, port: 80 }
const DNS: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 53 }
const CLIENT = ip('10.0.0.2')
const ONE = ip('172.16.0.11')
const TWO = ip('172.16.0.12')

type Flag = keyof typeof TCP_FLAG

test('an established connection is told of at its third packet, then at every fiftieth', () => {
  const { master } = pair()
  const told = (flags: readonly Flag[]) => {
    master.receive(segment(flags))
    return [...master.dueConnections()].length
  }
  assert.deepEqual([told(['syn']), told(['ack']), told(['ack']), told(['ack'])], [0, 0, 1, 0])
  const later = Array.from({ length: 100 }, () => told(['ack']))
  assert.deepEqual(
    later.flatMap((count, i) => (count > 0 ? [i + 5] : [])),
    [53, 103],
  )
})

test('the end of a connection is told at once', () => {
  const { master } = pair()
  play(master, [['syn'], ['ack'], ['ack']])
  master.receive(segment(['fin', 'ack']))
  assert.deepEqual([...master.dueConnections()].map(told), ['6 4 flags 183 10.0.0.2:40000 120 s'])
})

test('with a refresh period, a connection is told of again only when much of its time has gone', () => {
  const { master } = pair()
  master.setSysctl('sync_refresh_period', 60)
  const told = () => {
    master.receive(segment(['ack']))
    return [...master.dueConnections()].length
  }
  master.setSysctl('sync_period', 0)
  play(master, [['syn'], ['ack']])
  assert.equal([...master.dueConnections()].length, 1)
  assert.equal(told(), 0)
  master.elapse(59)
  assert.equal(told(), 0)
  master.elapse(2)
  assert.equal(told(), 1)
})

test('a retry comes after an eighth of the refresh period, as often as it may', () => {
  const { master } = pair()
  master.setSysctl('sync_refresh_period', 80)
  master.setSysctl('sync_period', 0)
  master.setSysctl('sync_retries', 1)
  play(master, [['syn'], ['ack']])
  assert.equal([...master.dueConnections()].length, 1)
  const told = (seconds: number) => {
    master.elapse(seconds)
    master.receive(segment(['ack']))
    return [...master.dueConnections()].length
  }
  assert.deepEqual([told(9), told(2), told(11)], [0, 1, 0])
})

for (const method of ['route', 'masquerade', 'tunnel'] as const) {
  test(`the backup goes on with a connection by ${method}, with the same server`, () => {
    const { master, backup } = pair({ method })
    play(master, [['syn'], ['ack'], ['ack']])
    hand(master, backup)
    assert.deepEqual(connections(backup), connections(master))
    const [server] = backup.service(WEB)!.destinations.filter(one => one.activeConnections === 1)
    const before = master.receive(segment(['ack']))
    const after = backup.receive(segment(['ack']))
    assert.equal(after.verdict, 'sent')
    assert.deepEqual([after.nextHop, packetOf(after.packet)], [before.nextHop, packetOf(before.packet)])
    assert.equal(server?.address, connections(backup)[0]?.destination.address)
  })
}

test('a translated connection answers through the backup', () => {
  const { master, backup } = pair({ method: 'masquerade' })
  play(master, [['syn'], ['ack'], ['ack']])
  hand(master, backup)
  const reply = (table: InterpretedTable) => {
    const { destination } = connections(table)[0]!
    return table.receive(tcpFrame(destination, { address: CLIENT, port: 40000 }, ['ack']))
  }
  assert.equal(reply(backup).verdict, 'sent')
  assert.deepEqual(packetOf(reply(backup).packet), packetOf(reply(master).packet))
})

test('a connection of IPv6 and one of UDP are told of, too', () => {
  const { master, backup } = pair({ others: true })
  for (const flags of [['syn'], ['ack'], ['ack']] as const) master.receive(segment6(flags))
  for (let i = 0; i < 3; i++) master.receive(udpFrame({ address: CLIENT, port: 5353 }, { address: VIP, port: 53 }))
  hand(master, backup)
  assert.equal(connections(backup).length, 2)
  assert.deepEqual(connections(backup), connections(master))
})

test('a template is told of with its connection, and holds on the backup', () => {
  const { master, backup } = pair({ persistence: { timeoutS: 100, prefix: 24 } })
  play(master, [['syn'], ['ack'], ['ack']])
  hand(master, backup)
  assert.deepEqual(connections(backup), connections(master))
  assert.equal(backup.service(WEB)!.destinations.filter(one => one.persistentConnections === 1).length, 1)
  const chosen = connections(master)[0]!.destination.address
  for (let port = 1; port < 6; port++) assert.equal(backup.receive(segment(['syn'], port)).nextHop, chosen)
})

test('what changes is brought up to date, and counted once', () => {
  const { master, backup } = pair()
  play(master, [['syn'], ['ack'], ['ack']])
  hand(master, backup)
  hand(master, backup)
  master.receive(segment(['fin', 'ack']))
  hand(master, backup)
  const [connection, ...others] = connections(backup)
  assert.deepEqual([connection?.state, connection?.expiresInS, others], ['FIN_WAIT', 120, []])
  assert.deepEqual(totals(backup), [0, 1])
  backup.elapse(121)
  assert.deepEqual([connections(backup), totals(backup)], [[], [0, 0]])
})

test('a connection that goes to another server now replaces the one that was known', () => {
  const { backup } = pair()
  const heard = (server: Ip, overrides: Partial<SyncedConnection> = {}) =>
    enter(backup, [{ ...connectionTo(server), ...overrides }])
  heard(ONE)
  heard(TWO)
  assert.deepEqual(
    connections(backup).map(({ destination }) => destination.address),
    [TWO],
  )
  heard(ONE, { state: 4, flags: 0x183 })
  assert.deepEqual(
    connections(backup).map(({ destination }) => destination.address),
    [TWO],
    'the end of the former one concerns it no more',
  )
  assert.deepEqual(totals(backup), [1, 0])
})

test('without a timeout, as in version 0, the state has its own', () => {
  const { backup } = pair()
  const connection = { ...connectionTo(ONE), timeoutS: 0 }
  enter(backup, [
    connection,
    { ...connection, flags: 0x1183, state: 0, client: { address: bytes('10.0.0.3'), port: 0 } },
  ])
  assert.deepEqual(
    connections(backup)
      .map(({ expiresInS }) => expiresInS)
      .sort(),
    [180, 900],
  )
})

test('a connection whose server is not there is served, and bound when the server is added', () => {
  const { backup } = pair()
  const server = ip('172.16.0.77')
  enter(backup, [connectionTo(server)])
  const listed = connections(backup).map(({ destination, state }) => [destination.address, state])
  assert.deepEqual(listed, [[server, 'ESTABLISHED']])
  assert.equal(backup.receive(segment(['ack'])).nextHop, server)
  backup.addDestination(WEB, destination(server, 'route', 80))
  assert.equal(backup.service(WEB)!.destinations.find(one => one.address === server)?.activeConnections, 1)
})

test('a connection whose service is not there waits for it', () => {
  const table = new InterpretedTable()
  enter(table, [connectionTo(ONE)])
  assert.equal(connections(table).length, 1)
  assert.equal(table.receive(segment(['ack'])).nextHop, ONE)
  assert.notEqual(table.receive(segment(['syn'], 1)).verdict, 'sent', 'nobody new comes')
  assert.deepEqual(table.services(), [])
  table.addService(service(WEB, undefined))
  table.addDestination(WEB, destination(ONE, 'route', 80))
  assert.deepEqual(totals(table), [1, 0])
})

test('what waits in vain is forgotten with its last connection', () => {
  const table = new InterpretedTable()
  enter(table, [{ ...connectionTo(ONE), timeoutS: 10 }])
  table.elapse(11)
  assert.deepEqual(connections(table), [])
  table.elapse(2)
  for (const key of [DNS, WEB6]) table.addService(service(key, undefined))
  assert.equal(table.receive(segment(['ack'])).verdict, 'pass')
})

test('nobody fills the table with servers that do not exist', () => {
  const table = new InterpretedTable({ destinations: 4096, connections: 4096 })
  const many = Array.from({ length: 3000 }, (_, i) => connectionTo(ip(`172.20.${i >> 8}.${i & 255}`), 1 + i))
  const drops = enter(table, many)
  assert.equal(drops.get('waiting-full'), 3000 - 1024)
})

for (const [why, overrides] of [
  ['protocol', { protocol: 47 }],
  ['state', { state: 11 }],
  ['engine', { engine: { name: 'sip', data: Uint8Array.of(1) } }],
  ['method', { flags: 4, server: { address: bytes('172.16.0.99'), port: 80 } }],
  ['server', { server: { address: bytes('224.0.0.1'), port: 80 } }],
] as const) {
  test(`a connection with a bad ${why} is not entered`, () => {
    const { backup } = pair()
    assert.deepEqual(enter(backup, [{ ...connectionTo(ONE), ...overrides }]), new Map([[why, 1]]))
    assert.deepEqual(connections(backup), [])
  })
}

test('a full table says so', () => {
  const table = new InterpretedTable({ connections: 64 })
  const drops = enter(
    table,
    Array.from({ length: 200 }, (_, i) => connectionTo(ONE, 1 + i)),
  )
  assert.ok((drops.get('table-full') ?? 0) >= 200 - 64)
})

interface Options {
  readonly method?: Destination['forwarding']['method']
  readonly persistence?: VirtualService['persistence']
  /** Services of UDP and IPv6, too. */
  readonly others?: boolean
}

/** Two directors with the same services; the first notes what the other is to be told. */
function pair(options: Options = {}): { master: InterpretedTable; backup: InterpretedTable } {
  const [master, backup] = [director(options), director(options)] as const
  master.noteForSync(true)
  return { master, backup }
}

function director({ method = 'route', persistence, others = false }: Options): InterpretedTable {
  const table = new InterpretedTable()
  table.addService(service(WEB, persistence))
  for (const server of [ONE, TWO])
    table.addDestination(WEB, destination(server, method, method === 'masquerade' ? 8080 : 80))
  if (!others) return table
  for (const key of [DNS, WEB6]) table.addService(service(key, undefined))
  table.addDestination(DNS, destination(ONE, 'route', 53))
  table.addDestination(WEB6, destination(ip('2001:db8::11'), 'route', 80))
  return table
}

function service(key: ServiceKey, persistence: VirtualService['persistence']): VirtualService {
  return { key, scheduler: 'rr', schedulerFlags: [], onePacket: false, persistence, persistenceEngine: undefined }
}

function destination(address: Ip, method: Destination['forwarding']['method'], port: number): Destination {
  const forwarding = method === 'tunnel' ? ({ method, tunnel: { type: 'ipip' } } as const) : { method }
  return { address, port, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}

function segment(flags: readonly Flag[], sourcePort = 40000): Uint8Array {
  return tcpFrame({ address: CLIENT, port: sourcePort }, { address: VIP, port: 80 }, flags)
}

function segment6(flags: readonly Flag[]): Uint8Array {
  return tcpFrame({ address: ip('2001:db8::2'), port: 40000 }, { address: VIP6, port: 80 }, flags)
}

function play(table: InterpretedTable, segments: readonly (readonly Flag[])[]): void {
  for (const flags of segments) assert.equal(table.receive(segment(flags)).verdict, 'sent')
}

/** What one has noted goes to the other, byte by byte. */
function hand(from: InterpretedTable, to: InterpretedTable): void {
  for (const message of encodeSyncMessages(from.dueConnections(), { version: 1, syncId: 1, maxLength: 1472 })) {
    const decoded = decodeSyncMessage(message)
    assert.ok(decoded.ok)
    assert.deepEqual(enter(to, decoded.value.connections), new Map())
  }
}

function enter(table: InterpretedTable, connections: readonly SyncedConnection[]): Map<string, number> {
  const drops = new Map<string, number>()
  table.enterSynced(connections, why => drops.set(why, (drops.get(why) ?? 0) + 1))
  return drops
}

function connectionTo(server: Ip, clientPort = 40000): SyncedConnection {
  return {
    family: 4,
    protocol: 6,
    flags: 0x83,
    state: 1,
    client: { address: bytes(CLIENT), port: clientPort },
    virtual: { address: bytes(VIP), port: 80 },
    server: { address: bytes(server), port: 80 },
    mark: 0,
    timeoutS: 900,
    engine: undefined,
  }
}

function connections(table: InterpretedTable): ReturnType<typeof Array.from<Listed>> {
  return [...table.connections()].sort((a, b) => a.client.port - b.client.port)
}
type Listed = ReturnType<InterpretedTable['connections']> extends Iterable<infer One> ? One : never

/** Active and inactive connections of all servers. */
function totals(table: InterpretedTable): readonly number[] {
  const servers = table.services().flatMap(({ destinations }) => destinations)
  return [
    servers.reduce((sum, { activeConnections }) => sum + activeConnections, 0),
    servers.reduce((sum, { inactiveConnections }) => sum + inactiveConnections, 0),
  ]
}

function told({ protocol, state, flags, client, timeoutS }: SyncedConnection): string {
  return `${protocol} ${state} flags ${flags.toString(16)} ${client.address.join('.')}:${client.port} ${timeoutS} s`
}

function bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number))
}
