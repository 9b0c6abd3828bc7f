import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { VirtualService } from '../model/virtual-service.ts'
import { MemoryTable } from './memory-table.ts'
import { UnmadeTable } from './unmade-table.ts'

const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.0.0.1'), port: 80 }
const SERVICE: VirtualService = {
  key: WEB,
  scheduler: 'rr',
  schedulerFlags: [],
  onePacket: false,
  persistence: undefined,
  persistenceEngine: undefined,
}

test('a look makes no table, nor does an edit of what is not there', () => {
  const table = new UnmadeTable(
    4096,
    () => undefined,
    () => assert.fail('a table is made'),
  )
  assert.deepEqual(
    [table.services(), [...table.connections()], table.syncDaemons(), table.service(WEB)],
    [[], [], [], undefined],
  )
  assert.equal(table.connectionTableSize, 4096)
  assert.deepEqual(table.timeouts(), { tcpS: 900, tcpFinS: 120, udpS: 300 })
  table.flush()
  table.zero()
  for (const edit of [
    () => table.editService(SERVICE),
    () => table.deleteService(WEB),
    () => table.zero(WEB),
    () => table.deleteDestination(WEB, ip('10.0.0.2'), 80),
  ]) {
    assert.throws(edit, { name: 'TableError', errno: 'ESRCH' })
  }
})

test('the first service makes it, once', () => {
  let made = 0
  const table = new UnmadeTable(
    4096,
    () => undefined,
    () => {
      made++
      return new MemoryTable()
    },
  )
  table.addService(SERVICE)
  table.deleteService(WEB)
  table.addService(SERVICE)
  assert.equal(made, 1)
  assert.deepEqual(
    table.services().map(service => service.key),
    [WEB],
  )
})

test('a table that somebody else has made is seen', () => {
  let theirs: MemoryTable | undefined
  const table = new UnmadeTable(
    4096,
    () => theirs,
    () => assert.fail('a second table is made'),
  )
  assert.deepEqual(table.services(), [])
  theirs = new MemoryTable()
  theirs.addService(SERVICE)
  assert.equal(table.services().length, 1)
})
