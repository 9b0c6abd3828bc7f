/**
 * A table of virtual services in plain memory that accepts and refuses edits as ip_vs does (ip_vs_ctl.c, Linux 6.1):
 * what tests of everything above the table run on, with no kernel and no root. It forwards nothing; counters,
 * connections and interfaces are whatever a test says they are.
 *
 * Who adjusts what: `ipvsadm` forces the port of a routed or tunnelled server to the service's, the kernel does not.
 * The kernel alone refuses thresholds out of order and a server of the other family that is not tunnelled to.
 */
import { type Ip, ipFamily } from '../bytes/address.ts'
import { type ServiceKey, serviceFamily, serviceKeyText } from '../model/service.ts'
import {
  type Counters,
  type Destination,
  type ListedConnection,
  type ListedDestination,
  type ListedService,
  type Rates,
  type ServiceTable,
  type SyncDaemon,
  TableError,
  type Timeouts,
  type VirtualService,
} from '../model/virtual-service.ts'
import { isHost } from './is-host.ts'
import { syncMessageLength } from './sync-message-length.ts'

const DEFAULT_TIMEOUTS: Timeouts = { tcpS: 900, tcpFinS: 120, udpS: 300 }
const TIMEOUT_MAX_S = 2 ** 31 / 250 - 1
const PERSISTENCE_ENGINES: readonly string[] = ['sip']
const NO_COUNTERS: Counters = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n }
const NO_RATES: Rates = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 }

export interface MemoryTableOptions {
  /** Name and MTU of the interfaces that a synchronisation daemon may use; by default only `lo`. */
  readonly interfaces?: ReadonlyMap<string, number>
  readonly connections?: readonly ListedConnection[]
  readonly connectionTableSize?: number
}

/** What a test may say about a service's traffic. */
export interface ServiceNumbers {
  readonly counters: Counters
  readonly rates: Rates
}

export interface DestinationNumbers extends ServiceNumbers {
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly persistentConnections: number
}

interface Entry {
  service: VirtualService
  numbers: ServiceNumbers
  /** By endpoint, oldest first; a server that is edited keeps its place. */
  readonly destinations: Map<string, ListedDestination>
}

export class MemoryTable implements ServiceTable {
  readonly connectionTableSize: number
  readonly #interfaces: ReadonlyMap<string, number>
  readonly #connections: readonly ListedConnection[]
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>()
  #timeouts = DEFAULT_TIMEOUTS
  #daemons: readonly SyncDaemon[] = []
  #mixedFamilies = 0

  constructor(options: MemoryTableOptions = {}) {
    this.connectionTableSize = options.connectionTableSize ?? 4096
    this.#interfaces = options.interfaces ?? new Map([['lo', 65536]])
    this.#connections = options.connections ?? []
  }

  services(): readonly ListedService[] {
    return [...this.#entries.values()].reverse().map(listed)
  }

  service(key: ServiceKey): ListedService | undefined {
    const entry = this.#entries.get(serviceKeyText(key))
    return entry && listed(entry)
  }

  connections(): Iterable<ListedConnection> {
    return this.#connections
  }

  timeouts(): Timeouts {
    return this.#timeouts
  }

  syncDaemons(): readonly SyncDaemon[] {
    return this.#daemons
  }

  addService(service: VirtualService): void {
    const name = serviceKeyText(service.key)
    if (this.#entries.has(name)) throw new TableError('EEXIST', `${name} is already a service`)
    judgeService(service)
    this.#entries.set(name, { service, numbers: { counters: NO_COUNTERS, rates: NO_RATES }, destinations: new Map() })
  }

  editService(service: VirtualService): void {
    const entry = this.#entry(service.key)
    judgeService(service)
    entry.service = service
  }

  deleteService(key: ServiceKey): void {
    const entry = this.#entry(key)
    for (const destination of entry.destinations.values()) if (isMixed(key, destination)) this.#mixedFamilies--
    this.#entries.delete(serviceKeyText(key))
  }

  flush(): void {
    this.#entries.clear()
    this.#mixedFamilies = 0
  }

  addDestination(key: ServiceKey, destination: Destination): void {
    const entry = this.#entry(key)
    this.#judgeDestination(key, destination)
    const name = endpoint(destination)
    if (entry.destinations.has(name)) throw new TableError('EEXIST', `${serviceKeyText(key)} already has ${name}`)
    if (!isHost(destination.address)) throw new TableError('EINVAL', `${destination.address} is not a host's address`)
    const idle = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 }
    entry.destinations.set(name, { ...destination, ...idle, counters: NO_COUNTERS, rates: NO_RATES })
    if (isMixed(key, destination)) this.#mixedFamilies++
  }

  editDestination(key: ServiceKey, destination: Destination): void {
    const entry = this.#entry(key)
    this.#judgeDestination(key, destination)
    const before = this.#destination(entry, destination.address, destination.port)
    entry.destinations.set(endpoint(destination), { ...before, ...destination })
  }

  deleteDestination(key: ServiceKey, address: Ip, port: number): void {
    const entry = this.#entry(key)
    const destination = this.#destination(entry, address, port)
    entry.destinations.delete(endpoint(destination))
    if (isMixed(key, destination)) this.#mixedFamilies--
  }

  setTimeouts(timeouts: Timeouts): void {
    for (const seconds of [timeouts.tcpS, timeouts.tcpFinS, timeouts.udpS])
      if (seconds < 0 || seconds > TIMEOUT_MAX_S)
        throw new TableError('EINVAL', `a timeout of ${seconds} s is too long`)
    this.#timeouts = {
      tcpS: timeouts.tcpS || this.#timeouts.tcpS,
      tcpFinS: timeouts.tcpFinS || this.#timeouts.tcpFinS,
      udpS: timeouts.udpS || this.#timeouts.udpS,
    }
  }

