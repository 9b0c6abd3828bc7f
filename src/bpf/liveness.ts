/** Which registers hold a value that is still wanted, at the end of each block; by the usual backward iteration. */
import { type Block, defines, type Register, successors, terminatorUses, uses } from './ir.ts'

/** A set of registers, a bit each. */
export class RegisterSet {
  readonly words: Uint32Array

  constructor(registers: number) {
    this.words = new Uint32Array((registers + 31) >>> 5)
  }
  has(register: Register): boolean {
    return ((this.words[register >>> 5]! >>> (register & 31)) & 1) !== 0
  }
  add(register: Register): void {
    this.words[register >>> 5]! |= 1 << (register & 31)
  }
  delete(register: Register): void {
    this.words[register >>> 5]! &= ~(1 << (register & 31))
  }
  /** Adds all of the other's. */
  merge(other: RegisterSet): void {
    for (let i = 0; i < this.words.length; i++) this.words[i]! |= other.words[i]!
  }
  size(): number {
    let count = 0
    this.forEach(() => {
      count++
    })
    return count
  }
  forEach(visit: (register: Register) => void): void {
    for (let i = 0; i < this.words.length; i++) {
      for (let word = this.words[i]!; word !== 0; word &= word - 1) visit(i * 32 + 31 - Math.clz32(word & -word))
    }
  }
}

/** For each block, the registers some later step may read. Every successor must be among the blocks. */
export function liveAtEnd(blocks: readonly Block[], registers: number): Map<Block, RegisterSet> {
  const facts = new Map(blocks.map(block => [block, summarise(block, registers)]))
  const order = [...blocks].reverse()
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      const { read, written, start, end } = facts.get(block)!
      for (const next of successors(block)) {
        end.merge(facts.get(next)!.start)
      }
      for (let i = 0; i < start.words.length; i++) {
        const live = (read.words[i]! | (end.words[i]! & ~written.words[i]!)) >>> 0
        if (live !== start.words[i]) {
          start.words[i] = live
          changed = true
        }
      }
    }
  }
  return new Map([...facts].map(([block, { end }]) => [block, end]))
}

/** What a block reads before it writes it, and what it writes. */
function summarise(
  block: Block,
  registers: number,
): { read: RegisterSet; written: RegisterSet; start: RegisterSet; end: RegisterSet } {
  const read = new RegisterSet(registers)
  const written = new RegisterSet(registers)
  for (const step of block.steps) {
    for (const register of uses(step)) if (!written.has(register)) read.add(register)
    const target = defines(step)
    if (target !== undefined) written.add(target)
  }
  for (const register of terminatorUses(block.terminator!)) if (!written.has(register)) read.add(register)
  return { read, written, start: new RegisterSet(registers), end: new RegisterSet(registers) }
}
