import type { VrrpInstance } from '../model/vrrp-instance.ts'

/** The priority of the router that owns the virtual addresses (RFC 9568 section 5.2.4). */
export const OWNER_PRIORITY = 255

/** The priority that says: the active router stops. */
export const STOP_PRIORITY = 0

/** What trackers make of the configured priority: the sum, kept from 1 to 254; an owner's never changes. */
export function effectivePriority(instance: VrrpInstance, adjustments: readonly number[]): number {
  if (instance.priority === OWNER_PRIORITY) return OWNER_PRIORITY
  const sum = adjustments.reduce((total, adjustment) => total + adjustment, instance.priority)
  return Math.min(Math.max(sum, 1), OWNER_PRIORITY - 1)
}
