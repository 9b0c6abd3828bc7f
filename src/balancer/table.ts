/**
 * The service table over the tables of `layout.ts`: what an edit does to memory, in an order that leaves every packet
 * in flight with the service before or the service after.
 *
 * A service is found through the index, so its index entry is written last and removed first. A destination is in the
 * list of its service from the moment that one word, the list's head, points to it. Nothing that a packet may still be
 * looking at is used again before a second has passed.
 *
 * A removed destination whose connections live on waits in the trash, as in ip_vs: added again it is the same one, and
 * its connections go on. A removed service keeps its record, marked, while its destinations are there.
 */
import { type Ip, ipFamily } from '../bytes/address.ts'
import { type ServiceKey, serviceKeyText } from '../model/service.ts'
import {
  type Destination,
  type ListedConnection,
  type ListedDestination,
  type ListedService,
  NotDoneError,
  type ServiceTable,
  type SyncDaemon,
  TableError,
  type Timeouts,
  type VirtualService,
} from '../model/virtual-service.ts'
import type { Backing } from './backing.ts'
import { listConnections } from './connection-list.ts'
import {
  addCounts,
  type Counts,
  clearCounts,
  clearRates,
  countsOf,
  ratesOf,
  readCounts,
  subtractCounts,
  toCounters,
  writeCounts,
} from './counts.ts'
import {
  DESTINATION,
  DESTINATION_BYTES,
  DESTINATION_FLAG,
  FORWARD,
  LEDGER,
  LEDGER_BYTES,
  REASONS,
  type Reason,
  reasonField,
  SERVICE,
  SERVICE_BYTES,
  SERVICE_FLAG,
  SETTINGS,
  SHAPE_BYTES,
  SHAPE_OFFSET,
  STATE,
  timeoutOffset,
} from './layout.ts'
import { Memory } from './memory.ts'
import {
  indexKey,
  isEndpoint,
  judgeDestination,
  judgeService,
  readDestination,
  readEndpoint,
  readService,
  readServiceKey,
  serverKey,
  writeAddress,
  writeDestination,
  writeEndpoint,
  writeService,
} from './records.ts'
import { SchedulerState } from './scheduler-state.ts'
import { addToIndex, changeInIndex, findInIndex, removeFromIndex } from './service-index.ts'
import { type DestinationNeeds, EMPTY_SHAPE, NO_NEEDS, parseShape, type Shape, shapeText, shapeWith } from './shape.ts'

/** The kernel's limit on a timeout: jiffies in 31 bits at 250 Hz. */
const TIMEOUT_MAX_S = 2 ** 31 / 250 - 1
/** A shape only grows while there are more services than this: finding out what they all use would take too long. */
const RESHAPE_SERVICES_MAX = 256

export class RegionTable implements ServiceTable {
  readonly #backing: Backing
  readonly #settings: Memory
  readonly #index: Memory
  readonly #services: Memory
  readonly #destinations: Memory
  readonly #counters: Memory
  readonly #ledger: Memory
  readonly #schedulers: SchedulerState

  #emptiedAt = 0
  #known: { readonly generation: number; readonly shape: Shape } | undefined

  constructor(backing: Backing) {
    this.#backing = backing
    const { memory } = backing
    this.#settings = new Memory(memory.settings)
    this.#index = new Memory(memory.serviceIndex)
    this.#services = new Memory(memory.services)
    this.#destinations = new Memory(memory.destinations)
    this.#counters = new Memory(memory.counters)
    this.#ledger = new Memory(memory.ledger)
    this.#schedulers = new SchedulerState(backing)
  }

  get connectionTableSize(): number {
    return this.#backing.facts.capacity.connections
  }

