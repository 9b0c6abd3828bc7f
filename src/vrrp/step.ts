import type { Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Effect } from './effect.ts'
import type { Event } from './event.ts'
import type { State } from './state.ts'

export interface Step {
  readonly state: State
  readonly effects: readonly Effect[]
}

/** The state of an instance that was not started yet. */
export function initialState(instance: VrrpInstance): State {
  const { priority } = instance
  return { name: 'initialize', priority, faults: [], interfaceAddress: undefined, reported: [], ahSequence: 0 }
}

/** What `event` makes of the state at `now`. For members of sync groups, go through `stepElections`. */
export function step(_instance: VrrpInstance, state: State, _event: Event, _now: Instant): Step {
  return { state, effects: [] }
}
