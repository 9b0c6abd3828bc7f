import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { log } from './effect.ts'
import type { Heard } from './event.ts'
import { OWNER_PRIORITY } from './priority.ts'
import type { Active } from './state.ts'
import { type Step, stay } from './transition.ts'

/**
 * Two routers believe to own the addresses (priority 255). The one with the lower address steps back, as among equals.
 * The other gives it two intervals to do so; a rival that is heard for a while after that never will, and rather than
 * leave two active routers, we step back with priority 254 until it is gone. `order` is its address against ours.
 */
export function resistRival(
  instance: VrrpInstance,
  state: Active,
  heard: Heard,
  order: number,
  now: Instant,
): Step<Active> {
  const { rivalOwner } = state
  if (order < 0 && rivalOwner !== undefined && now < rivalOwner.from) return stay(state)
  if (order < 0 && rivalOwner !== undefined && now <= rivalOwner.until) {
    const text = `${heard.source} is still advertising as address owner, please resolve - reducing our priority`
    const next = { ...state, priority: OWNER_PRIORITY - 1, rivalOwner: undefined }
    return { state: next, effects: [log(instance, text)] }
  }
  const from = after(now, 2 * instance.advertIntervalMs)
  const until = after(from, 1.2 * Math.max(instance.advertIntervalMs, heard.intervalMs))
  const text = `CONFIGURATION ERROR: local instance and ${heard.source} are both configured as address owner, please resolve`
  return { state: { ...state, rivalOwner: { from, until } }, effects: [log(instance, text)] }
}
