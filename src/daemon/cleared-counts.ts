/** Counts since somebody wanted them to begin anew (keepalived's STATS_CLEAR); the counters themselves only grow. */
import type { Counts } from '../observe/counters.ts'
import type { Snapshot } from '../observe/snapshot.ts'

export class ClearedCounts {
  readonly #former = new Map<string, Counts>()

  /** What the snapshot counts is counted no more. */
  clear({ vrrp }: Snapshot): void {
    for (const { name, counts } of vrrp) this.#former.set(name, counts)
  }

  /** The snapshot with what was counted since. A count below the former one is that of a process which began anew. */
  since(snapshot: Snapshot): Snapshot {
    const vrrp = snapshot.vrrp.map(instance => {
      const former = this.#former.get(instance.name) ?? {}
      const counts = Object.entries(instance.counts).map(([name, count]) => {
        const before = former[name] ?? 0
        return [name, count < before ? count : count - before] as const
      })
      return { ...instance, counts: Object.fromEntries(counts) }
    })
    return { ...snapshot, vrrp }
  }
}
