/**
 * The table of virtual services as its readers and writers see it: what `ipvsadm` edits, what the daemon keeps in step
 * with health, and what both list. `balancer/` implements it over pinned eBPF maps.
 *
 * An edit that cannot be done throws `TableError` with the errno that ip_vs would return; nothing is changed then.
 */
import type { Ip } from '../bytes/address.ts'
import type { Forwarding, Scheduler, SchedulerFlag, ServiceKey } from './service.ts'

export interface VirtualService {
  readonly key: ServiceKey
  /** `none` keeps the rules and refuses every new connection. */
  readonly scheduler: Scheduler | 'none'
  readonly schedulerFlags: readonly SchedulerFlag[]
  readonly onePacket: boolean
  /** `prefix` is the persistence netmask, 32 or 128 for single clients. */
  readonly persistence: { readonly timeoutS: number; readonly prefix: number } | undefined
  readonly persistenceEngine: string | undefined
}

export interface Destination {
  readonly address: Ip
  readonly port: number
  readonly forwarding: Forwarding
  readonly weight: number
  readonly upperThreshold: number
  readonly lowerThreshold: number
}

/** Totals since the service or server was added, or since they were last zeroed. Counted as ip_vs counts. */
export interface Counters {
  readonly connections: bigint
  readonly inPackets: bigint
  readonly outPackets: bigint
  readonly inBytes: bigint
  readonly outBytes: bigint
}

/** Per second, after the kernel's estimator. */
export interface Rates {
  readonly connections: number
  readonly inPackets: number
  readonly outPackets: number
  readonly inBytes: number
  readonly outBytes: number
}

export interface ListedService extends VirtualService {
  readonly counters: Counters
  readonly rates: Rates
  /** Newest first, as ip_vs keeps them. */
  readonly destinations: readonly ListedDestination[]
}

export interface ListedDestination extends Destination {
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly persistentConnections: number
  readonly counters: Counters
  readonly rates: Rates
}

export interface ListedConnection {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'IP'
  /** As ip_vs names it: ESTABLISHED, SYN_RECV, FIN_WAIT, UDP, ASSURED … */
  readonly state: string
  readonly expiresInS: number
  readonly client: { readonly address: Ip; readonly port: number }
  readonly virtual: { readonly address: Ip; readonly port: number }
  readonly destination: { readonly address: Ip; readonly port: number }
  /** Of a connection that a persistence engine keeps together: `sip`, and the Call-ID. */
  readonly engine?: { readonly name: string; readonly data: string }
}

/** `ipvsadm --set`: seconds; 0 in an edit leaves a value as it is. */
export interface Timeouts {
  readonly tcpS: number
  readonly tcpFinS: number
  readonly udpS: number
}

/** The state of a connection synchronisation daemon, for `-L --daemon`. */
export interface SyncDaemon {
  readonly role: 'master' | 'backup'
  readonly interface: string
  readonly syncId: number
  readonly maxLength: number
  readonly group: Ip
  readonly port: number
  readonly ttl: number
}

export const TABLE_ERRNOS = [
  'EEXIST',
  'ESRCH',
  'ENOENT',
  'EINVAL',
  'ERANGE',
  'ENOMEM',
  'ENOSPC',
  'EPERM',
  'EOPNOTSUPP',
  'EAFNOSUPPORT',
  'ENODEV',
  'EAGAIN',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'ENETUNREACH',
] as const
export type TableErrno = (typeof TABLE_ERRNOS)[number]

export function isTableErrno(code: string): code is TableErrno {
  return (TABLE_ERRNOS as readonly string[]).includes(code)
}

export class TableError extends Error {
  readonly errno: TableErrno
  constructor(errno: TableErrno, message: string) {
    super(message)
    this.name = 'TableError'
    this.errno = errno
  }
}

/** What ip_vs could do and this table cannot yet. The message says what, for people; the errno is for who must decide. */
export class NotDoneError extends TableError {
  constructor(errno: TableErrno, what: string) {
    super(errno, `sluice cannot do this yet: ${what}`)
    this.name = 'NotDoneError'
  }
}

export interface ServiceTable {
  /** Order as the table holds them, newest first; sorting for people is the caller's. */
  services(): readonly ListedService[]
  service(key: ServiceKey): ListedService | undefined
  /** Walks the live table; entries that come and go meanwhile may or may not be seen. */
  connections(): Iterable<ListedConnection>
  /** Slots of the connection table, for the header line of `-L`. */
  readonly connectionTableSize: number
  timeouts(): Timeouts
  syncDaemons(): readonly SyncDaemon[]

  /** EEXIST if the key is taken. */
  addService(service: VirtualService): void
  /** Replaces everything but the key; ESRCH if there is none. */
  editService(service: VirtualService): void
  /** ESRCH if there is none. Connections stay. */
  deleteService(key: ServiceKey): void
  /** Deletes all services. */
  flush(): void
  /** ESRCH: no such service; EEXIST: it has this server; ERANGE: lower above upper threshold. */
  addDestination(key: ServiceKey, destination: Destination): void
  /** ESRCH: no such service; ENOENT: no such server. */
  editDestination(key: ServiceKey, destination: Destination): void
  deleteDestination(key: ServiceKey, address: Ip, port: number): void
  setTimeouts(timeouts: Timeouts): void
  /** Counters count from zero again, of one service and its servers or of all. */
  zero(key?: ServiceKey): void
  /** EEXIST: has already run; ENODEV: no such interface. */
  startSyncDaemon(daemon: SyncDaemon): void
  /** ESRCH: none runs in that role. */
  stopSyncDaemon(role: 'master' | 'backup', syncId: number): void
}
