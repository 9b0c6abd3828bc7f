/**
 * Blocks with machine registers become one run of instructions: hot blocks first, each followed by the one it most
 * likely goes to, branch offsets filled in, arguments moved into place without trampling on each other.
 */
import type { Allocation } from './allocate.ts'
import {
  ALU,
  ATOMIC,
  ATOMIC_FETCH,
  CLASS,
  type Comparison,
  FRAME_POINTER,
  type Instruction,
  JMP,
  K,
  MODE,
  PSEUDO,
  SIZE,
  X,
} from './instruction.ts'
import type { Base, Block, Operand, Register, Step, Terminator } from './ir.ts'
import type { Position } from './position.ts'

/** One instruction and what it is about. A `map` or `callback` is filled in when the program is loaded or linked. */
export interface Line {
  readonly instruction: Instruction
  readonly position: Position | undefined
  readonly comment: string | undefined
  readonly map?: MapReference | undefined
  readonly callback?: string | undefined
}

/** A map by its name in the program: the map itself, or the address of a byte in its only element. */
export interface MapReference {
  readonly name: string
  readonly valueOffset: number | undefined
}

const JUMP_MAX = 32767

/** Throws RangeError if a branch is too far for the 16 bits of its offset. */
export function assemble({ body, machine }: Allocation): Line[] {
  const order = layOut(body.blocks)
  const lines: Line[] = []
  const starts = new Map<Block, number>()
  const jumps: { at: number; to: Block }[] = []
  const register = (virtual: Register): number => {
    const found = machine.get(virtual)
    if (found === undefined) throw new Error(`${body.name}: v${virtual} has no register`)
    return found
  }
  const write = new Writer(lines, register)

  write.moves(
    body.parameters.flatMap((parameter, index) =>
      machine.has(parameter) ? [{ to: register(parameter), from: { register: index + 1 } }] : [],
    ),
  )
  for (const [index, block] of order.entries()) {
    starts.set(block, lines.length)
    for (const step of block.steps) write.step(step)
    writeEnd(block.terminator!, order[index + 1], write, jumps)
  }
  for (const { at, to } of jumps) {
    const offset = starts.get(to)! - at - 1
    if (Math.abs(offset) > JUMP_MAX) throw new RangeError(`${body.name}: a branch of ${offset} instructions is too far`)
    const line = lines[at]!
    lines[at] = { ...line, instruction: { ...line.instruction, offset } }
  }
  return lines
}

/** Reverse post-order, so that a block comes after those that lead to it, with the cold ones at the end. */
function layOut(blocks: readonly Block[]): Block[] {
  const entry = blocks[0]!
  const seen = new Set<Block>([entry])
  const finished: Block[] = []
  const open: { block: Block; next: Block[] }[] = [{ block: entry, next: visits(entry) }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.next.shift()
    if (next === undefined) {
      finished.push(top.block)
      open.pop()
    } else if (!seen.has(next)) {
      seen.add(next)
      open.push({ block: next, next: visits(next) })
    }
  }
  const order = finished.reverse()
  return [...order.filter(block => !block.cold), ...order.filter(block => block.cold)]
}

/** What is visited last ends up next to the block: the hot side of a branch, or else the side taken. */
function visits(block: Block): Block[] {
  const end = block.terminator!
  if (end.kind === 'jump') return [end.to]
  if (end.kind === 'exit') return []
  return end.yes.cold && !end.no.cold ? [end.yes, end.no] : [end.no, end.yes]
}

function writeEnd(
  end: Terminator & { position: Position | undefined },
  next: Block | undefined,
  write: Writer,
  jumps: { at: number; to: Block }[],
): void {
  switch (end.kind) {
    case 'exit':
      write.moves([{ to: 0, from: write.operand(end.value) }])
      write.line({ opcode: CLASS.JMP | JMP.exit }, end.position)
      return
    case 'jump':
      if (end.to !== next) jumps.push({ at: write.line({ opcode: CLASS.JMP | JMP.always }, end.position), to: end.to })
      return
    case 'branch': {
      const inverse = INVERSE[end.comparison]
      if (end.yes === next && inverse !== undefined) {
        jumps.push({ at: write.compare(inverse, end.width, end.left, end.right, end.position), to: end.no })
        return
      }
      jumps.push({ at: write.compare(end.comparison, end.width, end.left, end.right, end.position), to: end.yes })
      if (end.no !== next) jumps.push({ at: write.line({ opcode: CLASS.JMP | JMP.always }, end.position), to: end.no })
    }
  }
}

