/** Going on as the active router after a crash, where that is safe. See `heartbeat.ts`. */
import type { Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Elections } from '../vrrp/elections.ts'

/** Nobody can have taken over since `lastAdvert`: the others wait that many intervals, and their skew besides. */
export function mayResume(instance: VrrpInstance, lastAdvert: Instant, now: Instant): boolean {
  const silenceMs = now - lastAdvert
  return silenceMs >= 0 && silenceMs < instance.downTimerAdverts * instance.advertIntervalMs
}

/** The same elections, but for this instance the silence has lasted long enough: its next `wake` makes it active. */
export function timeOut(elections: Elections, name: string, now: Instant): Elections {
  const state = elections.states.get(name)
  if (state?.name !== 'backup') return elections
  return { ...elections, states: new Map(elections.states).set(name, { ...state, activeDownAt: now }) }
}
