/** Services and destinations as `ipvsadm -L` lists them, with their counts and rates. */
import type { ListedDestination, ListedService } from '../model/virtual-service.ts'
import { addCounts, type Counts, ratesOf, readCounts, subtractCounts, toCounters } from './counts.ts'
import { DESTINATION, DESTINATION_BYTES, LEDGER, SERVICE_BYTES } from './layout.ts'
import { readDestination, readService } from './records.ts'
import type { TableRecords } from './table-records.ts'
import type { Trash } from './trash.ts'

export function listService(records: TableRecords, trash: Trash, service: number): ListedService {
  const { services, ledger } = records
  const zero = readCounts(ledger, records.serviceLedger(service) + LEDGER.zero)
  const members = records.members(service)
  return {
    ...readService(services, service * SERVICE_BYTES),
    counters: toCounters(subtractCounts(serviceCounts(records, trash, service), zero)),
    rates: ratesOf(
      ledger,
      members.map(number => records.destinationLedger(number)),
    ),
    destinations: members.map(number => listDestination(records, number)),
  }
}

function listDestination(records: TableRecords, number: number): ListedDestination {
  const { destinations, ledger } = records
  const record = number * DESTINATION_BYTES
  const notes = records.destinationLedger(number)
  const zero = readCounts(ledger, notes + LEDGER.zero)
  return {
    ...readDestination(destinations, record),
    activeConnections: destinations.get(record, DESTINATION.active),
    inactiveConnections: destinations.get(record, DESTINATION.inactive),
    persistentConnections: destinations.get(record, DESTINATION.persistent),
    counters: toCounters(subtractCounts(records.counts(number), zero)),
    rates: ratesOf(ledger, [notes]),
  }
}

/** A service's own counts are those of its destinations, and what those brought that are no more. */
export function serviceCounts(records: TableRecords, trash: Trash, service: number): Counts {
  const base = readCounts(records.ledger, records.serviceLedger(service) + LEDGER.base)
  const inTrash = trash.members().filter(number => trash.serviceOf(number) === service)
  return [...records.members(service), ...inTrash].reduce((sum, number) => addCounts(sum, records.counts(number)), base)
}