const INVERSE: Readonly<Record<Comparison, Comparison | undefined>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  le: 'gt',
  ge: 'lt',
  lt: 'ge',
  sgt: 'sle',
  sle: 'sgt',
  sge: 'slt',
  slt: 'sge',
  set: undefined,
}

type Source = { readonly register: number } | { readonly immediate: number }

class Writer {
  private readonly lines: Line[]
  private readonly register: (virtual: Register) => number

  constructor(lines: Line[], register: (virtual: Register) => number) {
    this.lines = lines
    this.register = register
  }

  line(
    part: Partial<Instruction> & { opcode: number },
    position: Position | undefined,
    { comment, map, callback }: Omit<Partial<Line>, 'instruction' | 'position'> = {},
  ): number {
    const { opcode, dst = 0, src = 0, offset = 0, immediate = 0 } = part
    const instruction = { opcode, dst, src, offset, immediate }
    return this.lines.push({ instruction, position, comment, map, callback }) - 1
  }

  operand(operand: Operand): Source {
    return 'register' in operand ? { register: this.register(operand.register) } : operand
  }

  compare(
    comparison: Comparison,
    width: 32 | 64,
    left: Register,
    right: Operand,
    position: Position | undefined,
  ): number {
    const source = this.operand(right)
    return this.line(
      {
        opcode: (width === 64 ? CLASS.JMP : CLASS.JMP32) | JMP[comparison] | form(source),
        dst: this.register(left),
        ...fields(source),
      },
      position,
    )
  }

  /** Moves that happen at once: a register that is still to be read is not written before. r0 breaks cycles. */
  moves(
    moves: readonly { to: number; from: Source }[],
    position?: Position | undefined,
    comment?: string | undefined,
  ): void {
    const open = moves.filter(({ to, from }) => !('register' in from && from.register === to))
    let remark = comment
    const emit = (to: number, from: Source) => {
      this.line({ opcode: CLASS.ALU64 | ALU.mov | form(from), dst: to, ...fields(from) }, position, { comment: remark })
      remark = undefined
    }
    while (open.length > 0) {
      const free = open.findIndex(({ to }) => !open.some(({ from }) => 'register' in from && from.register === to))
      if (free >= 0) {
        const [move] = open.splice(free, 1)
        emit(move!.to, move!.from)
        continue
      }
      const stuck = open[0]!
      emit(0, stuck.from)
      open[0] = { to: stuck.to, from: { register: 0 } }
    }
  }