  zero(key?: ServiceKey): void {
    for (const entry of key === undefined ? this.#entries.values() : [this.#entry(key)]) {
      entry.numbers = { ...entry.numbers, counters: NO_COUNTERS }
      for (const [name, destination] of entry.destinations)
        entry.destinations.set(name, { ...destination, counters: NO_COUNTERS })
    }
  }

  startSyncDaemon(daemon: SyncDaemon): void {
    if (this.#mixedFamilies > 0)
      throw new TableError('EINVAL', 'the sync protocol cannot carry servers of mixed families')
    const mtu = this.#interfaces.get(daemon.interface)
    if (mtu === undefined) throw new TableError('ENODEV', `there is no interface ${daemon.interface}`)
    if (this.#daemons.some(other => other.role === daemon.role))
      throw new TableError('EEXIST', `a ${daemon.role} sync daemon already runs`)
    const running = { ...daemon, maxLength: syncMessageLength(daemon, mtu) }
    this.#daemons = daemon.role === 'master' ? [running, ...this.#daemons] : [...this.#daemons, running]
  }

  /** The kernel knows a daemon by its role alone. */
  stopSyncDaemon(role: SyncDaemon['role'], _syncId: number): void {
    const others = this.#daemons.filter(daemon => daemon.role !== role)
    if (others.length === this.#daemons.length) throw new TableError('ESRCH', `no ${role} sync daemon runs`)
    this.#daemons = others
  }

  /** Lets a test say what traffic a service has seen. */
  observe(key: ServiceKey, numbers: Partial<ServiceNumbers>): void {
    const entry = this.#entry(key)
    entry.numbers = { ...entry.numbers, ...numbers }
  }

  /** The same of one server. */
  observeDestination(key: ServiceKey, address: Ip, port: number, numbers: Partial<DestinationNumbers>): void {
    const entry = this.#entry(key)
    const destination = this.#destination(entry, address, port)
    entry.destinations.set(endpoint(destination), { ...destination, ...numbers })
  }

  #entry(key: ServiceKey): Entry {
    const entry = this.#entries.get(serviceKeyText(key))
    if (entry === undefined) throw new TableError('ESRCH', `${serviceKeyText(key)} is no service`)
    return entry
  }

  #destination(entry: Entry, address: Ip, port: number): ListedDestination {
    const name = endpoint({ address, port })
    const destination = entry.destinations.get(name)
    if (destination === undefined) throw new TableError('ENOENT', `${serviceKeyText(entry.service.key)} has no ${name}`)
    return destination
  }

  /** In the kernel's order: families (ip_vs_genl_set_cmd), then weight, thresholds, tunnel (ip_vs_add_dest). */
  #judgeDestination(key: ServiceKey, destination: Destination): void {
    const { forwarding, weight, lowerThreshold, upperThreshold } = destination
    if (isMixed(key, destination)) {
      if (forwarding.method !== 'tunnel') throw new TableError('EINVAL', 'only a tunnel joins two address families')
      if (this.#daemons.length > 0) throw new TableError('EINVAL', 'the sync protocol cannot carry mixed families')
    }
    if (weight < 0) throw new TableError('ERANGE', `weight ${weight} is negative`)
    if (lowerThreshold > upperThreshold)
      throw new TableError('ERANGE', `lower threshold ${lowerThreshold} is above the upper one, ${upperThreshold}`)
    if (forwarding.method === 'tunnel' && forwarding.tunnel.type === 'gue' && forwarding.tunnel.port === 0)
      throw new TableError('EINVAL', 'a GUE tunnel needs a port')
  }
}

function listed(entry: Entry): ListedService {
  return { ...entry.service, ...entry.numbers, destinations: [...entry.destinations.values()].reverse() }
}

function endpoint(destination: { readonly address: Ip; readonly port: number }): string {
  return `${destination.address} ${destination.port}`
}

function isMixed(key: ServiceKey, destination: { readonly address: Ip }): boolean {
  return serviceFamily(key) !== ipFamily(destination.address)
}

function judgeService(service: VirtualService): void {
  const { persistence, persistenceEngine } = service
  if (persistenceEngine !== undefined && !PERSISTENCE_ENGINES.includes(persistenceEngine))
    throw new TableError('ENOENT', `there is no persistence engine ${persistenceEngine}`)
  if (
    persistence !== undefined &&
    serviceFamily(service.key) === 6 &&
    (persistence.prefix < 1 || persistence.prefix > 128)
  )
    throw new TableError('EINVAL', `an IPv6 netmask has 1 to 128 bits, not ${persistence.prefix}`)
}
