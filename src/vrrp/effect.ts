/**
 * What `step` asks to be done, once, in the order of the list. Which addresses to hold is no effect but a level: see
 * `desiredAddresses`, and `apply` for when the kernel must have them.
 */
import type { Ip } from '../bytes/address.ts'
import type { VirtualAddress } from '../model/vrrp-instance.ts'

export type Effect = Advertise | Apply | Announce | Log | Notify

/** Send an advertisement to each destination; `encodeAdvertise` makes the packets. */
export interface Advertise {
  readonly type: 'advertise'
  readonly priority: number
  readonly source: Ip
  /** The multicast group, or each of the unicast peers. */
  readonly destinations: readonly Ip[]
  /** Of AH, for the first destination; the others count on from it. */
  readonly ahSequence: number
}

/** Bring addresses, routes and rules in step with the state before going on with the next effect. */
export interface Apply {
  readonly type: 'apply'
}

/** Tell the segment where the addresses live: `repeat` rounds of gratuitous ARP or unsolicited NA over all of them. */
export interface Announce {
  readonly type: 'announce'
  readonly addresses: readonly VirtualAddress[]
  readonly repeat: number
}

/** A line for the log, as keepalived words it. `detail` lines are for -D. */
export interface Log {
  readonly type: 'log'
  readonly text: string
  readonly detail: boolean
}

/** Run the notify scripts, write the FIFOs, send the mail. */
export interface Notify {
  readonly type: 'notify'
  readonly about: 'INSTANCE' | 'GROUP'
  readonly name: string
  readonly state: NotifiedState
  /** 0 for a group. */
  readonly priority: number
}

export type NotifiedState =
  | 'MASTER'
  | 'BACKUP'
  | 'FAULT'
  | 'STOP'
  | 'DELETED'
  | 'MASTER_RX_LOWER_PRI'
  | 'MASTER_PRIORITY'
  | 'BACKUP_PRIORITY'
