/**
 * What the machine computes, on unsigned 64-bit BigInts (Documentation/bpf/standardization/instruction-set.rst).
 *
 * Results wrap. A 32-bit operation looks at the low halves and clears the upper half. Shift counts are taken modulo the
 * width. Dividing by zero gives zero, and the remainder by zero is the dividend: the machine has no traps.
 */
import { ALU, JMP } from './instruction.ts'

const WORD = 0xffff_ffffn

/** `left OPERATION right`; `operation` is the high half of an arithmetic opcode. Undefined for one that is none. */
export function arithmetic(operation: number, width: 32 | 64, left: bigint, right: bigint): bigint | undefined {
  return width === 64 ? arithmetic64(operation, left, right) : arithmetic32(operation, left & WORD, right & WORD)
}

function arithmetic64(operation: number, left: bigint, right: bigint): bigint | undefined {
  switch (operation) {
    case ALU.mov:
      return right
    case ALU.add:
      return BigInt.asUintN(64, left + right)
    case ALU.sub:
      return BigInt.asUintN(64, left - right)
    case ALU.mul:
      return BigInt.asUintN(64, left * right)
    case ALU.div:
      return right === 0n ? 0n : left / right
    case ALU.mod:
      return right === 0n ? left : left % right
    case ALU.and:
      return left & right
    case ALU.or:
      return left | right
    case ALU.xor:
      return left ^ right
    case ALU.shl:
      return BigInt.asUintN(64, left << (right & 63n))
    case ALU.shr:
      return left >> (right & 63n)
    case ALU.sar:
      return BigInt.asUintN(64, BigInt.asIntN(64, left) >> (right & 63n))
    case ALU.neg:
      return BigInt.asUintN(64, -left)
    default:
      return undefined
  }
}

function arithmetic32(operation: number, left: bigint, right: bigint): bigint | undefined {
  switch (operation) {
    case ALU.shl:
      return BigInt.asUintN(32, left << (right & 31n))
    case ALU.shr:
      return left >> (right & 31n)
    case ALU.sar:
      return BigInt.asUintN(32, BigInt.asIntN(32, left) >> (right & 31n))
    default: {
      const wide = arithmetic64(operation, left, right)
      return wide === undefined ? undefined : wide & WORD
    }
  }
}

/** Whether a branch is taken; `comparison` is the high half of a jump's opcode. Undefined for one that is none. */
export function holds(comparison: number, width: 32 | 64, left: bigint, right: bigint): boolean | undefined {
  const a = width === 64 ? left : left & WORD
  const b = width === 64 ? right : right & WORD
  switch (comparison) {
    case JMP.eq:
      return a === b
    case JMP.ne:
      return a !== b
    case JMP.gt:
      return a > b
    case JMP.ge:
      return a >= b
    case JMP.lt:
      return a < b
    case JMP.le:
      return a <= b
    case JMP.sgt:
      return BigInt.asIntN(width, a) > BigInt.asIntN(width, b)
    case JMP.sge:
      return BigInt.asIntN(width, a) >= BigInt.asIntN(width, b)
    case JMP.slt:
      return BigInt.asIntN(width, a) < BigInt.asIntN(width, b)
    case JMP.sle:
      return BigInt.asIntN(width, a) <= BigInt.asIntN(width, b)
    case JMP.set:
      return (a & b) !== 0n
    default:
      return undefined
  }
}

/** The low bits in the other byte order, or as they are; what lies above them is cleared. */
export function reorder(value: bigint, bits: number, swapped: boolean): bigint {
  const low = BigInt.asUintN(bits, value)
  if (!swapped) return low
  scratch.setBigUint64(0, low, true)
  return scratch.getBigUint64(0, false) >> BigInt(64 - bits)
}

const scratch = new DataView(new ArrayBuffer(8))
