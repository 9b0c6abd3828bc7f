/**
 * The program between the language and its bytecode: blocks of instructions over any number of virtual registers.
 *
 * Instructions are the machine's own, two-address form included (`alu` changes its `target`), so that what comes out
 * is what was written. A virtual register is a number; it may be written more than once, which is how variables of the
 * language join at the end of a branch without further ado. Every block ends in exactly one terminator.
 */
import type { Helper } from './helper.ts'
import type { AluOperation, ByteSize, Comparison } from './instruction.ts'
import type { Position } from './position.ts'

export type Register = number
/** A register, or a number that fits a signed 32-bit immediate. */
export type Operand = { readonly register: Register } | { readonly immediate: number }

/** The base of a memory access: a register, or the frame whose offsets are negative. */
export type Base = { readonly register: Register } | 'frame'

export type Operation =
  | { readonly kind: 'move'; readonly target: Register; readonly source: Operand; readonly width: 32 | 64 }
  | { readonly kind: 'wide'; readonly target: Register; readonly value: bigint }
  | { readonly kind: 'map'; readonly target: Register; readonly map: string; readonly valueOffset: number | undefined }
  | { readonly kind: 'function'; readonly target: Register; readonly name: string }
  | { readonly kind: 'frame'; readonly target: Register; readonly offset: number }
  | {
      readonly kind: 'alu'
      readonly operation: AluOperation
      readonly width: 32 | 64
      readonly target: Register
      readonly source: Operand
    }
  | { readonly kind: 'negate'; readonly target: Register }
  | { readonly kind: 'swap'; readonly target: Register; readonly bits: 16 | 32 | 64 }
  | {
      readonly kind: 'load'
      readonly target: Register
      readonly base: Base
      readonly offset: number
      readonly size: ByteSize
    }
  | {
      readonly kind: 'store'
      readonly base: Base
      readonly offset: number
      readonly size: ByteSize
      readonly source: Operand
    }
  | {
      readonly kind: 'atomic'
      readonly operation: 'add' | 'or' | 'and' | 'xor'
      readonly base: Base
      readonly offset: number
      readonly size: 4 | 8
      readonly source: Register
      readonly old: Register | undefined
    }
  | {
      readonly kind: 'exchange'
      readonly base: Base
      readonly offset: number
      readonly size: 4 | 8
      readonly source: Register
      readonly old: Register
    }
  | {
      readonly kind: 'compareExchange'
      readonly base: Base
      readonly offset: number
      readonly size: 4 | 8
      readonly expected: Register
      readonly source: Register
      readonly old: Register
    }
  | {
      readonly kind: 'call'
      readonly helper: Helper
      readonly arguments: readonly Operand[]
      readonly result: Register | undefined
    }

export type Terminator =
  | { readonly kind: 'jump'; readonly to: Block }
  | {
      readonly kind: 'branch'
      readonly comparison: Comparison
      readonly width: 32 | 64
      readonly left: Register
      readonly right: Operand
      readonly yes: Block
      readonly no: Block
    }
  | { readonly kind: 'exit'; readonly value: Operand }

export type Step = Operation & { readonly position: Position | undefined; readonly comment: string | undefined }

export interface Block {
  readonly id: number
  /** Cold blocks are laid out after the rest, so that the hot path falls through. */
  cold: boolean
  /** Depth of loops around it: a register used in a loop is worth more. */
  readonly depth: number
  steps: Step[]
  terminator: (Terminator & { readonly position: Position | undefined }) | undefined
}

/** One function: the program itself, or a callback that a helper is given. */
export interface FunctionBody {
  readonly name: string
  /** Registers that hold the arguments on entry, r1 first. */
  readonly parameters: readonly Register[]
  readonly blocks: Block[]
  registerCount: number
  /** Bytes of the frame that the language itself has laid out; spills come below. */
  frameBytes: number
}

/** The registers an operation reads. */
export function uses(operation: Operation): Register[] {
  switch (operation.kind) {
    case 'move':
      return operandRegisters(operation.source)
    case 'alu':
      return [operation.target, ...operandRegisters(operation.source)]
    case 'negate':
    case 'swap':
      return [operation.target]
    case 'load':
      return baseRegisters(operation.base)
    case 'store':
      return [...baseRegisters(operation.base), ...operandRegisters(operation.source)]
    case 'atomic':
    case 'exchange':
      return [...baseRegisters(operation.base), operation.source]
    case 'compareExchange':
      return [...baseRegisters(operation.base), operation.expected, operation.source]
    case 'call':
      return operation.arguments.flatMap(operandRegisters)
    case 'wide':
    case 'map':
    case 'function':
    case 'frame':
      return []
  }
}

/** The register an operation writes, if any. */
export function defines(operation: Operation): Register | undefined {
  switch (operation.kind) {
    case 'store':
      return undefined
    case 'atomic':
    case 'exchange':
    case 'compareExchange':
      return operation.old
    case 'call':
      return operation.result
    default:
      return operation.target
  }
}

/** True if the operation matters only through the register it writes, so that it may go when nothing reads that. */
export function isPure(operation: Operation): boolean {
  return !['store', 'atomic', 'exchange', 'compareExchange', 'call'].includes(operation.kind)
}

export function terminatorUses(terminator: Terminator): Register[] {
  switch (terminator.kind) {
    case 'jump':
      return []
    case 'branch':
      return [terminator.left, ...operandRegisters(terminator.right)]
    case 'exit':
      return operandRegisters(terminator.value)
  }
}

export function successors(block: Block): Block[] {
  const terminator = block.terminator
  if (terminator === undefined) throw new Error(`block ${block.id} has no end`)
  if (terminator.kind === 'jump') return [terminator.to]
  return terminator.kind === 'branch' ? [terminator.yes, terminator.no] : []
}

/** The same operation with every register it names replaced. Reads and writes may be renamed differently. */
export function rename(
  operation: Operation,
  read: (register: Register) => Register,
  write: (register: Register) => Register,
): Operation {
  const operand = (o: Operand): Operand => ('register' in o ? { register: read(o.register) } : o)
  const base = (b: Base): Base => (b === 'frame' ? b : { register: read(b.register) })
  switch (operation.kind) {
    case 'move':
      return { ...operation, target: write(operation.target), source: operand(operation.source) }
    case 'alu':
      return { ...operation, target: write(operation.target), source: operand(operation.source) }
    case 'load':
      return { ...operation, target: write(operation.target), base: base(operation.base) }
    case 'store':
      return { ...operation, base: base(operation.base), source: operand(operation.source) }
    case 'atomic':
      return {
        ...operation,
        base: base(operation.base),
        source: read(operation.source),
        old: operation.old === undefined ? undefined : write(operation.old),
      }
    case 'exchange':
      return { ...operation, base: base(operation.base), source: read(operation.source), old: write(operation.old) }
    case 'compareExchange':
      return {
        ...operation,
        base: base(operation.base),
        expected: read(operation.expected),
        source: read(operation.source),
        old: write(operation.old),
      }
    case 'call':
      return {
        ...operation,
        arguments: operation.arguments.map(operand),
        result: operation.result === undefined ? undefined : write(operation.result),
      }
    default:
      return { ...operation, target: write(operation.target) }
  }
}

function operandRegisters(operand: Operand): Register[] {
  return 'register' in operand ? [operand.register] : []
}

function baseRegisters(base: Base): Register[] {
  return base === 'frame' ? [] : [base.register]
}
