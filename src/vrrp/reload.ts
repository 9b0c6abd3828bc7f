/** A new configuration under a running election: nothing changes hands because of it. */
import { after, earliest, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { rebase } from './change-priority.ts'
import { virtualAddresses } from './desired.ts'
import { APPLY, announce, log } from './effect.ts'
import { effectivePriority, OWNER_PRIORITY } from './priority.ts'
import type { Active, State } from './state.ts'
import { type Step, stay, then } from './transition.ts'

/** True if `instance` goes on where `previous` was; if not, one is stopped and the other started. */
export function sameRouter(instance: VrrpInstance, previous: VrrpInstance): boolean {
  return (
    instance.name === previous.name &&
    instance.interface === previous.interface &&
    instance.family === previous.family &&
    instance.version === previous.version &&
    instance.routerId === previous.routerId
  )
}

/** What of the state follows from the new configuration. Whether faults come or go by it is judged afterwards. */
export function reload(instance: VrrpInstance, state: State, previous: VrrpInstance, now: Instant): Step {
  return then(reloadPriority(instance, state, previous), (next): Step => {
    if (next.name === 'active') return reloadActive(instance, next, previous, now)
    if (next.name !== 'backup') return { state: next, effects: [APPLY] }
    const ownInterval = instance.version === 2 || next.active === undefined
    const activeIntervalMs = ownInterval ? instance.advertIntervalMs : next.activeIntervalMs
    return { state: rebase(instance, { ...next, activeIntervalMs }, previous, state, now), effects: [APPLY] }
  })
}

/** What trackers added or took stays added or taken, except to or from an owner. */
function reloadPriority(instance: VrrpInstance, state: State, previous: VrrpInstance): Step {
  if (instance.priority === previous.priority) return stay(state)
  const tracked = previous.priority === OWNER_PRIORITY ? 0 : state.priority - previous.priority
  const priority = effectivePriority(instance, [tracked])
  if (priority === state.priority) return stay(state)
  const text = `Changing effective priority from ${state.priority} to ${priority}`
  return { state: { ...state, priority }, effects: [log(instance, text)] }
}

function reloadActive(instance: VrrpInstance, state: Active, previous: VrrpInstance, now: Instant): Step<Active> {
  const { garp, advertIntervalMs } = instance
  const had = new Set(virtualAddresses(previous).map(({ address }) => address))
  const added = virtualAddresses(instance).filter(({ address }) => !had.has(address))
  const second = added.length > 0 && garp.delayMs > 0 ? after(now, garp.delayMs) : undefined
  const refreshed = garp.refreshMs > 0 ? after(now, garp.refreshMs) : undefined
  const next = {
    ...state,
    advertiseAt: earliest(state.advertiseAt, after(now, advertIntervalMs)) ?? now,
    announceAt: second ?? state.announceAt,
    refreshAt: garp.refreshMs === previous.garp.refreshMs ? state.refreshAt : refreshed,
  }
  return { state: next, effects: [APPLY, ...announce(added, garp.repeat)] }
}
