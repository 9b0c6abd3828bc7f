/**
 * Connections that another director tells of, entered into our table. One whose server we do not have is bound to a
 * server that waits in the trash, as if it had been removed: it is served from there, and becomes the service's own
 * when somebody adds it. A service that we do not have waits the same way.
 */
import { ipFromBytes } from '../bytes/address.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import { SYNC_FLAG, type SyncedConnection } from '../wire/ipvs-sync.ts'
import type { Backing } from './backing.ts'
import { isHost } from './is-host.ts'
import {
  DESTINATION,
  DESTINATION_BYTES,
  DESTINATION_FLAG,
  FORWARD,
  LEDGER_BYTES,
  SERVICE,
  SERVICE_BYTES,
  SERVICE_FLAG,
} from './layout.ts'
import { type LiveShape, needsOf } from './live-shape.ts'
import { ENTERED } from './program/enter-connection.ts'
import { indexKey, writeService } from './records.ts'
import { expectReplies } from './reply-servers.ts'
import { addToIndex, findInIndex } from './service-index.ts'
import { judgeSynced, type SyncedDrop, syncedKey, syncedOrder } from './synced-order.ts'
import { sysctlField } from './sysctls.ts'
import type { TableRecords } from './table-records.ts'
import type { Trash } from './trash.ts'

/** Servers that only other directors have told of. */
const WAITING_MAX = 1024
const METHODS: ReadonlyMap<number, Forwarding> = new Map([
  [FORWARD.masquerade, { method: 'masquerade' }],
  [FORWARD.tunnel, { method: 'tunnel', tunnel: { type: 'ipip' } }],
  [FORWARD.route, { method: 'route' }],
])
const UNKNOWN_SERVICE = {
  scheduler: 'none',
  schedulerFlags: [],
  onePacket: false,
  persistence: undefined,
  persistenceEngine: undefined,
} as const

export class SyncedConnections {
  readonly #backing: Backing
  readonly #records: TableRecords
  readonly #trash: Trash
  readonly #shape: LiveShape
  readonly #newDestination: (destination: Destination) => number

  /** `newDestination` makes the record of one that is in no list yet. */
  constructor(
    backing: Backing,
    records: TableRecords,
    trash: Trash,
    shape: LiveShape,
    newDestination: (destination: Destination) => number,
  ) {
    this.#backing = backing
    this.#records = records
    this.#trash = trash
    this.#shape = shape
    this.#newDestination = newDestination
  }

  /** Part of an edit. Answers why the connection is not entered, if it is not. */
  enter(connection: SyncedConnection): SyncedDrop | undefined {
    const refused = judgeSynced(connection)
    if (refused !== undefined) return refused
    const destination = this.#destinationOf(connection)
    if (typeof destination === 'string') return destination
    const { settings } = this.#records
    const packets = settings.get(0, sysctlField('sync_threshold'))
    const order = syncedOrder(connection, destination, packets, settings, this.#backing.facts)
    return this.#backing.enter(order) === ENTERED.full ? 'table-full' : undefined
  }

  /** A service's server (ip_vs_find_dest), or else one that waits. */
  #destinationOf(connection: SyncedConnection): number | SyncedDrop {
    const { family, flags, server, mark } = connection
    const key = syncedKey(connection)
    const address = ipFromBytes(server.address)
    const service =
      (mark === 0 ? undefined : this.#records.find({ kind: 'mark', mark, family })) ??
      this.#records.find(key) ??
      this.#records.find({ ...key, port: 0 })
    const members = service === undefined ? [] : this.#records.members(service)
    const member =
      members.find(number => this.#records.isDestination(number, address, server.port)) ??
      members.find(number => this.#records.isDestination(number, address, 0))
    if (member !== undefined) return member
    const forwarding = METHODS.get(flags & SYNC_FLAG.method)
    if (forwarding === undefined) return 'method'
    if (!isHost(address)) return 'server'
    const idle = { weight: 0, upperThreshold: 0, lowerThreshold: 0 }
    return this.#waiting(service, key, { address, port: server.port, forwarding, ...idle })
  }

  #waiting(known: number | undefined, key: ServiceKey, destination: Destination): number | SyncedDrop {
    const { address, port } = destination
    const service = known ?? findInIndex(this.#records.index, indexKey(key))
    const trash = this.#trash.members()
    const there = trash.find(
      number => this.#trash.serviceOf(number) === service && this.#records.isDestination(number, address, port),
    )
    if (there !== undefined) return there
    const { destinations } = this.#records
    const flags = (number: number) => destinations.get(number * DESTINATION_BYTES, DESTINATION.flags)
    if (trash.filter(number => (flags(number) & DESTINATION_FLAG.waiting) !== 0).length >= WAITING_MAX)
      return 'waiting-full'

    const needed: VirtualService = { ...UNKNOWN_SERVICE, key }
    this.#shape.grow(needed, needsOf([destination], 1))
    const owner = service ?? this.#removedService(needed)
    if (owner === undefined) return 'waiting-full'
    const number = this.#newDestination(destination)
    destinations.set(number * DESTINATION_BYTES, DESTINATION.flags, DESTINATION_FLAG.used | DESTINATION_FLAG.waiting)
    expectReplies(this.#records, owner, number)
    this.#trash.put(number, owner, this.#backing.jiffies())
    return number
  }

  /** The record of a service that is there for its connections alone; undefined if there is no place. */
  #removedService(service: VirtualService): number | undefined {
    const { services, ledger, index } = this.#records
    const number = this.#records.freeService()
    const record = number * SERVICE_BYTES
    services.slice(record, SERVICE_BYTES).fill(0)
    ledger.slice(this.#records.serviceLedger(number), LEDGER_BYTES).fill(0)
    writeService(services, record, service, this.#backing.facts.hertz)
    services.set(record, SERVICE.flags, SERVICE_FLAG.used | SERVICE_FLAG.removed)
    if (addToIndex(index, indexKey(service.key), number)) return number
    services.set(record, SERVICE.flags, 0)
    return undefined
  }
}
