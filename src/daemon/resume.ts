/** Going on as the active router after a crash, where that is safe. See `heartbeat.ts`. */
import type { Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'

/** Nobody can have taken over since `lastAdvert`: the others wait that many intervals, and their skew besides. */
export function mayResume(instance: VrrpInstance, lastAdvert: Instant, now: Instant): boolean {
  const silenceMs = now - lastAdvert
  return silenceMs >= 0 && silenceMs < instance.downTimerAdverts * instance.advertIntervalMs
}
