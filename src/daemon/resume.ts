/** Going on as the active router after a crash, where that is safe. See `heartbeat.ts`. */
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'

/** Nobody can have taken over since `lastAdvert`: the others wait that many intervals, and their skew besides. */
export function mayResume(instance: VrrpInstance, lastAdvert: Instant, now: Instant): boolean {
  return now >= lastAdvert && now < resumeUntil(instance, lastAdvert)
}

/** When that is so no longer. */
export function resumeUntil(instance: VrrpInstance, lastAdvert: Instant): Instant {
  return after(lastAdvert, instance.downTimerAdverts * instance.advertIntervalMs)
}
