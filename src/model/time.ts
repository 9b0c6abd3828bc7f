/** Time as the state machines see it: milliseconds of a clock that never goes back, fractions allowed. */

/** A moment on the monotonic clock, in milliseconds. Only differences mean anything. */
export type Instant = number & { readonly __brand: 'Instant' }

export function instant(ms: number): Instant {
  return ms as Instant
}

/** The moment `ms` milliseconds after `moment`. */
export function after(moment: Instant, ms: number): Instant {
  return (moment + ms) as Instant
}

/** The earliest of the moments that are set, or undefined if none is. */
export function earliest(...moments: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined
  for (const moment of moments) if (moment !== undefined && (first === undefined || moment < first)) first = moment
  return first
}
