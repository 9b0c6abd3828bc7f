/**
 * The service table over the tables of `layout.ts`: what an edit does to memory, in an order that leaves every packet
 * in flight with the service before or the service after.
 *
 * A service is found through the index, so its index entry is written last and removed first. A destination is in the
 * list of its service from the moment that one word, the list's head, points to it. Nothing that a packet may still be
 * looking at is used again before a second has passed.
 *
 * A removed destination whose connections live on waits in the trash; a removed service keeps its record, marked, while
 * its destinations are there.
 */
import type { Field } from '../bpf/value.ts'
import { type Ip, ipFamily } from '../bytes/address.ts'
import { type ServiceKey, serviceFamily, serviceKeyText } from '../model/service.ts'
import {
  type Destination,
  type ListedConnection,
  type ListedService,
  NotDoneError,
  type ServiceTable,
  type SyncDaemon,
  TableError,
  type Timeouts,
  type VirtualService,
} from '../model/virtual-service.ts'
import type { SyncedConnection } from '../wire/ipvs-sync.ts'
import type { Backing, Mark } from './backing.ts'
import { listConnections } from './connection-list.ts'
import { addCounts, clearCounts, clearRates, readCounts, writeCounts } from './counts.ts'
import { dueConnections } from './due-connections.ts'
import {
  connectionSlots,
  DESTINATION,
  DESTINATION_BYTES,
  DESTINATION_FLAG,
  LEDGER,
  LEDGER_BYTES,
  REASONS,
  type Reason,
  reasonField,
  SERVICE,
  SERVICE_BYTES,
  SERVICE_FLAG,
  SETTINGS,
  STATE,
  timeoutOffset,
} from './layout.ts'
import { listService, serviceCounts } from './listing.ts'
import { LiveShape, needsOf } from './live-shape.ts'
import {
  indexKey,
  judgeDestination,
  judgeService,
  readService,
  readServiceKey,
  writeAddress,
  writeDestination,
  writeEndpoint,
  writeService,
} from './records.ts'
import { repair } from './repair.ts'
import { expectReplies, ignoreReplies } from './reply-servers.ts'
import { SchedulerState } from './scheduler-state.ts'
import { addToIndex, findInIndex, removeFromIndex } from './service-index.ts'
import { NO_NEEDS } from './shape.ts'
import { SyncedConnections } from './synced-connections.ts'
import type { SyncedDrop } from './synced-order.ts'
import { type SysctlName, sysctlField } from './sysctls.ts'
import { TableRecords } from './table-records.ts'
import { Trash } from './trash.ts'

/** The kernel's limit on a timeout: jiffies in 31 bits at 250 Hz. */
const TIMEOUT_MAX_S = 2 ** 31 / 250 - 1

/** Places of a connection table. A connection takes one, a translated one takes two. */
export interface Fill {
  readonly places: number
  readonly taken: number
}

export class RegionTable implements ServiceTable {
  readonly #backing: Backing
  readonly #records: TableRecords
  readonly #trash: Trash
  readonly #shape: LiveShape
  readonly #schedulers: SchedulerState
  readonly #synced: SyncedConnections
  #emptiedAt = 0

