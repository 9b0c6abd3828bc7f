/**
 * The records of a table's services and destinations, as the control plane walks them: who is in whose list, which are
 * free, and where the notes on each lie. Nothing is changed here but the places from which the search for a free record
 * goes on.
 */
import type { Field } from '../bpf/value.ts'
import type { Ip } from '../bytes/address.ts'
import { type ServiceKey, serviceKeyText } from '../model/service.ts'
import { TableError } from '../model/virtual-service.ts'
import type { Backing } from './backing.ts'
import { type Counts, countsOf } from './counts.ts'
import {
  type Capacity,
  DESTINATION,
  DESTINATION_BYTES,
  LEDGER_BYTES,
  SERVICE,
  SERVICE_BYTES,
  SERVICE_FLAG,
  SETTINGS,
} from './layout.ts'
import { Memory } from './memory.ts'
import { indexKey, isEndpoint, readServiceKey } from './records.ts'
import { findInIndex } from './service-index.ts'

export class TableRecords {
  readonly settings: Memory
  readonly index: Memory
  readonly services: Memory
  readonly destinations: Memory
  readonly counters: Memory
  readonly ledger: Memory
  readonly capacity: Capacity

  constructor({ memory, facts }: Backing) {
    this.settings = new Memory(memory.settings)
    this.index = new Memory(memory.serviceIndex)
    this.services = new Memory(memory.services)
    this.destinations = new Memory(memory.destinations)
    this.counters = new Memory(memory.counters)
    this.ledger = new Memory(memory.ledger)
    this.capacity = facts.capacity
  }

  /** The number of a service that has not been removed. */
  find(key: ServiceKey): number | undefined {
    const number = findInIndex(this.index, indexKey(key))
    return number === undefined || this.isRemoved(number) ? undefined : number
  }

  /** The same; ESRCH if there is none. */
  get(key: ServiceKey): number {
    const number = this.find(key)
    if (number === undefined) throw new TableError('ESRCH', `${serviceKeyText(key)} is no service`)
    return number
  }

  isRemoved(service: number): boolean {
    return (this.services.get(service * SERVICE_BYTES, SERVICE.flags) & SERVICE_FLAG.removed) !== 0
  }

  usedServices(): number[] {
    const numbers: number[] = []
    for (let number = 0; number < this.capacity.services; number++) {
      const flags = this.services.get(number * SERVICE_BYTES, SERVICE.flags)
      if ((flags & SERVICE_FLAG.used) !== 0 && (flags & SERVICE_FLAG.removed) === 0) numbers.push(number)
    }
    return numbers
  }

  /** The destinations in a service's list, newest first. */
  members(service: number): number[] {
    const numbers: number[] = []
    for (
      let link = this.services.get(service * SERVICE_BYTES, SERVICE.head);
      link !== 0;
      link = this.destinations.get((link - 1) * DESTINATION_BYTES, DESTINATION.next)
    )
      numbers.push(link - 1)
    return numbers
  }

  isDestination(number: number, address: Ip, port: number): boolean {
    return isEndpoint(this.destinations, number * DESTINATION_BYTES, address, port)
  }

  /** ENOENT if the service has no such destination. */
  getDestination(service: number, address: Ip, port: number): number {
    const number = this.members(service).find(candidate => this.isDestination(candidate, address, port))
    if (number === undefined)
      throw new TableError(
        'ENOENT',
        `${serviceKeyText(readServiceKey(this.services, service * SERVICE_BYTES))} has no ${address}:${port}`,
      )
    return number
  }

  counts(destination: number): Counts {
    return countsOf(this.counters, this.capacity, destination)
  }

  // The ledger: services first, then destinations.

  serviceLedger(service: number): number {
    return service * LEDGER_BYTES
  }

  destinationLedger(destination: number): number {
    return (this.capacity.services + destination) * LEDGER_BYTES
  }

  freeService(): number {
    return this.#free(this.services, SERVICE_BYTES, this.capacity.services, SETTINGS.nextService, 'services')
  }

  freeDestination(): number {
    const { destinations, capacity } = this
    return this.#free(destinations, DESTINATION_BYTES, capacity.destinations, SETTINGS.nextDestination, 'real servers')
  }

  /** Counts a counter of the settings up by one. */
  next(counter: Field): number {
    const value = (this.settings.get(0, counter) + 1) >>> 0
    this.settings.set(0, counter, value)
    return value
  }

  /** The next record that is free, which its first word says, going round: the one freed last is used again last. */
  #free(memory: Memory, bytes: number, slots: number, hint: Field, what: string): number {
    const start = this.settings.get(0, hint)
    for (let i = 0; i < slots; i++) {
      const number = (start + i) % slots
      if (memory.get(number * bytes, FLAGS) !== 0) continue
      this.settings.set(0, hint, (number + 1) % slots)
      return number
    }
    throw new TableError('ENOSPC', `the table is full: it holds ${slots} ${what}`)
  }
}

/** Where the flags of both kinds of records lie. */
const FLAGS: Field = [0, 'u32']
