/**
 * Takes out what a program does not need: branches to branches, reads of a copy where the original is still there,
 * results that nobody reads. What is left does the same to memory and ends with the same value.
 */
import {
  type Block,
  defines,
  type FunctionBody,
  isPure,
  type Operand,
  type Register,
  rename,
  type Step,
  successors,
  terminatorUses,
  uses,
} from './ir.ts'

export function simplify(body: FunctionBody): FunctionBody {
  const threaded = threadJumps(body.blocks)
  for (const block of threaded) propagateCopies(block)
  removeUnread(threaded)
  return { ...body, blocks: threaded }
}

/** Lets every jump to a block that only jumps go where that one goes, then drops blocks that nothing leads to. */
function threadJumps(blocks: readonly Block[]): Block[] {
  const destination = (block: Block): Block => {
    let at = block
    for (let hops = 0; hops < blocks.length && at.steps.length === 0 && at.terminator?.kind === 'jump'; hops++)
      at = at.terminator.to
    return at
  }
  for (const block of blocks) {
    const end = block.terminator
    if (end?.kind === 'jump') block.terminator = { ...end, to: destination(end.to) }
    if (end?.kind === 'branch') block.terminator = { ...end, yes: destination(end.yes), no: destination(end.no) }
  }
  const reached = new Set<Block>()
  const open = [blocks[0]!]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue
    reached.add(next)
    open.push(...successors(next))
  }
  return blocks.filter(block => reached.has(block))
}

/** Within a block, reads the source of a copy instead of the copy, as long as neither has changed since. */
function propagateCopies(block: Block): void {
  const original = new Map<Register, Register>()
  const read = (register: Register) => original.get(register) ?? register
  const steps: Step[] = []
  for (const step of block.steps) {
    if (original.size === 0 && step.kind !== 'move') {
      steps.push(step)
      continue
    }
    // An alu step reads and writes its target: that one stays, only its source may be another's.
    const tied = step.kind === 'alu' || step.kind === 'negate' || step.kind === 'swap'
    const renamed: Step = tied ? renameSource(step, read) : { ...step, ...rename(step, read, register => register) }
    const written = defines(renamed)
    if (written !== undefined) {
      original.delete(written)
      for (const [copy, source] of original) if (source === written) original.delete(copy)
    }
    if (
      renamed.kind === 'move' &&
      renamed.width === 64 &&
      'register' in renamed.source &&
      renamed.source.register !== renamed.target
    ) {
      original.set(renamed.target, renamed.source.register)
    }
    steps.push(renamed)
  }
  block.steps = steps
  const end = block.terminator
  const operand = (o: Operand): Operand => ('register' in o ? { register: read(o.register) } : o)
  if (end?.kind === 'branch') block.terminator = { ...end, left: read(end.left), right: operand(end.right) }
  if (end?.kind === 'exit') block.terminator = { ...end, value: operand(end.value) }
}

function renameSource(step: Step, read: (register: Register) => Register): Step {
  if (step.kind !== 'alu' || !('register' in step.source)) return step
  return { ...step, source: { register: read(step.source.register) } }
}

/** Takes out pure steps whose result nothing reads, and what only they read in turn. */
function removeUnread(blocks: readonly Block[]): void {
  const reads = new Map<Register, number>()
  const count = (registers: readonly Register[], by: number) => {
    for (const register of registers) reads.set(register, (reads.get(register) ?? 0) + by)
  }
  // What a step does to its own target keeps nobody else's value alive.
  const readsOf = (step: Step) => uses(step).filter(register => register !== defines(step))
  for (const block of blocks) {
    for (const step of block.steps) count(readsOf(step), 1)
    count(terminatorUses(block.terminator!), 1)
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const block of blocks) {
      const kept = block.steps.filter(step => {
        const written = defines(step)
        if (!isPure(step) || written === undefined || (reads.get(written) ?? 0) > 0) return true
        count(readsOf(step), -1)
        return false
      })
      changed ||= kept.length < block.steps.length
      block.steps = kept
    }
  }
}
