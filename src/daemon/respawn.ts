/**
 * When to start a child again: at once if it lived for a minute, else after a pause that doubles from 1 s to 60 s, so
 * that a child which cannot live does not eat the machine. keepalived's rule.
 */
import { after, type Instant } from '../model/time.ts'

export interface RespawnState {
  /** Deaths in a row that came too early. */
  readonly early: number
  readonly startedAt: Instant
}

const LONG_LIFE_MS = 60_000
const FIRST_PAUSE_MS = 1000
const PAUSE_MAX_MS = 60_000

export function firstLife(now: Instant): RespawnState {
  return { early: 0, startedAt: now }
}

/** The child died at `now`: when its next life begins, and the state of that life. */
export function respawn(state: RespawnState, now: Instant): RespawnState {
  if (now - state.startedAt >= LONG_LIFE_MS) return { early: 0, startedAt: now }
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** state.early, PAUSE_MAX_MS)
  return { early: state.early + 1, startedAt: after(now, pauseMs) }
}
