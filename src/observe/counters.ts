/** Named counts that only grow: packets dropped by reason, probes made, log lines lost. */
export type Counts = Readonly<Record<string, number>>

export class Counters {
  readonly #counts = new Map<string, number>()

  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  counts(): Counts {
    return Object.fromEntries(this.#counts)
  }
}
