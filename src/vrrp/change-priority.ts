import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { type Effect, log, notify } from './effect.ts'
import { effectivePriority, OWNER_PRIORITY } from './priority.ts'
import type { State } from './state.ts'
import { activeDownMs } from './timers.ts'
import { type Step, stay } from './transition.ts'

/** Trackers have changed the effective priority to what is wanted, as far as it may go. */
export function changePriority(instance: VrrpInstance, state: State, wanted: number, now: Instant): Step {
  const priority = effectivePriority(instance, [wanted - instance.priority])
  if (instance.priority === OWNER_PRIORITY || priority === state.priority) return stay(state)
  const effects: Effect[] = [log(instance, `Changing effective priority from ${state.priority} to ${priority}`)]
  if (instance.notify.priorityChanges && state.name === 'active')
    effects.push(notify(instance, 'MASTER_PRIORITY', priority))
  if (instance.notify.priorityChanges && state.name === 'backup')
    effects.push(notify(instance, 'BACKUP_PRIORITY', priority))
  return { state: rebase(instance, { ...state, priority }, instance, state, now), effects }
}

/**
 * A backup's deadline moves by as much as its limit of silence does when `previous` and `before` become `instance` and
 * `state`: what was waited so far counts.
 */
export function rebase<S extends State>(
  instance: VrrpInstance,
  state: S,
  previous: VrrpInstance,
  before: State,
  now: Instant,
): S {
  if (state.name !== 'backup' || before.name !== 'backup') return state
  const limitMs = activeDownMs(instance, state.priority, state.activeIntervalMs)
  const limitBeforeMs = activeDownMs(previous, before.priority, before.activeIntervalMs)
  const activeDownAt = after(before.activeDownAt, limitMs - limitBeforeMs)
  return { ...state, activeDownAt: activeDownAt > now ? activeDownAt : now }
}
