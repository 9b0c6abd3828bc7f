/**
 * All the virtual routers of one machine. Sync groups live here and nowhere above: whoever drives the elections hands
 * over events by instance and gets effects by instance.
 */
import type { Instant } from '../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import type { Effect } from './effect.ts'
import type { Event } from './event.ts'
import type { State } from './state.ts'

export interface Elections {
  readonly instances: ReadonlyMap<string, VrrpInstance>
  readonly groups: readonly VrrpSyncGroup[]
  readonly states: ReadonlyMap<string, State>
}

export interface InstanceEffect {
  readonly instance: string
  readonly effect: Effect
}

export interface ElectionsStep {
  readonly elections: Elections
  readonly effects: readonly InstanceEffect[]
}

/** None of them started yet. */
export declare function openElections(instances: readonly VrrpInstance[], groups: readonly VrrpSyncGroup[]): Elections

/** What an event of one instance makes of them all. Throws RangeError for an instance that does not exist. */
export declare function stepElections(elections: Elections, instance: string, event: Event, now: Instant): ElectionsStep

/** A new configuration: what stays the same router goes on, what is gone is stopped, what is new awaits its `start`. */
export declare function reloadElections(
  elections: Elections,
  instances: readonly VrrpInstance[],
  groups: readonly VrrpSyncGroup[],
  now: Instant,
): ElectionsStep

/** When the next of them wants a `wake`, and which. */
export declare function nextWake(elections: Elections): { readonly instance: string; readonly at: Instant } | undefined
