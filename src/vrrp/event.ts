/** What can happen to a virtual router. */
import type { Ip } from '../bytes/address.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'

export type Event =
  | Start
  | Stop
  | Reload
  | Link
  | Address
  | Track
  | Priority
  | Heard
  | Dropped
  /** A deadline may have passed; see `wakeAt`. */
  | { readonly type: 'wake' }

/** Begin, with what the kernel says of the interface right now. */
export interface Start {
  readonly type: 'start'
  readonly linkUp: boolean
  /** The interface's first address of the instance's family that is not virtual itself. */
  readonly address: Ip | undefined
  /**
   * The addresses are on the interface still, left by a predecessor of this process that was active and died: take over
   * from it at once instead of leaving them to nobody for three intervals. A better router makes itself heard.
   */
  readonly resume?: boolean
}

/** Leave in good order: an active router says so by priority 0. */
export interface Stop {
  readonly type: 'stop'
}

/** The instance that `step` is given has replaced `previous`. Both are the same router: see `sameRouter`. */
export interface Reload {
  readonly type: 'reload'
  readonly previous: VrrpInstance
}

export interface Link {
  readonly type: 'link'
  readonly up: boolean
}

/** The interface's first address of the instance's family (not a virtual one), or undefined if it has none now. */
export interface Address {
  readonly type: 'address'
  readonly address: Ip | undefined
}

/** A tracker of weight 0 changed its mind. `cause` names it, in the words of the log: `script check_httpd`. */
export interface Track {
  readonly type: 'track'
  readonly cause: string
  readonly failed: boolean
}

/** Trackers with weights changed the effective priority (`effectivePriority`). */
export interface Priority {
  readonly type: 'priority'
  readonly priority: number
}

/** An advertisement that `accept` found good. */
export interface Heard {
  readonly type: 'heard'
  readonly source: Ip
  readonly priority: number
  /** The sender's interval; in version 2 it equals ours. */
  readonly intervalMs: number
  readonly ahSequence: number
  /** Of its signature, if it has one. */
  readonly signed: bigint | undefined
  /** What is odd about it, though not enough to drop it. */
  readonly remarks: readonly Remark[]
}

/** An advertisement that `accept` refused. `drop` is the label of the counter. */
export interface Dropped {
  readonly type: 'dropped'
  readonly drop: AcceptDrop
  readonly text: string
}

export interface Remark {
  readonly label: string
  readonly text: string
}

export type AcceptDrop =
  | 'short'
  | 'hop-limit'
  | 'version'
  | 'authentication-header'
  | 'spi'
  | 'integrity'
  | 'replay'
  | 'length'
  | 'authentication-type'
  | 'password'
  | 'interval'
  | 'type'
  | 'checksum'
  | 'router-id'
  | 'destination'
  | 'owner'
  | 'signature-missing'
  | 'signature-malformed'
  | 'signature-stale'
  | 'signature-key'
  | 'signature'
  | 'signature-replayed'
  | 'address-count'
  | 'address-list'
  | 'source'
