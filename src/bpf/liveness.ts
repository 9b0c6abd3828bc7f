/** Which registers hold a value that is still wanted, at the end of each block; by the usual backward iteration. */
import { type Block, defines, type Register, successors, terminatorUses, uses } from './ir.ts'

/** For each block, the registers some later step may read. Blocks that nothing leads to do no harm. */
export function liveAtEnd(blocks: readonly Block[]): Map<Block, Set<Register>> {
  const atEnd = new Map<Block, Set<Register>>(blocks.map(block => [block, new Set()]))
  const atStart = new Map<Block, Set<Register>>(blocks.map(block => [block, new Set()]))
  for (let changed = true; changed; ) {
    changed = false
    for (const block of [...blocks].reverse()) {
      const end = atEnd.get(block)!
      for (const next of successors(block)) for (const register of atStart.get(next)!) end.add(register)
      const live = new Set(end)
      for (const register of terminatorUses(block.terminator!)) live.add(register)
      for (let i = block.steps.length - 1; i >= 0; i--) {
        const step = block.steps[i]!
        const written = defines(step)
        if (written !== undefined) live.delete(written)
        for (const register of uses(step)) live.add(register)
      }
      if (live.size !== atStart.get(block)!.size) {
        atStart.set(block, live)
        changed = true
      }
    }
  }
  return atEnd
}
