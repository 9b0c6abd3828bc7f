/**
 * What one virtual router knows and waits for. The states are those of RFC 9568 section 6.4, with keepalived's FAULT
 * beside them; deadlines are fields, so that an early or stray wake-up changes nothing.
 *
 *                 start, owner
 *   initialize ──────────────────────────▶ active ◀──┐
 *       │                                   │  │     │ silence
 *       └──────────────▶ backup ◀───────────┘  │     │
 *        start           │ ▲ └─────────────────┼─────┘
 *                  fault │ │ mended            │ fault
 *                        ▼ │                   │
 *                       fault ◀────────────────┘
 *
 * `stop` leads from anywhere to initialize.
 */
import type { Ip } from '../bytes/address.ts'
import type { Instant } from '../model/time.ts'

export type State = Initialize | Fault | Backup | Active

/** What does not change with the state. */
export interface Standing {
  /** The effective one: the configured priority as the trackers have changed it. */
  readonly priority: number
  readonly linkUp: boolean
  /** The first address of the interface: the source of the advertisements, unless one is configured. */
  readonly interfaceAddress: Ip | undefined
  /** Trackers of weight 0 that say no, in the words of the log: `script check_httpd`. */
  readonly failedTrackers: readonly string[]
  /** The labels of drops and remarks that were logged since the state or the active router changed. */
  readonly reported: readonly string[]
  /** Until when another occasion of the kind costs no further line in the log. */
  readonly quietUntil: Readonly<Record<Nuisance, Instant>>
  /** The highest sequence number of AH that was sent or heard, and the next is one more; 0 without AH. */
  readonly ahSequence: number
  /** The last one of each router: what it says with that or a lower one was said before. */
  readonly ahHeard: ReadonlyMap<Ip, number>
  /** The last number by which each router signed, of those that were heard last. */
  readonly signed: ReadonlyMap<Ip, bigint>
}

/** What may come in floods without being wrong: a router of lower priority, another active router than before. */
export type Nuisance = 'lowerPriority' | 'newActive'

/** Not started, or stopped. */
export interface Initialize extends Standing {
  readonly name: 'initialize'
}

export interface Fault extends Standing {
  readonly name: 'fault'
}

export interface Backup extends Standing {
  readonly name: 'backup'
  /** When silence has lasted long enough (RFC 9568: Active_Down_Timer). */
  readonly activeDownAt: Instant
  /** The interval of the active router: our own, or in version 3 what it advertises (Active_Adver_Interval). */
  readonly activeIntervalMs: number
  /** Whom we heard last, obeyed or not. */
  readonly active: Peer | undefined
  /** While a preempt_delay runs: when a router of lower priority will no longer be obeyed. */
  readonly preemptAt: Instant | undefined
  /** The silence is over the limit, but the other members of the sync group are not there yet. */
  readonly ready: boolean
}

export interface Active extends Standing {
  readonly name: 'active'
  readonly advertiseAt: Instant
  /** The second burst of announcements, `delayMs` after the first. */
  readonly announceAt: Instant | undefined
  /** The second burst after a router of lower priority was heard. */
  readonly lowerPriorityAnnounceAt: Instant | undefined
  /** The next of the periodic announcements. */
  readonly refreshAt: Instant | undefined
  /** Another router claims to own the addresses (priority 255) as we do: the time in which it must have given in. */
  readonly rivalOwner: { readonly from: Instant; readonly until: Instant } | undefined
}

export interface Peer {
  readonly address: Ip
  readonly priority: number
}

/** As keepalived's log, notify scripts and JSON call the states. */
export type StateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT'

const STATE_NAMES = { initialize: 'INIT', backup: 'BACKUP', active: 'MASTER', fault: 'FAULT' } as const

export function stateName(state: State): StateName {
  return STATE_NAMES[state.name]
}
