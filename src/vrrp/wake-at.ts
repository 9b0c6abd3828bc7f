import { earliest, type Instant } from '../model/time.ts'
import type { State } from './state.ts'

/** When to call `step` with `wake`, if nothing happens first. Calling earlier does no harm. */
export function wakeAt(state: State): Instant | undefined {
  switch (state.name) {
    case 'initialize':
    case 'fault':
      return undefined
    case 'backup':
      return state.ready ? undefined : state.activeDownAt
    case 'active':
      return earliest(state.advertiseAt, state.announceAt, state.lowerPriorityAnnounceAt, state.refreshAt)
  }
}
