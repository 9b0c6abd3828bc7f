import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryTable } from '../balancer/memory-table.ts'
import { ip } from '../bytes/address.ts'
import type { DesiredService } from '../health/desired.ts'
import { type ServiceKey, serviceKeyText } from '../model/service.ts'
import type { Destination, ServiceTable, VirtualService } from '../model/virtual-service.ts'
import { applyServices, operationText } from './apply.ts'
import { destinationKey, type OwnedServices, planServices } from './services.ts'

const web: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('192.168.41.249'), port: 80 }
const mail: ServiceKey = { ...web, port: 25 }

function service(key: ServiceKey, given: Partial<VirtualService> = {}): VirtualService {
  const persistence = { timeoutS: 50, prefix: 32 }
  return {
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence,
    persistenceEngine: undefined,
    ...given,
  }
}

function server(host: number, weight = 1): Destination {
  const address = ip(`192.168.41.${host}`)
  return { address, port: 80, forwarding: { method: 'route' }, weight, upperThreshold: 0, lowerThreshold: 0 }
}

function desire(key: ServiceKey, ...destinations: Destination[]): DesiredService {
  return { service: service(key), destinations }
}

/** What we own once all that is desired is there. */
function ownedServices(desired: readonly DesiredService[]): OwnedServices {
  return new Map(
    desired.map(one => [serviceKeyText(one.service.key), new Set(one.destinations.map(destinationKey))] as const),
  )
}

/** The plan as its reader sees it; it is carried out too. */
function reconcile(table: ServiceTable, desired: readonly DesiredService[], before: readonly DesiredService[] = []) {
  const operations = planServices(desired, table.services(), ownedServices(before), before)
  assert.deepEqual(applyServices(operations, table), [])
  return operations.map(operationText)
}

test('planServices() fills an empty table in the order of the configuration', () => {
  assert.deepEqual(reconcile(new MemoryTable(), [desire(web, server(31), server(33))]), [
    'addService TCP 192.168.41.249:80',
    'addDestination TCP 192.168.41.249:80 -> 192.168.41.31:80',
    'addDestination TCP 192.168.41.249:80 -> 192.168.41.33:80',
  ])
})

test('planServices() adopts what a daemon before it left: nothing is deleted, nothing added', () => {
  const table = new MemoryTable()
  reconcile(table, [desire(web, server(31), server(33))])
  assert.deepEqual(reconcile(table, [desire(web, server(31), server(33))]), [])
})

test('planServices() puts a new server in before the old one leaves', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31))]
  reconcile(table, before)
  assert.deepEqual(reconcile(table, [desire(web, server(99))], before), [
    'addDestination TCP 192.168.41.249:80 -> 192.168.41.99:80',
    'deleteDestination TCP 192.168.41.249:80 -> 192.168.41.31:80',
  ])
})

test('planServices() raises weights before it takes others to nothing', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31, 1), server(33, 0))]
  reconcile(table, before)
  assert.deepEqual(reconcile(table, [desire(web, server(31, 0), server(33, 1))], before), [
    'editDestination TCP 192.168.41.249:80 -> 192.168.41.33:80',
    'editDestination TCP 192.168.41.249:80 -> 192.168.41.31:80',
  ])
})

test('planServices() leaves alone the services and servers that an operator added', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31))]
  reconcile(table, before)
  table.addService(service(mail))
  table.addDestination(mail, server(31))
  table.addDestination(web, server(77))
  assert.deepEqual(reconcile(table, before, before), [])
  assert.deepEqual(reconcile(table, [desire(web)], before), [
    'deleteDestination TCP 192.168.41.249:80 -> 192.168.41.31:80',
  ])
})

test('planServices() leaves an operator’s edit of our server until we want it otherwise ourselves', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31), server(33))]
  reconcile(table, before)
  table.editDestination(web, server(31, 0))
  assert.deepEqual(reconcile(table, before, before), [])
  assert.deepEqual(reconcile(table, [desire(web, server(31, 5), server(33))], before), [
    'editDestination TCP 192.168.41.249:80 -> 192.168.41.31:80',
  ])
})

test('planServices() puts back what an operator deleted of ours', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31), server(33))]
  reconcile(table, before)
  table.deleteDestination(web, ip('192.168.41.33'), 80)
  assert.deepEqual(reconcile(table, before, before), ['addDestination TCP 192.168.41.249:80 -> 192.168.41.33:80'])
})

test('planServices() removes a service that left the configuration, but not from under somebody’s servers', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31)), desire(mail, server(31))]
  reconcile(table, before)
  table.addDestination(mail, server(77))
  assert.deepEqual(reconcile(table, [], before), [
    'deleteDestination TCP 192.168.41.249:25 -> 192.168.41.31:80',
    'deleteService TCP 192.168.41.249:80',
  ])
})

test('planServices() edits a service whose scheduler changed', () => {
  const table = new MemoryTable()
  const before = [desire(web, server(31))]
  reconcile(table, before)
  const now = [{ service: service(web, { scheduler: 'wlc' }), destinations: [server(31)] }]
  assert.deepEqual(reconcile(table, now, before), ['editService TCP 192.168.41.249:80'])
  assert.deepEqual(reconcile(table, now, now), [])
})

test('applyServices() goes on after a refusal and reports it', () => {
  const table = new MemoryTable()
  const operations = planServices([desire(web, server(31))], [], new Map(), [])
  table.addService(service(web))
  const refusals = applyServices(operations, table)
  assert.deepEqual(
    refusals.map(({ operation, error }) => [operation.type, error.errno]),
    [['addService', 'EEXIST']],
  )
  assert.equal(table.service(web)?.destinations.length, 1)
})

const pools = fc.array(
  fc.record({
    key: fc.constantFrom(web, mail),
    destinations: fc.uniqueArray(fc.record({ host: fc.integer({ min: 1, max: 6 }), weight: fc.nat({ max: 3 }) }), {
      selector: one => one.host,
    }),
  }),
  { maxLength: 2 },
)

test('a plan that was carried out leaves nothing to plan, and no service without servers on the way', () => {
  fc.assert(
    fc.property(fc.array(pools, { maxLength: 6 }), configurations => {
      const table = new MemoryTable()
      let before: readonly DesiredService[] = []
      for (const configuration of configurations) {
        const unique = new Map(configuration.map(pool => [pool.key, pool]))
        const desired = [...unique.values()].map(({ key, destinations }) =>
          desire(key, ...destinations.map(({ host, weight }) => server(host, weight))),
        )
        const operations = planServices(desired, table.services(), ownedServices(before), before)
        const serving = (key: ServiceKey) => (table.service(key)?.destinations.length ?? 0) > 0
        const stays = desired.filter(one => one.destinations.length > 0 && serving(one.service.key))
        for (const operation of operations) {
          assert.deepEqual(applyServices([operation], table), [])
          for (const one of stays) assert.ok(serving(one.service.key))
        }
        assert.deepEqual(planServices(desired, table.services(), ownedServices(desired), []), [])
        before = desired
      }
    }),
  )
})