  constructor(backing: Backing) {
    this.#backing = backing
    this.#records = new TableRecords(backing)
    this.#trash = new Trash(this.#records)
    this.#shape = new LiveShape(backing, this.#records)
    this.#schedulers = new SchedulerState(backing)
    this.#synced = new SyncedConnections(backing, this.#records, this.#trash, this.#shape, destination =>
      this.#newDestination(destination),
    )
  }

  get connectionTableSize(): number {
    return this.#backing.facts.capacity.connections
  }

  services(): readonly ListedService[] {
    this.#backing.sweep()
    return this.#whole(() => this.#listed())
  }

  #listed(): readonly ListedService[] {
    const numbers = this.#records.usedServices()
    const sequence = (number: number) => this.#records.services.get(number * SERVICE_BYTES, SERVICE.sequence)
    return numbers
      .sort((a, b) => sequence(b) - sequence(a))
      .map(number => listService(this.#records, this.#trash, number))
  }

  service(key: ServiceKey): ListedService | undefined {
    if (this.#records.find(key) === undefined) return undefined
    this.#backing.sweep()
    return this.#whole(() => {
      const number = this.#records.find(key)
      return number === undefined ? undefined : listService(this.#records, this.#trash, number)
    })
  }

  connections(): Iterable<ListedConnection> {
    const { facts, memory } = this.#backing
    this.#backing.sweep()
    return listConnections(memory, this.#records.destinations, facts, this.#backing.jiffies())
  }

  /** How many packets that concerned a service were not forwarded, and why. */
  refusals(): Readonly<Record<Reason, bigint>> {
    const counts = REASONS.map(reason => [reason, this.#records.settings.getWide(0, reasonField(reason))])
    return Object.fromEntries(counts) as Record<Reason, bigint>
  }

  /** How full the connection tables are. */
  fill(): Readonly<Record<'ipv4' | 'ipv6', Fill>> {
    const { capacity } = this.#backing.facts
    const taken = (field: Field) => this.#records.settings.get(0, field)
    return {
      ipv4: { places: connectionSlots(capacity, 4), taken: taken(SETTINGS.entries) },
      ipv6: { places: connectionSlots(capacity, 6), taken: taken(SETTINGS.entries6) },
    }
  }

  timeouts(): Timeouts {
    const seconds = (state: number) =>
      Math.floor(this.#records.settings.get(timeoutOffset(state), [0, 'u32']) / this.#backing.facts.hertz)
    return { tcpS: seconds(STATE.ESTABLISHED), tcpFinS: seconds(STATE.FIN_WAIT), udpS: seconds(STATE.UDP) }
  }

  /** One of ip_vs's kernel parameters. */
  sysctl(name: SysctlName): number {
    return this.#records.settings.get(0, sysctlField(name))
  }

  /** Sets it; `parseSysctl` says what it takes. */
  setSysctl(name: SysctlName, value: number): void {
    this.#edit(() => this.#records.settings.set(0, sysctlField(name), value))
    // Defences go up at once.
    this.#backing.sweep()
  }

  syncDaemons(): readonly SyncDaemon[] {
    return []
  }

  addService(service: VirtualService): void {
    this.#edit(() => {
      const { key } = service
      if (this.#records.find(key) !== undefined)
        throw new TableError('EEXIST', `${serviceKeyText(key)} is already a service`)
      judgeService(service)
      this.#shape.grow(service, NO_NEEDS)
      const removed = findInIndex(this.#records.index, indexKey(key))
      const number = removed ?? this.#records.freeService()
      const record = number * SERVICE_BYTES
      if (removed === undefined) {
        this.#records.services.slice(record, SERVICE_BYTES).fill(0)
        this.#records.ledger.slice(this.#records.serviceLedger(number), LEDGER_BYTES).fill(0)
      }
      this.#records.services.set(record, SERVICE.sequence, this.#records.next(SETTINGS.nextSequence))
      this.#schedulers.bind(number, service.scheduler, [])
      writeService(this.#records.services, record, service, this.#backing.facts.hertz)
      if (removed === undefined && !addToIndex(this.#records.index, indexKey(key), number)) {
        this.#records.services.set(record, SERVICE.flags, 0)
        throw new TableError('ENOSPC', 'the service index has no place for this service')
      }
      if (key.kind !== 'mark') return
      try {
        this.renewMarks()
      } catch (error) {
        this.#remove(number)
        this.#forgetEmpty([number])
        throw error
      }
    })
  }

  editService(service: VirtualService): void {
    this.#edit(() => {
      const number = this.#records.get(service.key)
      judgeService(service)
      this.#shape.grow(service, NO_NEEDS)
      const record = number * SERVICE_BYTES
      if (readService(this.#records.services, record).scheduler !== service.scheduler)
        this.#schedulers.bind(number, service.scheduler, this.#records.members(number))
      writeService(this.#records.services, record, service, this.#backing.facts.hertz)
    })
  }

  deleteService(key: ServiceKey): void {
    this.#edit(() => {
      const service = this.#records.get(key)
      this.#remove(service)
      if (key.kind === 'mark') this.renewMarks()
      this.#forgetEmpty([service])
      this.#shape.shrink()
    })
  }

  flush(): void {
    this.#edit(() => {
      const services = this.#records.usedServices()
      const hasMarks = this.marks().length > 0
      for (const service of services) this.#remove(service)
      if (hasMarks) this.renewMarks()
      this.#forgetEmpty(services)
      this.#shape.shrink()
    })
  }

  addDestination(key: ServiceKey, destination: Destination): void {
    this.#edit(() => {
      const service = this.#records.get(key)
      judgeDestination(key, destination)
      this.#judgeFamilies(key, destination)
      const { address, port } = destination
      const present = this.#records.members(service)
      if (present.some(number => this.#records.isDestination(number, address, port)))
        throw new TableError('EEXIST', `${serviceKeyText(key)} already has ${address}:${port}`)
      const { services, destinations } = this.#records
      this.#shape.grow(readService(services, service * SERVICE_BYTES), needsOf([destination], present.length + 1))
      const revived = this.#trash.takeBack(service, address, port)
      const number = revived ?? this.#newDestination(destination)
      const record = number * DESTINATION_BYTES
      if (revived !== undefined) this.#write(number, destination)
      destinations.set(record, DESTINATION.service, service + 1)
      destinations.set(record, DESTINATION.next, services.get(service * SERVICE_BYTES, SERVICE.head))
      const known = destinations.get(record, DESTINATION.flags) & DESTINATION_FLAG.translated
      destinations.set(record, DESTINATION.flags, DESTINATION_FLAG.used | DESTINATION_FLAG.available | known)
      expectReplies(this.#records, service, number)
      services.set(service * SERVICE_BYTES, SERVICE.head, number + 1)
      try {
        this.#schedulers.changed(service, [number, ...present], 'add')
      } catch (error) {
        this.#unlink(service, number)
        throw error
      }
    })
  }

  editDestination(key: ServiceKey, destination: Destination): void {
    this.#edit(() => {
      const service = this.#records.get(key)
      judgeDestination(key, destination)
      this.#judgeFamilies(key, destination)
      const number = this.#records.getDestination(service, destination.address, destination.port)
      this.#shape.grow(readService(this.#records.services, service * SERVICE_BYTES), needsOf([destination], 0))
      this.#write(number, destination)
      expectReplies(this.#records, service, number)
      this.#schedulers.changed(service, this.#records.members(service), 'edit')
    })
  }

  deleteDestination(key: ServiceKey, address: Ip, port: number): void {
    this.#edit(() => {
      const service = this.#records.get(key)
      const number = this.#records.getDestination(service, address, port)
      this.#schedulers.leaving(service, this.#records.members(service), number)
      this.#unlink(service, number)
    })
  }

  setTimeouts({ tcpS, tcpFinS, udpS }: Timeouts): void {
    const changes = [
      [STATE.ESTABLISHED, tcpS],
      [STATE.FIN_WAIT, tcpFinS],
      [STATE.UDP, udpS],
    ] as const
    for (const [, seconds] of changes) {
      if (seconds < 0 || seconds > TIMEOUT_MAX_S)
        throw new TableError('EINVAL', `a timeout of ${seconds} s is too long`)
    }
    this.#edit(() => {
      for (const [state, seconds] of changes)
        if (seconds !== 0)
          this.#records.settings.set(timeoutOffset(state), [0, 'u32'], seconds * this.#backing.facts.hertz)
    })
  }

  zero(key?: ServiceKey): void {
    this.#edit(() => {
      for (const service of key === undefined ? this.#records.usedServices() : [this.#records.get(key)]) {
        writeCounts(
          this.#records.ledger,
          this.#records.serviceLedger(service) + LEDGER.zero,
          serviceCounts(this.#records, this.#trash, service),
        )
        for (const number of this.#records.members(service)) {
          writeCounts(
            this.#records.ledger,
            this.#records.destinationLedger(number) + LEDGER.zero,
            this.#records.counts(number),
          )
          clearRates(this.#records.ledger, this.#records.destinationLedger(number))
        }
      }
    })
  }

  /** It takes a kernel to run one. */
  startSyncDaemon(_daemon: SyncDaemon): void {
    throw new NotDoneError('EOPNOTSUPP', 'connection synchronisation')
  }

  stopSyncDaemon(role: SyncDaemon['role'], _syncId: number): void {
    throw new TableError('ESRCH', `no ${role} sync daemon runs`)
  }

  // Connections that several directors know.

  /** From now on, or no longer, the data path notes which connections other directors are to be told of. */
  noteForSync(sync: boolean): void {
    this.#edit(() => this.#shape.setSync(sync))
  }

  /** Grows with each note. */
  get syncsDue(): number {
    return this.#records.settings.get(0, SETTINGS.syncsDue)
  }

  /** The version of the protocol to tell others in. */
  get syncVersion(): 0 | 1 {
    return this.sysctl('sync_version') === 0 ? 0 : 1
  }

  /** Reads the notes, and takes them away. */
  dueConnections(): Generator<SyncedConnection> {
    return dueConnections(this.#backing)
  }

  /** Enters connections that another director has told of; `dropped` hears why one is not. */
  enterSynced(connections: readonly SyncedConnection[], dropped: (why: SyncedDrop) => void): void {
    this.#edit(() => {
      for (const connection of connections) {
        const why = this.#synced.enter(connection)
        if (why !== undefined) dropped(why)
      }
    })
  }

  /** The firewall marks that services take packets by. */
  marks(): readonly Mark[] {
    const keys = this.#records
      .usedServices()
      .map(number => readServiceKey(this.#records.services, number * SERVICE_BYTES))
    return keys.filter(key => key.kind === 'mark')
  }

  /** Has packets with those marks come to the director, as they do from the edit on that makes the service. */
  renewMarks(): void {
    this.#backing.takeMarks(this.marks())
  }

  // What edits are made of.

  /** What a sync daemon tells has no room for a server of another family than its service's. */
  #judgeFamilies(key: ServiceKey, { address }: Destination): void {
    if (serviceFamily(key) !== ipFamily(address) && this.syncDaemons().length > 0)
      throw new TableError('EINVAL', 'the sync protocol cannot carry servers of mixed families')
  }

  /** One edit: alone, after what one that was cut short has left is repaired, and the trash emptied of what nobody needs. */
  #edit(change: () => void): void {
    this.#backing.exclusively(() => {
      const { settings } = this.#records
      const begun = (settings.get(0, SETTINGS.edits) | 1) >>> 0
      if (begun === settings.get(0, SETTINGS.edits)) repair(this.#records, this.#trash, this.#backing.jiffies())
      settings.set(0, SETTINGS.edits, begun)
      try {
        if (!this.#trash.isEmpty) this.#emptyTrashIfDue()
        change()
      } finally {
        settings.set(0, SETTINGS.edits, (begun + 1) >>> 0)
      }
    })
  }

  /** What is read between two edits, or with others kept from making one: never a table half edited. */
  #whole<T>(read: () => T): T {
    const { settings } = this.#records
    const before = settings.get(0, SETTINGS.edits)
    const result = before % 2 === 0 ? read() : undefined
    if (result !== undefined && settings.get(0, SETTINGS.edits) === before) return result
    return this.#backing.exclusively(read)
  }

  /** Nothing leaves the trash before it has been there for a second, so looking more often is of no use. */
  #emptyTrashIfDue(): void {
    const now = this.#backing.jiffies()
    if ((now - this.#emptiedAt) >>> 0 < this.#backing.facts.hertz) return
    this.#emptyTrash(now)
    this.#emptiedAt = now
  }

  #remove(service: number): void {
    const { services } = this.#records
    const record = service * SERVICE_BYTES
    // From here on no packet begins a connection; those that have one find their destinations gone.
    services.set(record, SERVICE.flags, services.get(record, SERVICE.flags) | SERVICE_FLAG.removed)
    this.#schedulers.release(service)
    for (const number of this.#records.members(service)) this.#unlink(service, number)
  }

  #unlink(service: number, number: number): void {
    const { services, destinations } = this.#records
    const record = number * DESTINATION_BYTES
    const next = destinations.get(record, DESTINATION.next)
    if (services.get(service * SERVICE_BYTES, SERVICE.head) === number + 1)
      services.set(service * SERVICE_BYTES, SERVICE.head, next)
    else {
      const before = this.#records
        .members(service)
        .find(candidate => destinations.get(candidate * DESTINATION_BYTES, DESTINATION.next) === number + 1)
      if (before === undefined) throw new Error(`destination ${number} is not in the list of service ${service}`)
      destinations.set(before * DESTINATION_BYTES, DESTINATION.next, next)
    }
    const flags = destinations.get(record, DESTINATION.flags)
    destinations.set(record, DESTINATION.flags, flags & ~DESTINATION_FLAG.available)
    this.#trash.put(number, service, this.#backing.jiffies())
    destinations.set(record, DESTINATION.service, 0)
  }

  /** Its record, which is in no list yet. */
  #newDestination(destination: Destination): number {
    const { destinations, ledger, counters } = this.#records
    const number = this.#records.freeDestination()
    const record = number * DESTINATION_BYTES
    destinations.slice(record, DESTINATION_BYTES).fill(0)
    ledger.slice(this.#records.destinationLedger(number), LEDGER_BYTES).fill(0)
    clearCounts(counters, this.#backing.facts.capacity, number)
    writeEndpoint(destinations, record, destination.address, destination.port)
    this.#write(number, destination)
    return number
  }

  #write(number: number, destination: Destination): void {
    const { destinations } = this.#records
    const record = number * DESTINATION_BYTES
    if (destination.forwarding.method === 'tunnel') {
      const source = this.#backing.routeSource(destination.address)
      writeAddress(destinations, record + DESTINATION.tunnelSource[0], source)
    }
    writeDestination(destinations, record, destination)
  }

  /** Frees destinations that have no connections left, then services that have no destinations left. */
  #emptyTrash(now: number): void {
    const { destinations, ledger } = this.#records
    const trash = this.#trash.members()
    if (trash.length === 0) return
    const kept: number[] = []
    const touched = new Set<number>()
    for (const number of trash) {
      const service = this.#trash.serviceOf(number)
      if (this.#trash.isNeeded(number, now, this.#backing.facts.hertz) || this.#schedulers.remembers(service, number)) {
        kept.push(number)
        continue
      }
      const base = this.#records.serviceLedger(service) + LEDGER.base
      writeCounts(ledger, base, addCounts(readCounts(ledger, base), this.#records.counts(number)))
      ignoreReplies(this.#records, service, number)
      destinations.set(number * DESTINATION_BYTES, DESTINATION.flags, 0)
      touched.add(service)
    }
    this.#trash.keep(kept)
    this.#forgetEmpty([...touched].filter(service => this.#records.isRemoved(service)))
  }

  /** Frees records of removed services, but for those that a destination in the trash may still bring back. */
  #forgetEmpty(removed: readonly number[]): void {
    if (removed.length === 0) return
    const { services, index } = this.#records
    const held = new Set(this.#trash.members().map(number => this.#trash.serviceOf(number)))
    for (const service of removed) {
      if (held.has(service)) continue
      removeFromIndex(index, indexKey(readServiceKey(services, service * SERVICE_BYTES)))
      services.set(service * SERVICE_BYTES, SERVICE.flags, 0)
    }
  }
}
