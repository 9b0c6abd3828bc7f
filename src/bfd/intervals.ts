/** What two routers agree on: RFC 5880 sections 6.8.2 to 6.8.4. */
import type { BfdInstance } from '../model/bfd-instance.ts'
import type { Session } from './session.ts'

/** Between our packets, before jitter: no more often than the neighbour wants to hear, and slowly while not up. */
export function txIntervalMs(instance: BfdInstance, session: Session): number {
  return Math.max(desiredMinTxMs(instance, session), session.remoteMinRxMs)
}

/** What we say of ourselves. */
export function desiredMinTxMs(instance: BfdInstance, { state }: Pick<Session, 'state'>): number {
  return state === 'up' ? instance.minTxMs : instance.idleTxMs
}

/** How long the neighbour may be silent. */
export function detectionMs(instance: BfdInstance, session: Session): number {
  return session.remoteMultiplier * Math.max(instance.minRxMs, session.remoteMinTxMs)
}

/**
 * The interval with jitter: 75 to 100 % of it, or up to 90 % where a single lost packet ends the session (RFC 5880
 * section 6.8.7). `random` is in [0, 1).
 */
export function jittered(intervalMs: number, multiplier: number, random: number): number {
  const atMost = multiplier === 1 ? 0.9 : 1
  return intervalMs * (atMost - (atMost - 0.75) * random)
}
