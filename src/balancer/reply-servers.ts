/**
 * Servers that are translated to are known to the data path by their own addresses, for their replies: each from the
 * edit that makes it one until its last connection is gone. Several services may have the same server: its entry in the
 * index counts them.
 */
import { TableError } from '../model/virtual-service.ts'
import { DESTINATION, DESTINATION_BYTES, DESTINATION_FLAG, FORWARD, SERVICE_BYTES } from './layout.ts'
import { readEndpoint, readServiceKey, serverKeys } from './records.ts'
import { addToIndex, changeInIndex, findInIndex, removeFromIndex } from './service-index.ts'
import type { TableRecords } from './table-records.ts'

/** Replies of the destination are looked for from now on, if it is translated to. */
export function expectReplies(records: TableRecords, service: number, destination: number): void {
  const { destinations, index } = records
  const record = destination * DESTINATION_BYTES
  const flags = destinations.get(record, DESTINATION.flags)
  const wanted = destinations.get(record, DESTINATION.forward) === FORWARD.masquerade
  if (!wanted || (flags & DESTINATION_FLAG.translated) !== 0) return
  for (const key of keysOf(records, service, destination))
    if (!changeInIndex(index, key, 1) && !addToIndex(index, key, 1))
      throw new TableError('ENOSPC', 'the service index has no place for this server')
  destinations.set(record, DESTINATION.flags, flags | DESTINATION_FLAG.translated)
}

/** Replies of the destination are not looked for any more. */
export function ignoreReplies(records: TableRecords, service: number, destination: number): void {
  const { destinations, index } = records
  const flags = destinations.get(destination * DESTINATION_BYTES, DESTINATION.flags)
  if ((flags & DESTINATION_FLAG.translated) === 0) return
  for (const key of keysOf(records, service, destination)) {
    changeInIndex(index, key, -1)
    if (findInIndex(index, key) === 0) removeFromIndex(index, key)
  }
}

function keysOf({ destinations, services }: TableRecords, service: number, destination: number): readonly bigint[] {
  const { address, port } = readEndpoint(destinations, destination * DESTINATION_BYTES)
  return serverKeys(readServiceKey(services, service * SERVICE_BYTES), address, port)
}
