/**
 * Which blocks of the lookup tables are in use. A table that is replaced is left as it is for a second, because a packet
 * may still be looking at it: a new one is written elsewhere, and one store makes it the service's.
 */
import { LEDGER_BYTES, RING_BLOCK_BYTES, RING_NOTE, RING_NOTE_BYTES, type TableFacts } from './layout.ts'
import type { Memory } from './memory.ts'

/** A table is known by its first block plus one; 0 is none. */
export class Rings {
  readonly #memory: Memory
  readonly #ledger: Memory
  readonly #facts: TableFacts
  readonly #jiffies: () => number

  constructor(memory: Memory, ledger: Memory, facts: TableFacts, jiffies: () => number) {
    this.#memory = memory
    this.#ledger = ledger
    this.#facts = facts
    this.#jiffies = jiffies
  }

  /** Writes a new table; undefined if there is no room for it. */
  add(entries: readonly number[]): number | undefined {
    const blocks = Math.ceil((4 * entries.length) / RING_BLOCK_BYTES)
    const first = this.#findFree(blocks)
    if (first === undefined) return undefined
    for (let block = first; block < first + blocks; block++)
      this.#ledger.set(this.#note(block), RING_NOTE.ring, first + 1)
    this.overwrite(first + 1, entries)
    return first + 1
  }

  /** Writes over a table that may be in use, of the same length. */
  overwrite(ring: number, entries: readonly number[]): void {
    const start = (ring - 1) * RING_BLOCK_BYTES
    for (const [i, entry] of entries.entries()) this.#memory.set(start + 4 * i, [0, 'u32'], entry)
  }

  release(ring: number): void {
    const now = this.#jiffies()
    for (let block = ring - 1; block < this.#facts.capacity.rings; block++) {
      const note = this.#note(block)
      if (this.#ledger.get(note, RING_NOTE.ring) !== ring) return
      this.#ledger.set(note, RING_NOTE.ring, 0)
      this.#ledger.set(note, RING_NOTE.since, now)
    }
  }

  /** So many blocks in a row that nobody has had for a second. */
  #findFree(blocks: number): number | undefined {
    const now = this.#jiffies()
    const { capacity, hertz } = this.#facts
    let run = 0
    for (let block = 0; block < capacity.rings; block++) {
      const note = this.#note(block)
      const since = this.#ledger.get(note, RING_NOTE.since)
      const quiet = since === 0 || (now - since) >>> 0 >= hertz
      run = quiet && this.#ledger.get(note, RING_NOTE.ring) === 0 ? run + 1 : 0
      if (run === blocks) return block - blocks + 1
    }
    return undefined
  }

  #note(block: number): number {
    const { services, destinations } = this.#facts.capacity
    return (services + destinations) * LEDGER_BYTES + block * RING_NOTE_BYTES
  }
}
