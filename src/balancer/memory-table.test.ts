import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import { type Destination, type TableErrno, TableError, type VirtualService } from '../model/virtual-service.ts'
import { MemoryTable } from './memory-table.ts'

const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.0.0.1'), port: 80 }

function service(key: ServiceKey, scheduler: VirtualService['scheduler'] = 'rr'): VirtualService {
  return {
    key,
    scheduler,
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  }
}

function server(address: string, more: Partial<Destination> = {}): Destination {
  return {
    address: ip(address),
    port: 80,
    forwarding: { method: 'route' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    ...more,
  }
}

function refused(errno: TableErrno): (error: unknown) => boolean {
  return error => error instanceof TableError && error.errno === errno
}

test('services and servers are listed newest first; an edit keeps their place', () => {
  const table = new MemoryTable()
  table.addService(service(WEB))
  table.addService(service({ ...WEB, port: 81 }))
  for (const address of ['172.16.0.1', '172.16.0.2', '172.16.0.3']) table.addDestination(WEB, server(address))
  table.editService(service(WEB, 'wlc'))
  table.editDestination(WEB, server('172.16.0.1', { weight: 5 }))
  assert.deepEqual(
    table.services().map(({ key }) => (key.kind === 'address' ? key.port : 0)),
    [81, 80],
  )
  assert.deepEqual(
    table.service(WEB)?.destinations.map(({ address, weight }) => `${address} ${weight}`),
    ['172.16.0.3 1', '172.16.0.2 1', '172.16.0.1 5'],
  )
})

test('edits are refused with the errnos of ip_vs', () => {
  const table = new MemoryTable()
  assert.throws(() => table.editService(service(WEB)), refused('ESRCH'))
  assert.throws(() => table.addDestination(WEB, server('172.16.0.1')), refused('ESRCH'))
  table.addService(service(WEB))
  assert.throws(() => table.addService(service(WEB)), refused('EEXIST'))
  table.addDestination(WEB, server('172.16.0.1'))
  assert.throws(() => table.addDestination(WEB, server('172.16.0.1')), refused('EEXIST'))
  assert.throws(() => table.editDestination(WEB, server('172.16.0.2')), refused('ENOENT'))
  assert.throws(() => table.deleteDestination(WEB, ip('172.16.0.2'), 80), refused('ENOENT'))
  const thresholds = { upperThreshold: 5, lowerThreshold: 6 }
  assert.throws(() => table.addDestination(WEB, server('172.16.0.2', thresholds)), refused('ERANGE'))
  assert.throws(() => table.addDestination(WEB, server('224.0.0.1')), refused('EINVAL'))
  assert.throws(() => table.addDestination(WEB, server('2001:db8::1')), refused('EINVAL'))
  assert.throws(() => table.stopSyncDaemon('master', 0), refused('ESRCH'))
})

test('a refused edit changes nothing', () => {
  const table = new MemoryTable()
  table.addService(service(WEB))
  table.addDestination(WEB, server('172.16.0.1'))
  const before = table.services()
  assert.throws(() =>
    table.editDestination(WEB, server('172.16.0.1', { weight: 9, upperThreshold: 1, lowerThreshold: 2 })),
  )
  assert.throws(() => table.editService({ ...service(WEB, 'wlc'), persistenceEngine: 'none' }))
  assert.deepEqual(table.services(), before)
})

test('zero() forgets counters, of one service or of all', () => {
  const table = new MemoryTable()
  const other = { ...WEB, port: 81 }
  const counters = { connections: 1n, inPackets: 2n, outPackets: 3n, inBytes: 4n, outBytes: 5n }
  for (const key of [WEB, other]) {
    table.addService(service(key))
    table.observe(key, { counters })
  }
  table.zero(WEB)
  assert.equal(table.service(WEB)?.counters.connections, 0n)
  assert.equal(table.service(other)?.counters.connections, 1n)
  table.zero()
  assert.equal(table.service(other)?.counters.connections, 0n)
})
