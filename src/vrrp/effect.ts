/**
 * What `step` asks to be done, once, in the order of the list. Which addresses to hold is no effect but a level: see
 * `desiredAddresses`, and `apply` for when the kernel must have them.
 */
import type { Ip } from '../bytes/address.ts'
import type { VirtualAddress, VrrpInstance } from '../model/vrrp-instance.ts'

export type Effect = Advertise | Apply | Announce | Log | Notify

/** Send an advertisement to each destination; `encodeAdvertise` makes the packets. */
export interface Advertise {
  readonly type: 'advertise'
  readonly priority: number
  readonly source: Ip
  /** The multicast group, or each of the unicast peers. */
  readonly destinations: readonly Ip[]
  /** Of AH; 0 without. */
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

/** A line about this instance. */
export function log(instance: VrrpInstance, text: string): Log {
  return { type: 'log', text: `(${instance.name}) ${text}`, detail: false }
}

/** A line about this instance that only -D shows. */
export function detail(instance: VrrpInstance, text: string): Log {
  return { type: 'log', text: `(${instance.name}) ${text}`, detail: true }
}

/** A line that names its instance by itself. */
export function say(text: string): Log {
  return { type: 'log', text, detail: false }
}

export function notify(instance: VrrpInstance, state: NotifiedState, priority: number): Notify {
  return { type: 'notify', about: 'INSTANCE', name: instance.name, state, priority }
}

/** As a list, empty if there is nothing to announce. */
export function announce(addresses: readonly VirtualAddress[], repeat: number): readonly Announce[] {
  return repeat > 0 && addresses.length > 0 ? [{ type: 'announce', addresses, repeat }] : []
}

export const APPLY: Apply = { type: 'apply' }
