/** What became of a stream of requests, and what can be said of it afterwards. */
import type { Ip } from '../bytes/address.ts'

export interface Attempt {
  readonly from: Ip
  /** By the clock of `performance.now()`. */
  readonly startedAt: number
  readonly endedAt: number
  readonly outcome: { readonly server: string } | { readonly error: string }
}

/** How many answers each server gave. */
export function answersByServer(attempts: readonly Attempt[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { outcome } of attempts)
    if ('server' in outcome) counts.set(outcome.server, (counts.get(outcome.server) ?? 0) + 1)
  return new Map([...counts].sort())
}

export function failures(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ outcome }) => 'error' in outcome)
}

/** Those that began at or after `moment`. */
export function since(attempts: readonly Attempt[], moment: number): Attempt[] {
  return attempts.filter(({ startedAt }) => startedAt >= moment)
}

/** From when to when nobody was served: the longest time between two answers, in ms, counted from `from` to `to`. */
export function longestOutageMs(attempts: readonly Attempt[], from: number, to: number): number {
  const answeredAt = attempts.filter(({ outcome }) => 'server' in outcome).map(({ endedAt }) => endedAt)
  const moments = [from, ...answeredAt.filter(at => at > from && at < to).sort((a, b) => a - b), to]
  return moments.slice(1).reduce((longest, at, i) => Math.max(longest, at - moments[i]!), 0)
}

/** `rs1 10, rs2 10`. */
export function talliesText(attempts: readonly Attempt[]): string {
  return [...answersByServer(attempts)].map(([server, count]) => `${server} ${count}`).join(', ') || 'nobody answered'
}
