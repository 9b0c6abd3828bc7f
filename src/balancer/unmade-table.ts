/**
 * A service table that is made by the first edit. Until then it is empty, and nothing is attached to any interface: a
 * machine that only elects, or that somebody only looks at, is left as it was.
 */
import type { Ip } from '../bytes/address.ts'
import { type ServiceKey, serviceKeyText } from '../model/service.ts'
import {
  type Destination,
  type ListedConnection,
  type ListedService,
  type ServiceTable,
  type SyncDaemon,
  TableError,
  type Timeouts,
  type VirtualService,
} from '../model/virtual-service.ts'
import { STATE } from './layout.ts'
import { DEFAULT_TIMEOUTS_S } from './tcp-state.ts'

export class UnmadeTable<Table extends ServiceTable> implements ServiceTable {
  readonly #connections: number
  readonly #open: () => Table | undefined
  readonly #make: () => Table
  #table: Table | undefined

  /** `open` gives the table if somebody else has made it meanwhile; `connections` is how many a new one would hold. */
  constructor(connections: number, open: () => Table | undefined, make: () => Table) {
    this.#connections = connections
    this.#open = open
    this.#make = make
  }

  /** The table, if there is one by now. */
  get made(): Table | undefined {
    this.#table ??= this.#open()
    return this.#table
  }

  /** The table, made if there is none. */
  make(): Table {
    this.#table = this.made ?? this.#make()
    return this.#table
  }

  get connectionTableSize(): number {
    return this.made?.connectionTableSize ?? this.#connections
  }
  services(): readonly ListedService[] {
    return this.made?.services() ?? []
  }
  service(key: ServiceKey): ListedService | undefined {
    return this.made?.service(key)
  }
  connections(): Iterable<ListedConnection> {
    return this.made?.connections() ?? []
  }
  timeouts(): Timeouts {
    const seconds = (state: number) => DEFAULT_TIMEOUTS_S.get(state) ?? 0
    const usual = { tcpS: seconds(STATE.ESTABLISHED), tcpFinS: seconds(STATE.FIN_WAIT), udpS: seconds(STATE.UDP) }
    return this.made?.timeouts() ?? usual
  }
  syncDaemons(): readonly SyncDaemon[] {
    return this.made?.syncDaemons() ?? []
  }

  addService(service: VirtualService): void {
    this.make().addService(service)
  }
  editService(service: VirtualService): void {
    this.#existing(service.key).editService(service)
  }
  deleteService(key: ServiceKey): void {
    this.#existing(key).deleteService(key)
  }
  flush(): void {
    this.made?.flush()
  }
  addDestination(key: ServiceKey, destination: Destination): void {
    this.#existing(key).addDestination(key, destination)
  }
  editDestination(key: ServiceKey, destination: Destination): void {
    this.#existing(key).editDestination(key, destination)
  }
  deleteDestination(key: ServiceKey, address: Ip, port: number): void {
    this.#existing(key).deleteDestination(key, address, port)
  }
  setTimeouts(timeouts: Timeouts): void {
    this.make().setTimeouts(timeouts)
  }
  zero(key?: ServiceKey): void {
    if (key === undefined) this.made?.zero()
    else this.#existing(key).zero(key)
  }
  startSyncDaemon(daemon: SyncDaemon): void {
    this.make().startSyncDaemon(daemon)
  }
  stopSyncDaemon(role: SyncDaemon['role'], syncId: number): void {
    const { made } = this
    if (made === undefined) throw new TableError('ESRCH', `no ${role} sync daemon runs`)
    made.stopSyncDaemon(role, syncId)
  }

  #existing(key: ServiceKey): Table {
    const { made } = this
    if (made === undefined) throw new TableError('ESRCH', `${serviceKeyText(key)} is no service`)
    return made
  }
}
