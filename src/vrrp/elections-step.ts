import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import type { Effect } from './effect.ts'
import type { State } from './state.ts'

/** All the virtual routers of one machine, each with its state. */
export interface Elections {
  readonly instances: ReadonlyMap<string, VrrpInstance>
  readonly groups: readonly VrrpSyncGroup[]
  readonly states: ReadonlyMap<string, State>
}

/** An effect and whose it is: as configured when it came about, which after a reload may be gone. */
export interface InstanceEffect {
  readonly instance: VrrpInstance
  readonly effect: Effect
}

export interface ElectionsStep {
  readonly elections: Elections
  readonly effects: readonly InstanceEffect[]
}