  step(step: Step): void {
    const { position, comment } = step
    const put = (
      part: Partial<Instruction> & { opcode: number },
      { map, callback }: { map?: MapReference; callback?: string } = {},
    ) => this.line(part, position, { comment, map, callback })
    switch (step.kind) {
      case 'move': {
        const source = this.operand(step.source)
        const target = this.register(step.target)
        if (step.width === 64 && 'register' in source && source.register === target) return
        put({
          opcode: (step.width === 64 ? CLASS.ALU64 : CLASS.ALU) | ALU.mov | form(source),
          dst: target,
          ...fields(source),
        })
        return
      }
      case 'wide': {
        const value = BigInt.asUintN(64, step.value)
        put({ opcode: WIDE, dst: this.register(step.target), immediate: Number(BigInt.asIntN(32, value)) })
        this.line({ opcode: 0, immediate: Number(BigInt.asIntN(32, value >> 32n)) }, position)
        return
      }
      case 'map': {
        const { map: name, valueOffset } = step
        put(
          {
            opcode: WIDE,
            dst: this.register(step.target),
            src: valueOffset === undefined ? PSEUDO.MAP_FD : PSEUDO.MAP_VALUE,
          },
          { map: { name, valueOffset } },
        )
        this.line({ opcode: 0, immediate: valueOffset ?? 0 }, position)
        return
      }
      case 'function':
        put({ opcode: WIDE, dst: this.register(step.target), src: PSEUDO.FUNCTION }, { callback: step.name })
        this.line({ opcode: 0 }, position)
        return
      case 'frame':
        put({ opcode: CLASS.ALU64 | ALU.mov | X, dst: this.register(step.target), src: FRAME_POINTER })
        this.line(
          { opcode: CLASS.ALU64 | ALU.add | K, dst: this.register(step.target), immediate: step.offset },
          position,
        )
        return
      case 'alu': {
        const source = this.operand(step.source)
        put({
          opcode: (step.width === 64 ? CLASS.ALU64 : CLASS.ALU) | ALU[step.operation] | form(source),
          dst: this.register(step.target),
          ...fields(source),
        })
        return
      }
      case 'negate':
        put({ opcode: CLASS.ALU64 | ALU.neg, dst: this.register(step.target) })
        return
      case 'swap':
        put({ opcode: CLASS.ALU | ALU.end | TO_BIG_ENDIAN, dst: this.register(step.target), immediate: step.bits })
        return
      case 'load':
        put({
          opcode: CLASS.LDX | MODE.MEM | SIZE[step.size],
          dst: this.register(step.target),
          src: this.base(step.base),
          offset: step.offset,
        })
        return
      case 'store': {
        const source = this.operand(step.source)
        const kind = 'register' in source ? CLASS.STX : CLASS.ST
        put({
          opcode: kind | MODE.MEM | SIZE[step.size],
          dst: this.base(step.base),
          offset: step.offset,
          ...fields(source),
        })
        return
      }
      case 'atomic': {
        const opcode = CLASS.STX | MODE.ATOMIC | SIZE[step.size]
        const at = { dst: this.base(step.base), offset: step.offset }
        if (step.old === undefined) {
          put({ opcode, ...at, src: this.register(step.source), immediate: ATOMIC[step.operation] })
          return
        }
        const old = this.register(step.old)
        this.moves([{ to: old, from: { register: this.register(step.source) } }], position)
        put({ opcode, ...at, src: old, immediate: ATOMIC[step.operation] | ATOMIC_FETCH })
        return
      }
      case 'exchange': {
        const old = this.register(step.old)
        this.moves([{ to: old, from: { register: this.register(step.source) } }], position)
        put({
          opcode: CLASS.STX | MODE.ATOMIC | SIZE[step.size],
          dst: this.base(step.base),
          offset: step.offset,
          src: old,
          immediate: ATOMIC.exchange,
        })
        return
      }
      case 'compareExchange': {
        this.moves([{ to: 0, from: { register: this.register(step.expected) } }], position)
        put({
          opcode: CLASS.STX | MODE.ATOMIC | SIZE[step.size],
          dst: this.base(step.base),
          offset: step.offset,
          src: this.register(step.source),
          immediate: ATOMIC.compareExchange,
        })
        this.moves([{ to: this.register(step.old), from: { register: 0 } }], position)
        return
      }
      case 'call': {
        this.moves(
          step.arguments.map((argument, index) => ({ to: index + 1, from: this.operand(argument) })),
          position,
        )
        put({ opcode: CLASS.JMP | JMP.call, immediate: step.helper.id })
        if (step.result !== undefined) this.moves([{ to: this.register(step.result), from: { register: 0 } }], position)
      }
    }
  }

  private base(base: Base): number {
    return base === 'frame' ? FRAME_POINTER : this.register(base.register)
  }
}

const WIDE = CLASS.LD | MODE.IMM | SIZE[8]
/** The swap instruction's source bit: to big endian, which on a little-endian machine is a swap. */
const TO_BIG_ENDIAN = 0x08

function form(source: Source): number {
  return 'register' in source ? X : K
}

function fields(source: Source): { src: number } | { immediate: number } {
  return 'register' in source ? { src: source.register } : { immediate: source.immediate }
}
