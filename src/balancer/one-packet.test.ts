import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { frameText, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('192.0.2.1'), port: 53 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVERS = [ip('10.0.0.11'), ip('10.0.0.12')] as const
const KEY: ServiceKey = { kind: 'address', protocol: 'UDP', ...VIP }

test('every packet is scheduled by itself, and nothing is kept of it', () => {
  const table = serving({ method: 'route' })
  assert.deepEqual(
    [1, 2, 3].map(() => table.receive(udpFrame(CLIENT, VIP)).nextHop),
    ['10.0.0.12', '10.0.0.11', '10.0.0.12'],
  )
  const [service] = table.services()
  assert.deepEqual([service!.counters.connections, service!.counters.inPackets], [3n, 3n])
  assert.deepEqual([...table.connections()], [])
})

test('replies of a translated service come from the virtual address, whoever of the servers sends them', () => {
  const table = serving({ method: 'masquerade' })
  for (const _ of [1, 2, 3, 4]) {
    for (const address of [...SERVERS].reverse()) {
      const question = table.receive(udpFrame(CLIENT, VIP))
      assert.equal(frameText(question.packet), `198.51.100.7:40000 > ${address}:5353 ttl 63`)
      const answer = table.receive(udpFrame({ address, port: 5353 }, CLIENT))
      assert.equal(frameText(answer.packet), '192.0.2.1:53 > 198.51.100.7:40000 ttl 63')
    }
  }
  const [service] = table.services()
  const { connections, inPackets, outPackets } = service!.counters
  assert.deepEqual([connections, inPackets, outPackets], [8n, 8n, 8n])
  assert.deepEqual([...table.connections()], [], 'a connection of one packet is none to list')
  for (const { activeConnections, inactiveConnections, persistentConnections } of service!.destinations)
    assert.deepEqual([activeConnections, inactiveConnections, persistentConnections], [0, 0, 0])
})

test('a reply is waited for half a minute, and its server is not forgotten before', () => {
  const table = serving({ method: 'masquerade' })
  table.receive(udpFrame(CLIENT, VIP))
  table.flush()
  table.elapse(29)
  table.flush()
  assert.equal(table.receive(udpFrame({ address: SERVERS[1], port: 5353 }, CLIENT)).verdict, 'sent')
  table.elapse(30)
  table.services()
  assert.equal(table.receive(udpFrame({ address: SERVERS[1], port: 5353 }, CLIENT)).verdict, 'pass')
})

test('a persistent client stays where it is, and its template has no children', () => {
  const table = serving({ method: 'route' }, 60)
  for (const _ of [1, 2, 3]) assert.equal(table.receive(udpFrame(CLIENT, VIP)).nextHop, SERVERS[1])
  assert.equal(table.services()[0]!.destinations[0]!.persistentConnections, 1)
  table.elapse(60)
  assert.deepEqual([...table.connections()], [])
})

function serving(forwarding: Forwarding, timeoutS = 0): InterpretedTable {
  const table = new InterpretedTable()
  table.addService({
    key: KEY,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: true,
    persistence: timeoutS === 0 ? undefined : { timeoutS, prefix: 32 },
    persistenceEngine: undefined,
  })
  const port = forwarding.method === 'masquerade' ? 5353 : VIP.port
  for (const address of SERVERS)
    table.addDestination(KEY, { address, port, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  return table
}