  services(): readonly ListedService[] {
    this.#backing.sweep()
    const numbers = this.#usedServices()
    const sequence = (number: number) => this.#services.get(number * SERVICE_BYTES, SERVICE.sequence)
    return numbers.sort((a, b) => sequence(b) - sequence(a)).map(number => this.#list(number))
  }

  service(key: ServiceKey): ListedService | undefined {
    const number = this.#find(key)
    if (number === undefined) return undefined
    this.#backing.sweep()
    return this.#list(number)
  }

  connections(): Iterable<ListedConnection> {
    const { facts, memory } = this.#backing
    this.#backing.sweep()
    return listConnections(memory, this.#destinations, facts, this.#backing.jiffies())
  }

  /** How many packets that concerned a service were not forwarded, and why. */
  refusals(): Readonly<Record<Reason, bigint>> {
    const counts = REASONS.map(reason => [reason, this.#settings.getWide(0, reasonField(reason))])
    return Object.fromEntries(counts) as Record<Reason, bigint>
  }

  timeouts(): Timeouts {
    const seconds = (state: number) =>
      Math.floor(this.#settings.get(timeoutOffset(state), [0, 'u32']) / this.#backing.facts.hertz)
    return { tcpS: seconds(STATE.ESTABLISHED), tcpFinS: seconds(STATE.FIN_WAIT), udpS: seconds(STATE.UDP) }
  }

  syncDaemons(): readonly SyncDaemon[] {
    return []
  }

  addService(service: VirtualService): void {
    this.#edit(() => {
      const { key } = service
      if (this.#find(key) !== undefined) throw new TableError('EEXIST', `${serviceKeyText(key)} is already a service`)
      judgeService(service)
      this.#grow(service, NO_NEEDS)
      const removed = findInIndex(this.#index, indexKey(key))
      const number = removed ?? this.#freeService()
      const record = number * SERVICE_BYTES
      if (removed === undefined) {
        this.#services.slice(record, SERVICE_BYTES).fill(0)
        this.#ledgerOfService(number).fill(0)
      }
      this.#services.set(record, SERVICE.sequence, this.#next(SETTINGS.nextSequence))
      this.#schedulers.bind(number, service.scheduler, [])
      writeService(this.#services, record, service, this.#backing.facts.hertz)
      if (removed === undefined && !addToIndex(this.#index, indexKey(key), number)) {
        this.#services.set(record, SERVICE.flags, 0)
        throw new TableError('ENOSPC', 'the service index has no place for this service')
      }
    })
  }

  editService(service: VirtualService): void {
    this.#edit(() => {
      const number = this.#get(service.key)
      judgeService(service)
      this.#grow(service, NO_NEEDS)
      const record = number * SERVICE_BYTES
      if (readService(this.#services, record).scheduler !== service.scheduler)
        this.#schedulers.bind(number, service.scheduler, this.#members(number))
      writeService(this.#services, record, service, this.#backing.facts.hertz)
    })
  }

  deleteService(key: ServiceKey): void {
    this.#edit(() => {
      const service = this.#get(key)
      this.#remove(service)
      this.#forgetEmpty([service])
      this.#shrink()
    })
  }

  flush(): void {
    this.#edit(() => {
      const services = this.#usedServices()
      for (const service of services) this.#remove(service)
      this.#forgetEmpty(services)
      this.#shrink()
    })
  }

  addDestination(key: ServiceKey, destination: Destination): void {
    this.#edit(() => {
      const service = this.#get(key)
      judgeDestination(key, destination)
      const { address, port } = destination
      const present = this.#members(service)
      if (present.some(number => this.#is(number, address, port)))
        throw new TableError('EEXIST', `${serviceKeyText(key)} already has ${address}:${port}`)
      this.#grow(readService(this.#services, service * SERVICE_BYTES), needsOf([destination], present.length + 1))
      const revived = this.#takeFromTrash(service, address, port)
      const number = revived ?? this.#freeDestination()
      const record = number * DESTINATION_BYTES
      if (revived === undefined) {
        this.#destinations.slice(record, DESTINATION_BYTES).fill(0)
        this.#ledgerOfDestination(number).fill(0)
        clearCounts(this.#counters, this.#backing.facts.capacity, number)
        writeEndpoint(this.#destinations, record, address, port)
      }
      this.#write(number, destination)
      this.#destinations.set(record, DESTINATION.service, service + 1)
      this.#destinations.set(record, DESTINATION.next, this.#services.get(service * SERVICE_BYTES, SERVICE.head))
      const known = this.#destinations.get(record, DESTINATION.flags) & DESTINATION_FLAG.translated
      this.#destinations.set(record, DESTINATION.flags, DESTINATION_FLAG.used | DESTINATION_FLAG.available | known)
      this.#expectReplies(service, number)
      this.#services.set(service * SERVICE_BYTES, SERVICE.head, number + 1)
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
      const service = this.#get(key)
      judgeDestination(key, destination)
      const number = this.#getDestination(service, destination.address, destination.port)
      this.#grow(readService(this.#services, service * SERVICE_BYTES), needsOf([destination], 0))
      this.#write(number, destination)
      this.#expectReplies(service, number)
      this.#schedulers.changed(service, this.#members(service), 'edit')
    })
  }

  deleteDestination(key: ServiceKey, address: Ip, port: number): void {
    this.#edit(() => {
      const service = this.#get(key)
      const number = this.#getDestination(service, address, port)
      this.#schedulers.leaving(service, this.#members(service), number)
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
        if (seconds !== 0) this.#settings.set(timeoutOffset(state), [0, 'u32'], seconds * this.#backing.facts.hertz)
    })
  }

  zero(key?: ServiceKey): void {
    this.#edit(() => {
      for (const service of key === undefined ? this.#usedServices() : [this.#get(key)]) {
        writeCounts(this.#ledger, this.#serviceLedger(service) + LEDGER.zero, this.#serviceCounts(service))
        for (const number of this.#members(service)) {
          writeCounts(this.#ledger, this.#destinationLedger(number) + LEDGER.zero, this.#counts(number))
          clearRates(this.#ledger, this.#destinationLedger(number))
        }
      }
    })
  }

  startSyncDaemon(): void {
    throw new NotDoneError('EOPNOTSUPP', 'connection synchronisation')
  }

  stopSyncDaemon(): void {
    throw new TableError('ESRCH', 'no sync daemon runs')
  }

  // What is there.

  /** The number of a service that has not been removed. */
  #find(key: ServiceKey): number | undefined {
    if (key.kind === 'mark') return undefined
    const number = findInIndex(this.#index, indexKey(key))
    return number === undefined || this.#isRemoved(number) ? undefined : number
  }

  #get(key: ServiceKey): number {
    const number = this.#find(key)
    if (number === undefined) throw new TableError('ESRCH', `${serviceKeyText(key)} is no service`)
    return number
  }

  #isRemoved(service: number): boolean {
    return (this.#services.get(service * SERVICE_BYTES, SERVICE.flags) & SERVICE_FLAG.removed) !== 0
  }

  #usedServices(): number[] {
    const numbers: number[] = []
    for (let number = 0; number < this.#backing.facts.capacity.services; number++) {
      const flags = this.#services.get(number * SERVICE_BYTES, SERVICE.flags)
      if ((flags & SERVICE_FLAG.used) !== 0 && (flags & SERVICE_FLAG.removed) === 0) numbers.push(number)
    }
    return numbers
  }

  /** The destinations in a service's list, newest first. */
  #members(service: number): number[] {
    const numbers: number[] = []
    for (
      let link = this.#services.get(service * SERVICE_BYTES, SERVICE.head);
      link !== 0;
      link = this.#destinations.get((link - 1) * DESTINATION_BYTES, DESTINATION.next)
    )
      numbers.push(link - 1)
    return numbers
  }

  #is(destination: number, address: Ip, port: number): boolean {
    return isEndpoint(this.#destinations, destination * DESTINATION_BYTES, address, port)
  }

  #getDestination(service: number, address: Ip, port: number): number {
    const number = this.#members(service).find(candidate => this.#is(candidate, address, port))
    if (number === undefined)
      throw new TableError(
        'ENOENT',
        `${serviceKeyText(readServiceKey(this.#services, service * SERVICE_BYTES))} has no ${address}:${port}`,
      )
    return number
  }

  #list(service: number): ListedService {
    const zero = readCounts(this.#ledger, this.#serviceLedger(service) + LEDGER.zero)
    return {
      ...readService(this.#services, service * SERVICE_BYTES),
      counters: toCounters(subtractCounts(this.#serviceCounts(service), zero)),
      rates: ratesOf(
        this.#ledger,
        this.#members(service).map(number => this.#destinationLedger(number)),
      ),
      destinations: this.#members(service).map(number => this.#listDestination(number)),
    }
  }

  #listDestination(number: number): ListedDestination {
    const record = number * DESTINATION_BYTES
    const zero = readCounts(this.#ledger, this.#destinationLedger(number) + LEDGER.zero)
    return {
      ...readDestination(this.#destinations, record),
      activeConnections: this.#destinations.get(record, DESTINATION.active),
      inactiveConnections: this.#destinations.get(record, DESTINATION.inactive),
      persistentConnections: this.#destinations.get(record, DESTINATION.persistent),
      counters: toCounters(subtractCounts(this.#counts(number), zero)),
      rates: ratesOf(this.#ledger, [this.#destinationLedger(number)]),
    }
  }

  #counts(destination: number): Counts {
    return countsOf(this.#counters, this.#backing.facts.capacity, destination)
  }

  /** A service's own counts are those of its destinations, and what those brought that are no more. */
  #serviceCounts(service: number): Counts {
    const base = readCounts(this.#ledger, this.#serviceLedger(service) + LEDGER.base)
    const inTrash = this.#trash().filter(
      number => this.#ledger.get(this.#destinationLedger(number), LEDGER.trashService) === service + 1,
    )
    return [...this.#members(service), ...inTrash].reduce((sum, number) => addCounts(sum, this.#counts(number)), base)
  }

  // Edits.

  /** One edit: alone, and with the trash emptied of what nobody needs any more. */
  #edit(change: () => void): void {
    this.#backing.exclusively(() => {
      // Nothing leaves the trash before it has been there for a second, so looking more often is of no use.
      const now = this.#backing.jiffies()
      if ((now - this.#emptiedAt) >>> 0 >= this.#backing.facts.hertz) {
        this.#emptyTrash(now)
        this.#emptiedAt = now
      }
      change()
    })
  }

  #remove(service: number): void {
    const record = service * SERVICE_BYTES
    // From here on no packet begins a connection; those that have one find their destinations gone.
    this.#services.set(record, SERVICE.flags, this.#services.get(record, SERVICE.flags) | SERVICE_FLAG.removed)
    this.#schedulers.release(service)
    for (const number of this.#members(service)) this.#unlink(service, number)
  }

  #unlink(service: number, number: number): void {
    const record = number * DESTINATION_BYTES
    const next = this.#destinations.get(record, DESTINATION.next)
    const before = this.#members(service).find(
      candidate => this.#destinations.get(candidate * DESTINATION_BYTES, DESTINATION.next) === number + 1,
    )
    if (before === undefined) this.#services.set(service * SERVICE_BYTES, SERVICE.head, next)
    else this.#destinations.set(before * DESTINATION_BYTES, DESTINATION.next, next)
    this.#destinations.set(
      record,
      DESTINATION.flags,
      this.#destinations.get(record, DESTINATION.flags) & ~DESTINATION_FLAG.available,
    )
    this.#destinations.set(record, DESTINATION.service, 0)
    const ledger = this.#destinationLedger(number)
    this.#ledger.set(ledger, LEDGER.trashService, service + 1)
    this.#ledger.set(ledger, LEDGER.trashSince, this.#backing.jiffies())
    this.#ledger.set(ledger, LEDGER.trashNext, this.#settings.get(0, SETTINGS.trash))
    this.#settings.set(0, SETTINGS.trash, number + 1)
  }

  #write(number: number, destination: Destination): void {
    const record = number * DESTINATION_BYTES
    if (destination.forwarding.method === 'tunnel') {
      const source = this.#backing.routeSource(destination.address)
      writeAddress(this.#destinations, record + DESTINATION.tunnelSource[0], source)
    }
    writeDestination(this.#destinations, record, destination)
  }

  /** A server that is translated to is known to the data path by its own address, until its last connection is gone. */
  #expectReplies(service: number, destination: number): void {
    const record = destination * DESTINATION_BYTES
    const flags = this.#destinations.get(record, DESTINATION.flags)
    const wanted = this.#destinations.get(record, DESTINATION.forward) === FORWARD.masquerade
    if (!wanted || (flags & DESTINATION_FLAG.translated) !== 0) return
    const key = this.#serverKey(service, destination)
    // Several services may have the same server: the entry counts them.
    if (!changeInIndex(this.#index, key, 1) && !addToIndex(this.#index, key, 1))
      throw new TableError('ENOSPC', 'the service index has no place for this server')
    this.#destinations.set(record, DESTINATION.flags, flags | DESTINATION_FLAG.translated)
  }

  #ignoreReplies(service: number, destination: number): void {
    if (
      (this.#destinations.get(destination * DESTINATION_BYTES, DESTINATION.flags) & DESTINATION_FLAG.translated) ===
      0
    )
      return
    const key = this.#serverKey(service, destination)
    changeInIndex(this.#index, key, -1)
    if (findInIndex(this.#index, key) === 0) removeFromIndex(this.#index, key)
  }

  #serverKey(service: number, destination: number): bigint {
    const { address, port } = readEndpoint(this.#destinations, destination * DESTINATION_BYTES)
    return serverKey(readServiceKey(this.#services, service * SERVICE_BYTES), address, port)
  }

  #trash(): number[] {
    const numbers: number[] = []
    for (
      let link = this.#settings.get(0, SETTINGS.trash);
      link !== 0;
      link = this.#ledger.get(this.#destinationLedger(link - 1), LEDGER.trashNext)
    )
      numbers.push(link - 1)
    return numbers
  }

  #setTrash(numbers: readonly number[]): void {
    for (const [i, number] of numbers.entries())
      this.#ledger.set(this.#destinationLedger(number), LEDGER.trashNext, (numbers[i + 1] ?? -1) + 1)
    this.#settings.set(0, SETTINGS.trash, (numbers[0] ?? -1) + 1)
  }

  #takeFromTrash(service: number, address: Ip, port: number): number | undefined {
    const trash = this.#trash()
    const number = trash.find(
      candidate =>
        this.#ledger.get(this.#destinationLedger(candidate), LEDGER.trashService) === service + 1 &&
        this.#is(candidate, address, port),
    )
    if (number !== undefined) this.#setTrash(trash.filter(other => other !== number))
    return number
  }

  /** Frees destinations that have no connections left, then services that have no destinations left. */
  #emptyTrash(now: number): void {
    const trash = this.#trash()
    if (trash.length === 0) return
    const kept: number[] = []
    const touched = new Set<number>()
    for (const number of trash) {
      const record = number * DESTINATION_BYTES
      const ledger = this.#destinationLedger(number)
      const references = [DESTINATION.active, DESTINATION.inactive, DESTINATION.persistent].reduce(
        (sum, field) => sum + this.#destinations.get(record, field),
        0,
      )
      const waited = (now - this.#ledger.get(ledger, LEDGER.trashSince)) >>> 0
      const service = this.#ledger.get(ledger, LEDGER.trashService) - 1
      const wanted = references > 0 || waited < this.#backing.facts.hertz
      if (wanted || this.#schedulers.remembers(service, number)) {
        kept.push(number)
        continue
      }
      const base = this.#serviceLedger(service) + LEDGER.base
      writeCounts(this.#ledger, base, addCounts(readCounts(this.#ledger, base), this.#counts(number)))
      this.#ignoreReplies(service, number)
      this.#destinations.set(record, DESTINATION.flags, 0)
      touched.add(service)
    }
    this.#setTrash(kept)
    this.#forgetEmpty([...touched].filter(service => this.#isRemoved(service)))
  }

  /** Frees records of removed services, but for those that a destination in the trash may still bring back. */
  #forgetEmpty(services: readonly number[]): void {
    if (services.length === 0) return
    const held = new Set(
      this.#trash().map(number => this.#ledger.get(this.#destinationLedger(number), LEDGER.trashService) - 1),
    )
    for (const service of services) {
      if (held.has(service)) continue
      removeFromIndex(this.#index, indexKey(readServiceKey(this.#services, service * SERVICE_BYTES)))
      this.#services.set(service * SERVICE_BYTES, SERVICE.flags, 0)
    }
  }

  #freeService(): number {
    return this.#freeRecord(
      this.#services,
      SERVICE_BYTES,
      SERVICE.flags,
      this.#backing.facts.capacity.services,
      SETTINGS.nextService,
      'services',
    )
  }

  #freeDestination(): number {
    return this.#freeRecord(
      this.#destinations,
      DESTINATION_BYTES,
      DESTINATION.flags,
      this.#backing.facts.capacity.destinations,
      SETTINGS.nextDestination,
      'real servers',
    )
  }

  /** The next record that is free, going round: the one freed last is used again last. */
  #freeRecord(
    memory: Memory,
    bytes: number,
    flags: readonly [number, 'u32'],
    slots: number,
    hint: readonly [number, 'u32'],
    what: string,
  ): number {
    const start = this.#settings.get(0, hint)
    for (let i = 0; i < slots; i++) {
      const number = (start + i) % slots
      if (memory.get(number * bytes, flags) !== 0) continue
      this.#settings.set(0, hint, (number + 1) % slots)
      return number
    }
    throw new TableError('ENOSPC', `the table is full: it holds ${slots} ${what}`)
  }

  #next(counter: readonly [number, 'u32']): number {
    const value = (this.#settings.get(0, counter) + 1) >>> 0
    this.#settings.set(0, counter, value)
    return value
  }

  // The program's shape.

  /** The shape of the program that runs; read anew only if somebody has put another to work. */
  #shape(): Shape {
    const generation = this.#settings.get(0, SETTINGS.generation)
    if (this.#known?.generation !== generation) this.#known = { generation, shape: this.#readShape() }
    return this.#known.shape
  }

  #readShape(): Shape {
    const bytes = this.#settings.slice(SHAPE_OFFSET, SHAPE_BYTES)
    const end = bytes.indexOf(0)
    return parseShape(new TextDecoder().decode(bytes.slice(0, end < 0 ? SHAPE_BYTES : end)))
  }

  #install(shape: Shape): void {
    this.#backing.reshape(shape)
    const bytes = this.#settings.slice(SHAPE_OFFSET, SHAPE_BYTES)
    bytes.fill(0)
    bytes.set(new TextEncoder().encode(shapeText(shape)).subarray(0, SHAPE_BYTES - 1))
    this.#next(SETTINGS.generation)
  }

  /** Before something new is visible to packets, the program must know how to handle it. */
  #grow(service: VirtualService, needs: DestinationNeeds): void {
    const before = this.#shape()
    const after = shapeWith(before, service, needs)
    if (shapeText(after) !== shapeText(before)) this.#install(after)
  }

