/** The intervals of RFC 3768 section 6.1 and RFC 9568 section 6.1, in milliseconds with fractions. */
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { OWNER_PRIORITY } from './priority.ts'

/**
 * How much longer than the rest a backup of this priority waits: less for a better one. Version 2 counts in parts of
 * a second, version 3 in parts of the active router's interval.
 */
export function skewMs(instance: VrrpInstance, priority: number, activeIntervalMs: number): number {
  const unitMs = instance.version === 2 ? 1000 : activeIntervalMs
  return ((256 - waitingPriority(instance, priority)) * unitMs) / 256
}

/** The silence after which a backup takes over. */
export function activeDownMs(instance: VrrpInstance, priority: number, activeIntervalMs: number): number {
  return instance.downTimerAdverts * activeIntervalMs + skewMs(instance, priority, activeIntervalMs)
}

/** An owner that gave way to a rival with priority 254 still waits as an owner. */
function waitingPriority(instance: VrrpInstance, priority: number): number {
  return instance.priority === OWNER_PRIORITY ? OWNER_PRIORITY : priority
}
