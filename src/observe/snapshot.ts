/**
 * What a running daemon says of itself: the answer to `sluice status`, as JSON or rendered for people.
 *
 * Moments are milliseconds since 1970, so that the picture means something to whoever reads it elsewhere.
 */
import type { Ip, Mac } from '../bytes/address.ts'
import type { Counts } from './counters.ts'
import type { LogEntry } from './log-line.ts'

export interface Snapshot {
  readonly version: 1
  readonly pid: number
  readonly routerId: string
  readonly configurationFile: string
  readonly startedAtMs: number
  readonly takenAtMs: number
  readonly processes: readonly ProcessSnapshot[]
  readonly vrrp: readonly InstanceSnapshot[]
  readonly virtualServers: readonly VirtualServerSnapshot[]
  readonly bfd: readonly SessionSnapshot[]
  /** Undefined: there is no table of services yet. */
  readonly dataPath?: DataPathSnapshot | undefined
  /** What is wrong now and wants a person: a stranger that owns a VIP, a refused reload. */
  readonly alarms: readonly string[]
  /** The latest log lines, oldest first. */
  readonly log: readonly LogEntry[]
}

export interface DataPathSnapshot {
  /** Places of the connection tables, and those that are taken; a translated connection takes two. */
  readonly connections: Readonly<Record<'ipv4' | 'ipv6', { readonly places: number; readonly taken: number }>>
  /** Packets that concerned a service and were not forwarded, by reason, since the table was made. */
  readonly refusals: Readonly<Record<string, number>>
}

export interface ProcessSnapshot {
  readonly role: Role
  /** Undefined while it waits to be started again. */
  readonly pid: number | undefined
  readonly startedAtMs: number
  readonly restarts: number
}

/** The children of the supervisor, each a process of its own. */
export type Role = 'elections' | 'checkers' | 'scripts' | 'bfd'

export type InstanceStateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT'

export interface InstanceSnapshot {
  readonly name: string
  readonly state: InstanceStateName
  readonly sinceMs: number
  /** Why it cannot take part: `interface eth0 down`. Empty unless it is in FAULT. */
  readonly faults: readonly string[]
  readonly interface: string
  readonly routerId: number
  readonly priority: number
  /** Of the router that a backup hears; undefined if it hears none, or is none. */
  readonly activePriority?: number | undefined
  readonly addresses: readonly AddressSnapshot[]
  /** Packets by outcome: `sent`, `received`, and drops by reason. */
  readonly counts: Counts
}

/** A BFD session. */
export interface SessionSnapshot {
  readonly name: string
  readonly neighbour: Ip
  readonly state: 'Down' | 'Init' | 'Up'
  readonly sinceMs: number
  /** Silence of so many milliseconds ends it; 0 before the neighbour has said anything. */
  readonly detectionMs: number
  /** Packets by outcome: `sent`, `received`. */
  readonly counts: Counts
}

export interface AddressSnapshot {
  readonly address: Ip
  readonly prefix: number
  readonly interface: string
  /** On the interface now. */
  readonly present: boolean
  /** A stranger's hardware address that claims this one while it is ours. */
  readonly claimedBy: Mac | undefined
}

export interface VirtualServerSnapshot {
  /** `TCP 192.168.41.249:80`, as `serviceKeyText` writes it. */
  readonly service: string
  readonly quorum: boolean
  /** Weight that is up, and what is needed: to lose the quorum no less, or to gain it. */
  readonly upWeight: number
  readonly neededWeight: number
  /** Undefined: it has none. */
  readonly sorryServer: { readonly address: Ip; readonly port: number; readonly serving: boolean } | undefined
  /** Its checks rest: its address is not on this machine (ha_suspend). */
  readonly suspended: boolean
  readonly realServers: readonly RealServerSnapshot[]
}

export interface RealServerSnapshot {
  readonly address: Ip
  readonly port: number
  /** As new connections see it: checkers may change it, and draining makes it 0. */
  readonly weight: number
  /** Where a slow start leads: `weight`, but for a server that has not been up for long. */
  readonly fullWeight: number
  readonly up: boolean
  readonly drained: boolean
  /** The table has it, with a weight: new connections may come. */
  readonly serving: boolean
  readonly sinceMs: number
  /** How often it went up or down since the daemon started. */
  readonly transitions: number
  /** Mails about it that are held back because it changes too often. */
  readonly heldLetters: number
  readonly checkers: readonly CheckerSnapshot[]
}

export interface CheckerSnapshot {
  readonly type: string
  readonly up: boolean
  /** False until a first probe has ended. */
  readonly proved: boolean
  readonly sinceMs: number
  readonly lastError: string | undefined
  /** How long the last good answer took. */
  readonly latencyMs: number | undefined
  /** For how many servers of services this one probe answers; 1: it is not shared. */
  readonly sharedBy: number
}
