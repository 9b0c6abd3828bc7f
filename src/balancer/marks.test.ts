import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { frameText, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const KEY: ServiceKey = { kind: 'mark', mark: 7, family: 4 }
const KEY6: ServiceKey = { kind: 'mark', mark: 7, family: 6 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const VIP = { address: ip('192.0.2.1'), port: 80 }
const OTHER = { address: ip('192.0.2.2'), port: 443 }
const MARKED = { mark: 7 }

test('what has the mark is taken, whatever its address and port; what follows needs no mark', () => {
  const table = balancing(KEY)
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn'])).verdict, 'pass', 'no mark')
  for (const target of [VIP, OTHER]) {
    const first = table.receive(tcpFrame(CLIENT, target, ['syn']), undefined, MARKED)
    assert.equal(frameText(first.packet), `198.51.100.7:40000 > ${target.address}:${target.port} ttl 63`)
    assert.equal(table.receive(tcpFrame(CLIENT, target, ['ack'])).nextHop, first.nextHop)
  }
  const listed = [...table.connections()].map(({ virtual, destination }) => [virtual.port, destination.port])
  assert.deepEqual(listed.sort(), [
    [443, 443],
    [80, 80],
  ])
})

test('a reply of a translated server comes from the address that was asked', () => {
  const table = balancing(KEY, { method: 'masquerade' })
  for (const target of [VIP, OTHER]) {
    const { nextHop } = table.receive(udpFrame(CLIENT, target), undefined, MARKED)
    const reply = table.receive(udpFrame({ address: nextHop!, port: target.port }, CLIENT))
    assert.equal(frameText(reply.packet), `${target.address}:${target.port} > 198.51.100.7:40000 ttl 63`)
  }
})

test('one template is for all that has the mark', () => {
  const table = balancing(KEY, { method: 'route' }, 60)
  const hops = [VIP, OTHER].map(target => table.receive(tcpFrame(CLIENT, target, ['syn']), undefined, MARKED).nextHop)
  assert.deepEqual(hops, ['10.0.0.12', '10.0.0.12'])
  const templates = [...table.connections()].filter(({ protocol }) => protocol === 'IP')
  assert.deepEqual(
    templates.map(({ client, virtual, destination }) => [client, virtual, destination]),
    [
      [
        { address: '198.51.100.7', port: 0 },
        { address: '0.0.0.7', port: 0 },
        { address: '10.0.0.12', port: 0 },
      ],
    ],
  )
})

test('both families may have the same mark', () => {
  const table = balancing(KEY)
  addTo(table, KEY6, 0, { method: 'route' }, ['2001:db8::b:11', '2001:db8::b:12'])
  const client = { address: ip('2001:db8:1::7'), port: 40000 }
  const target = { address: ip('2001:db8:2::1'), port: 80 }
  assert.equal(table.receive(tcpFrame(client, target, ['syn']), undefined, MARKED).nextHop, '2001:db8::b:12')
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn']), undefined, MARKED).nextHop, '10.0.0.12')
  assert.deepEqual(
    table.services().map(({ key }) => key),
    [KEY6, KEY],
  )
})

test('a client is told where there is no server, and left to the stack when the service is gone', () => {
  const table = balancing(KEY)
  for (const { address } of table.services()[0]!.destinations) table.deleteDestination(KEY, address, 0)
  const { packet, nextHop } = table.receive(tcpFrame(CLIENT, VIP, ['syn']), undefined, MARKED)
  assert.equal(nextHop, CLIENT.address)
  assert.deepEqual([...packet.subarray(34, 36)], [3, 3], 'port unreachable')
  table.deleteService(KEY)
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn']), undefined, MARKED).verdict, 'pass')
})

function balancing(key: ServiceKey, forwarding: Forwarding = { method: 'route' }, timeoutS = 0): InterpretedTable {
  const table = new InterpretedTable()
  addTo(table, key, timeoutS, forwarding, ['10.0.0.11', '10.0.0.12'])
  return table
}

function addTo(
  table: InterpretedTable,
  key: ServiceKey,
  timeoutS: number,
  forwarding: Forwarding,
  servers: readonly string[],
): void {
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: timeoutS === 0 ? undefined : { timeoutS, prefix: 32 },
    persistenceEngine: undefined,
  })
  for (const address of servers)
    table.addDestination(key, {
      address: ip(address),
      port: 0,
      forwarding,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
}
