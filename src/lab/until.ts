import { setTimeout as sleep } from 'node:timers/promises'
import type { Screen } from './screen.ts'

/** What was checked does not hold. The message is a line of the show. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed'
}

const POLL_MS = 25

/**
 * Asks again and again until the answer is not undefined, and passes it on. Throws CheckFailed after `withinMs`. The
 * screen shows `what` meanwhile; an interrupt ends it at once.
 */
export async function until<T>(
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
  what: string,
  withinMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + withinMs
  screen.wait(what, withinMs)
  try {
    while (true) {
      signal.throwIfAborted()
      const answer = await ask()
      if (answer !== undefined) return answer
      if (performance.now() >= deadline) throw new CheckFailed(`${what}: not within ${withinMs / 1000} s`)
      await sleep(POLL_MS, undefined, { signal })
    }
  } finally {
    screen.stopWaiting()
  }
}
