/** Edits that are cut short at each of their writes, as by kill -9: the next edit, whoever makes it, finds a whole table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import { type Destination, type ServiceTable, TableError, type VirtualService } from '../model/virtual-service.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { DESTINATION, DESTINATION_BYTES, REGION_NAMES, SETTINGS } from './layout.ts'
import { Memory } from './memory.ts'

const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.0.0.1'), port: 80 }
const MAIL: ServiceKey = { ...WEB, port: 25 }
const [ONE, TWO, NEW] = ['172.16.0.1', '172.16.0.2', '172.16.0.3'].map(text => ip(text)) as [Address, Address, Address]
type Address = ReturnType<typeof ip>
const KEEP = { tcpS: 0, tcpFinS: 0, udpS: 0 }

const EDITS: Readonly<Record<string, (table: ServiceTable) => void>> = {
  addService: table => table.addService(service(MAIL)),
  editService: table => table.editService({ ...service(WEB), scheduler: 'wrr' }),
  addDestination: table => table.addDestination(WEB, destination(NEW)),
  editDestination: table => table.editDestination(WEB, { ...destination(ONE), weight: 7 }),
  deleteDestination: table => table.deleteDestination(WEB, ONE, 80),
  deleteService: table => table.deleteService(WEB),
  flush: table => table.flush(),
}

for (const [name, edit] of Object.entries(EDITS)) {
  test(`${name}() that was cut short, and done again, is done`, t => {
    const table = new InterpretedTable()
    table.addService(service(WEB))
    for (const server of [ONE, TWO]) table.addDestination(WEB, destination(server))
    const before = snapshot(table)
    edit(table)
    const after = listing(table)
    assert.notDeepEqual(after, before.listing)
    const places = freeDestinations(table)
    // No packet comes: the program that each edit would put to work is of no interest.
    table.backing.reshape = () => {}

    let writes = 0
    for (let cutAt = 1; ; cutAt++) {
      restore(table, before)
      writes = 0
      const cut = () => {
        writes++
        if (writes === cutAt) throw new Killed()
      }
      const mocks = (['set', 'setWide'] as const).map(method => {
        const original = Memory.prototype[method] as (...words: never[]) => void
        return t.mock.method(Memory.prototype, method, function (this: Memory, ...words: never[]) {
          cut()
          original.apply(this, words)
        })
      })
      const wasCut = dies(() => edit(table))
      for (const mock of mocks) mock.mock.restore()
      if (!wasCut) break
      // Who is killed does not say that his edit has ended.
      const settings = new Memory(table.backing.memory.settings)
      if (cutAt > 1) settings.set(0, SETTINGS.edits, settings.get(0, SETTINGS.edits) | 1)
      table.setTimeouts(KEEP)
      for (const { destinations } of table.services()) assert.ok(destinations.length <= 3)
      forgiving(() => edit(table))
      table.elapse(3)
      table.setTimeouts(KEEP)
      assert.deepEqual(listing(table), after, `cut at write ${cutAt}`)
      assert.ok(freeDestinations(table) >= places, `a place is lost, cut at write ${cutAt}`)
    }
    assert.ok(writes > 2)
  })
}

test('who lists while somebody edits waits until he has ended', () => {
  const table = new InterpretedTable()
  table.addService(service(WEB))
  const settings = new Memory(table.backing.memory.settings)
  settings.set(0, SETTINGS.edits, settings.get(0, SETTINGS.edits) + 1)
  let waited = 0
  const { exclusively } = table.backing
  table.backing.exclusively = edit => {
    waited++
    return exclusively.call(table.backing, edit) as ReturnType<typeof edit>
  }
  assert.equal(table.services().length, 1)
  assert.equal(waited, 1)
})

class Killed extends Error {}

function dies(work: () => void): boolean {
  try {
    work()
    return false
  } catch (error) {
    if (error instanceof Killed) return true
    throw error
  }
}

/** What was done by then is refused the second time. */
function forgiving(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof TableError)) throw error
  }
}

interface Snapshot {
  readonly memory: readonly Uint8Array[]
  readonly listing: readonly string[]
}

function snapshot(table: InterpretedTable): Snapshot {
  return { memory: REGION_NAMES.map(name => table.backing.memory[name].slice()), listing: listing(table) }
}

function restore(table: InterpretedTable, { memory }: Snapshot): void {
  for (const [i, name] of REGION_NAMES.entries()) table.backing.memory[name].set(memory[i]!)
}

function listing(table: InterpretedTable): readonly string[] {
  return table.services().map(({ key, scheduler, destinations }) => {
    const servers = destinations.map(({ address, weight }) => `${address} ${weight}`)
    return `${JSON.stringify(key)} ${scheduler} ${servers.join()}`
  })
}

function freeDestinations({ backing }: InterpretedTable): number {
  const destinations = new Memory(backing.memory.destinations)
  const numbers = Array.from({ length: backing.facts.capacity.destinations }, (_, number) => number)
  return numbers.filter(number => destinations.get(number * DESTINATION_BYTES, DESTINATION.flags) === 0).length
}

function service(key: ServiceKey): VirtualService {
  return {
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  }
}

function destination(address: Address): Destination {
  return { address, port: 80, forwarding: { method: 'route' }, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}
