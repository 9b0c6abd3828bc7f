/**
 * What an edit leaves that was cut short: its process was killed between two words. Every record is made whole, or given
 * back; what was added in full by then stays.
 */
import { DESTINATION, DESTINATION_BYTES, DESTINATION_FLAG, SERVICE, SERVICE_BYTES, SERVICE_FLAG } from './layout.ts'
import { indexKey, readServiceKey } from './records.ts'
import { findInIndex } from './service-index.ts'
import type { TableRecords } from './table-records.ts'
import type { Trash } from './trash.ts'

/** Part of the next edit, whoever makes it. */
export function repair(records: TableRecords, trash: Trash, now: number): void {
  forgetUnfoundServices(records)
  discardStrayDestinations(records, trash, now)
}

/** A service comes into the index last. One that is not there was never seen by a packet. */
function forgetUnfoundServices({ services, index, capacity }: TableRecords): void {
  for (let number = 0; number < capacity.services; number++) {
    const record = number * SERVICE_BYTES
    if ((services.get(record, SERVICE.flags) & SERVICE_FLAG.used) === 0) continue
    if (findInIndex(index, indexKey(readServiceKey(services, record))) !== number)
      services.set(record, SERVICE.flags, 0)
  }
}

/** A destination that is in no list was on its way into one, or out of it: its connections may need it still. */
function discardStrayDestinations(records: TableRecords, trash: Trash, now: number): void {
  const { services, destinations, capacity } = records
  const held = new Set(trash.members())
  for (let number = 0; number < capacity.services; number++)
    if (services.get(number * SERVICE_BYTES, SERVICE.flags) !== 0)
      for (const member of records.members(number)) held.add(member)
  for (let number = 0; number < capacity.destinations; number++) {
    const record = number * DESTINATION_BYTES
    const flags = destinations.get(record, DESTINATION.flags)
    if (flags === 0 || held.has(number)) continue
    const service = destinations.get(record, DESTINATION.service) - 1
    destinations.set(record, DESTINATION.flags, service < 0 ? 0 : flags & ~DESTINATION_FLAG.available)
    if (service < 0) continue
    trash.put(number, service, now)
    destinations.set(record, DESTINATION.service, 0)
  }
}
