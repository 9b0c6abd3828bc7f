import type { Heard } from './event.ts'
import type { Standing } from './state.ts'

/**
 * Keeps the sequence numbers of AH in step with what was heard. All routers of a virtual router count on from the highest
 * number of any, as keepalived does; but what is a replay is told sender by sender, as RFC 2402 section 3.4.3 has it for
 * each security association. With one number for both, two active routers in step would never hear each other.
 */
export function countSequence<S extends Standing>(state: S, { source, ahSequence }: Heard): S {
  if (ahSequence === 0) return state
  const ahHeard = new Map(state.ahHeard).set(source, ahSequence)
  return { ...state, ahHeard, ahSequence: Math.max(state.ahSequence, ahSequence) }
}
