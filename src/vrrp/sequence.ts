import type { Ip } from '../bytes/address.ts'
import type { Heard } from './event.ts'
import type { Standing } from './state.ts'

/**
 * Keeps the sequence numbers of AH in step with what was heard. All routers of a virtual router count on from the highest
 * number of any, as keepalived does; but what is a replay is told sender by sender, as RFC 2402 section 3.4.3 has it for
 * each security association. With one number for both, two active routers in step would never hear each other.
 */
export function countSequence<S extends Standing>(before: S, { source, ahSequence, signed }: Heard): S {
  const state = signed === undefined ? before : { ...before, signed: remember(before.signed, source, signed) }
  if (ahSequence === 0) return state
  const ahHeard = new Map(state.ahHeard).set(source, ahSequence)
  return { ...state, ahHeard, ahSequence: Math.max(state.ahSequence, ahSequence) }
}

/** Whoever holds a key may sign as many sources as he likes; those heard last are enough to tell replays by. */
const SIGNERS_MAX = 64

function remember(known: ReadonlyMap<Ip, bigint>, source: Ip, sequence: bigint): ReadonlyMap<Ip, bigint> {
  const others = [...known].filter(([signer]) => signer !== source)
  return new Map([...others.slice(-(SIGNERS_MAX - 1)), [source, sequence]])
}
