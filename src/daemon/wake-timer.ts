import type { Instant } from '../model/time.ts'
import { monotonicNow } from './clock.ts'

/** setTimeout's limit; a wake that comes early changes nothing, and is wished for again. */
const DELAY_MAX_MS = 2 ** 31 - 1

/** Calls back at the moment or as soon after as node can; the result takes the wish back. */
export function wakeTimer(at: Instant, callback: () => void): () => void {
  const delayMs = Math.min(Math.max(Math.ceil(at - monotonicNow()), 0), DELAY_MAX_MS)
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
}