  /** After something is gone, the program need not know it any more. */
  #shrink(): void {
    const numbers = this.#usedServices()
    if (numbers.length > RESHAPE_SERVICES_MAX) return
    const before = this.#shape()
    // Its connections need the protocols and the methods still.
    const kept: Shape = {
      ...EMPTY_SHAPE,
      families: before.families,
      protocols: before.protocols,
      methods: before.methods,
      tunnels: before.tunnels,
      tunnelFamilies: before.tunnelFamilies,
    }
    const after = numbers.reduce((shape, number) => {
      const destinations = this.#members(number).map(each =>
        readDestination(this.#destinations, each * DESTINATION_BYTES),
      )
      return shapeWith(
        shape,
        readService(this.#services, number * SERVICE_BYTES),
        needsOf(destinations, destinations.length),
      )
    }, kept)
    if (shapeText(after) !== shapeText(before)) this.#install(after)
  }

  // The ledger: services first, then destinations.

  #serviceLedger(service: number): number {
    return service * LEDGER_BYTES
  }
  #destinationLedger(destination: number): number {
    return (this.#backing.facts.capacity.services + destination) * LEDGER_BYTES
  }
  #ledgerOfService(service: number): Uint8Array {
    return this.#ledger.slice(this.#serviceLedger(service), LEDGER_BYTES)
  }
  #ledgerOfDestination(destination: number): Uint8Array {
    return this.#ledger.slice(this.#destinationLedger(destination), LEDGER_BYTES)
  }
}

function needsOf(destinations: readonly Destination[], count: number): DestinationNeeds {
  return {
    count,
    thresholds: destinations.some(destination => destination.upperThreshold > 0),
    methods: destinations.map(({ forwarding }) => forwarding.method),
    tunnels: destinations.flatMap(({ forwarding }) => (forwarding.method === 'tunnel' ? [forwarding.tunnel.type] : [])),
    tunnelFamilies: destinations.flatMap(({ forwarding, address }) =>
      forwarding.method === 'tunnel' ? [ipFamily(address)] : [],
    ),
  }
}
