/**
 * Which registers hold a value that is still wanted, at the end of each block; by the usual backward iteration.
 *
 * Most registers are written and read within one block. Only those that some block reads before it writes them can be
 * wanted at another's end: they alone are iterated over, a bit each.
 */
import { type Block, defines, type Register, successors, terminatorUses, uses } from './ir.ts'

/**
 * A set of registers that can be walked through as fast as it is small, and emptied at once (Briggs and Torczon, An
 * Efficient Representation for Sparse Sets).
 */
export class RegisterSet {
  private readonly members: Uint32Array
  private readonly places: Uint32Array
  private count = 0

  constructor(registers: number) {
    this.members = new Uint32Array(registers)
    this.places = new Uint32Array(registers)
  }
  get size(): number {
    return this.count
  }
  has(register: Register): boolean {
    const place = this.places[register]!
    return place < this.count && this.members[place] === register
  }
  add(register: Register): void {
    if (this.has(register)) return
    this.places[register] = this.count
    this.members[this.count++] = register
  }
  delete(register: Register): void {
    if (!this.has(register)) return
    const last = this.members[--this.count]!
    const place = this.places[register]!
    this.members[place] = last
    this.places[last] = place
  }
  clear(): void {
    this.count = 0
  }
  /** The member at a place from 0 to size, in no order that means anything; a change moves them. */
  at(place: number): Register {
    return this.members[place]!
  }
}

/** For each block, the registers some later step may read. Every successor must be among the blocks. */
export function liveAtEnd(blocks: readonly Block[], registers: number): Map<Block, Register[]> {
  const traffic = trafficOf(blocks, registers)
  const wide = [...new Set(traffic.flatMap(({ exposed }) => exposed))]
  const bitOf = new Int32Array(registers).fill(-1)
  for (const [bit, register] of wide.entries()) bitOf[register] = bit
  const words = (wide.length + 31) >>> 5
  const facts = new Map(
    blocks.map((block, index) => [
      block,
      {
        block,
        read: bits(traffic[index]!.exposed, bitOf, words),
        written: bits(traffic[index]!.written, bitOf, words),
        start: new Uint32Array(words),
        end: new Uint32Array(words),
        before: [] as Block[],
        open: true,
      },
    ]),
  )
  for (const block of blocks) for (const next of successors(block)) facts.get(next)!.before.push(block)

  // Those at the end come off the stack first: what they read is known before it is asked for.
  const open = [...facts.values()]
  for (let fact = open.pop(); fact !== undefined; fact = open.pop()) {
    fact.open = false
    const { block, read, written, start, end, before } = fact
    for (const next of successors(block)) {
      const theirs = facts.get(next)!.start
      for (let i = 0; i < words; i++) end[i]! |= theirs[i]!
    }
    let grown = false
    for (let i = 0; i < words; i++) {
      const live = (read[i]! | (end[i]! & ~written[i]!)) >>> 0
      grown ||= live !== start[i]
      start[i] = live
    }
    if (!grown) continue
    for (const each of before) {
      const earlier = facts.get(each)!
      if (!earlier.open) open.push(earlier)
      earlier.open = true
    }
  }
  return new Map([...facts.values()].map(({ block, end }) => [block, registersIn(end, wide)]))
}

/** What a block reads before it writes it, and what it writes. */
interface Traffic {
  readonly exposed: readonly Register[]
  readonly written: readonly Register[]
}

function trafficOf(blocks: readonly Block[], registers: number): Traffic[] {
  const known = new RegisterSet(registers)
  return blocks.map(block => {
    const exposed: Register[] = []
    const written: Register[] = []
    known.clear()
    for (const step of block.steps) {
      for (const register of uses(step)) if (!known.has(register)) exposed.push(register)
      const target = defines(step)
      if (target === undefined) continue
      known.add(target)
      written.push(target)
    }
    for (const register of terminatorUses(block.terminator!)) if (!known.has(register)) exposed.push(register)
    return { exposed, written }
  })
}

function bits(registers: readonly Register[], bitOf: Int32Array, words: number): Uint32Array {
  const set = new Uint32Array(words)
  for (const register of registers) {
    const bit = bitOf[register]!
    if (bit >= 0) set[bit >>> 5]! |= 1 << (bit & 31)
  }
  return set
}

function registersIn(set: Uint32Array, wide: readonly Register[]): Register[] {
  const found: Register[] = []
  for (const [index, whole] of set.entries())
    for (let word = whole; word !== 0; word &= word - 1) found.push(wide[index * 32 + 31 - Math.clz32(word & -word)]!)
  return found
}
