/**
 * What a program computes with while it is being written: values in registers, conditions over them, pointers to memory
 * whose extent is known. JavaScript numbers beside them are constants of the program and are folded here.
 *
 * A value belongs to the place where it was made: using one outside the branch that computed it throws a StageError,
 * because no path is sure to have run that code. The kernel's verifier would say the same, later and less clearly.
 */
import type { AluOperation, ByteSize, Comparison } from './instruction.ts'
import type { Base, Operand, Operation, Register } from './ir.ts'

/** A mistake in a program's TypeScript: the message ends with the position of the call that made it. */
export class StageError extends Error {
  override readonly name: string = 'StageError'
}

/** A value of the program, or a constant. Constants are taken as unsigned 64-bit numbers. */
export type Scalar = Value | number | bigint

/** What values need of the code that is being written. */
export interface Emitter {
  emit(operation: Operation): void
  fresh(): Register
  /** Throws StageError unless code written now is reached only through `scope`. */
  checkScope(scope: number): void
  readonly scope: number
  /** Counts the calls that may have moved the packet; a packet pointer is good in its own epoch only. */
  readonly packetEpoch: number
  fail(message: string): never
}

export class Value {
  protected readonly code: Emitter
  protected readonly register: Register
  private readonly scope: number
  /** No bit above this one can be set: 8, 16, 32 or 64. */
  readonly bits: number

  constructor(code: Emitter, register: Register, bits: number) {
    this.code = code
    this.register = register
    this.scope = code.scope
    this.bits = bits
  }

  /** The register that holds the value, for code written here. */
  use(): Register {
    this.code.checkScope(this.scope)
    return this.register
  }

  add(other: Scalar): Value {
    return this.binary('add', other, 64, Math.min(64, Math.max(this.bits, widthOf(other)) + 1))
  }
  sub(other: Scalar): Value {
    return this.binary('sub', other, 64, 64)
  }
  mul(other: Scalar): Value {
    return this.binary('mul', other, 64, 64)
  }
  /** Unsigned; division by zero gives zero, as the machine has it. */
  div(other: Scalar): Value {
    return this.binary('div', other, 64, this.bits)
  }
  /** Unsigned remainder; by zero it is the value itself. */
  mod(other: Scalar): Value {
    return this.binary('mod', other, 64, this.bits)
  }
  and(other: Scalar): Value {
    return this.binary('and', other, 64, Math.min(this.bits, widthOf(other)))
  }
  or(other: Scalar): Value {
    return this.binary('or', other, 64, Math.max(this.bits, widthOf(other)))
  }
  xor(other: Scalar): Value {
    return this.binary('xor', other, 64, Math.max(this.bits, widthOf(other)))
  }
  shl(count: Scalar): Value {
    return this.binary('shl', count, 64, typeof count === 'number' ? Math.min(64, this.bits + count) : 64)
  }
  shr(count: Scalar): Value {
    return this.binary('shr', count, 64, typeof count === 'number' ? Math.max(0, this.bits - count) : this.bits)
  }
  /** Shifts right as a signed number: the sign stays. */
  sar(count: number): Value {
    return this.binary('sar', count, 64, 64)
  }
  /** The same on the low 32 bits, wrapping; the upper half of the result is zero. */
  add32(other: Scalar): Value {
    return this.binary('add', other, 32, 32)
  }
  sub32(other: Scalar): Value {
    return this.binary('sub', other, 32, 32)
  }
  mul32(other: Scalar): Value {
    return this.binary('mul', other, 32, 32)
  }
  /** The low 32 bits. */
  low32(): Value {
    if (this.bits <= 32) return this
    const target = this.code.fresh()
    this.code.emit({ kind: 'move', target, source: { register: this.use() }, width: 32 })
    return new Value(this.code, target, 32)
  }
  /** The low bits in the other byte order; what lies above them is cleared. */
  swap(bits: 16 | 32 | 64): Value {
    const target = this.copy()
    this.code.emit({ kind: 'swap', target, bits })
    return new Value(this.code, target, bits)
  }

  eq(other: Scalar): Condition {
    return this.compare('eq', other)
  }
  ne(other: Scalar): Condition {
    return this.compare('ne', other)
  }
  /** Unsigned, as all comparisons without an s. */
  gt(other: Scalar): Condition {
    return this.compare('gt', other)
  }
  ge(other: Scalar): Condition {
    return this.compare('ge', other)
  }
  lt(other: Scalar): Condition {
    return this.compare('lt', other)
  }
  le(other: Scalar): Condition {
    return this.compare('le', other)
  }
  /** Signed: the value as a 64-bit two's complement number. */
  slt(other: Scalar): Condition {
    return this.compare('slt', other)
  }
  sgt(other: Scalar): Condition {
    return this.compare('sgt', other)
  }
  /** True if any of the mask's bits is set. */
  has(mask: Scalar): Condition {
    return this.compare('set', mask)
  }

  private copy(): Register {
    const target = this.code.fresh()
    this.code.emit({ kind: 'move', target, source: { register: this.use() }, width: 64 })
    return target
  }

  private binary(operation: AluOperation, other: Scalar, width: 32 | 64, bits: number): Value {
    this.checkConstant(operation, other)
    const source = operandOf(this.code, other, width)
    const target = this.copy()
    this.code.emit({ kind: 'alu', operation, width, target, source })
    return new Value(this.code, target, bits)
  }

  /** What the verifier would refuse, whatever the other operand is. */
  private checkConstant(operation: AluOperation, other: Scalar): void {
    if (other instanceof Value) return
    if ((operation === 'div' || operation === 'mod') && BigInt(other) === 0n) this.code.fail('this divides by zero')
    if ((operation === 'shl' || operation === 'shr') && (other < 0 || other > 63))
      this.code.fail(`a value is shifted by ${other}; it has bits 0 to 63`)
  }

  private compare(comparison: Comparison, other: Scalar): Condition {
    // Two values of at most 32 bits compare alike in either width; a 32-bit immediate is sign-extended in the wide form only.
    const signed = comparison.startsWith('s') && comparison !== 'set'
    const narrow = !signed && this.bits <= 32 && typeof other === 'number' && other >= 2 ** 31 && other < 2 ** 32
    const width = narrow ? 32 : 64
    const right = operandOf(this.code, other, width)
    const tree = { kind: 'compare', comparison, width, left: this.use(), right } as const
    return new Condition(
      this.code,
      tree,
      [this, other].flatMap(side => (side instanceof Variable ? [side.mark()] : [])),
    )
  }
}

/** A value that may be given a new one; what it holds after a branch is whatever the path taken left in it. */
export class Variable extends Value {
  private sets = 0

  set(value: Scalar): void {
    const target = this.use()
    this.sets++
    const width = fits(value, this.bits)
    if (!width) this.code.fail(`a variable of ${this.bits} bits is given a value that may be wider`)
    assign(this.code, target, value)
  }

  /** What it holds now, in a register of its own: a value of 32 bits would otherwise be the variable itself. */
  override low32(): Value {
    const target = this.code.fresh()
    this.code.emit({ kind: 'move', target, source: { register: this.use() }, width: 32 })
    return new Value(this.code, target, Math.min(32, this.bits))
  }

  /** Tells later whether the variable was given a new value in the meantime. */
  mark(): Mark {
    const { sets } = this
    return () => this.sets !== sets
  }
}

/** True once the variable it belongs to has changed. */
type Mark = () => boolean

export type ConditionTree =
  | {
      readonly kind: 'compare'
      readonly comparison: Comparison
      readonly width: 32 | 64
      readonly left: Register
      readonly right: Operand
    }
  | { readonly kind: 'and' | 'or'; readonly left: ConditionTree; readonly right: ConditionTree }
  | { readonly kind: 'not'; readonly of: ConditionTree }
  | { readonly kind: 'constant'; readonly value: boolean }

/**
 * A question for `when` and its kin. The values in it are computed before it is asked, on both sides of an `and`; its
 * variables are looked at when it is asked, so they must not be given new values in between.
 */
export class Condition {
  private readonly code: Emitter
  private readonly scope: number
  private readonly condition: ConditionTree
  private readonly marks: readonly Mark[]

  constructor(code: Emitter, condition: ConditionTree, marks: readonly Mark[] = []) {
    this.code = code
    this.scope = code.scope
    this.condition = condition
    this.marks = marks
  }

  tree(): ConditionTree {
    this.code.checkScope(this.scope)
    if (this.marks.some(changed => changed()))
      this.code.fail('a variable in this condition was given a new value before the condition was asked')
    return this.condition
  }
  and(other: Condition): Condition {
    return this.join('and', other)
  }
  or(other: Condition): Condition {
    return this.join('or', other)
  }
  not(): Condition {
    return new Condition(this.code, { kind: 'not', of: this.tree() }, this.marks)
  }

  private join(kind: 'and' | 'or', other: Condition): Condition {
    const tree = { kind, left: this.tree(), right: other.tree() }
    return new Condition(this.code, tree, [...this.marks, ...other.marks])
  }
}

/**
 * A field of some structure: byte offset and type. `be16` and `be32` are in network order and read as host numbers;
 * `u16` and `u32` are taken as they lie, which is all that comparing, copying and adding up a checksum need.
 */
export type Field = readonly [offset: number, type: 'u8' | 'u16' | 'u32' | 'u64' | 'be16' | 'be32']

/** Memory from a known start, safe to touch over `extent` bytes. */
export class Pointer {
  private readonly code: Emitter
  private readonly base: Base
  private readonly scope: number
  private readonly start: number
  private readonly epoch: number | undefined
  private proven: number

  constructor(code: Emitter, base: Base, start: number, extent: number, inPacket: boolean) {
    this.code = code
    this.base = base
    this.scope = code.scope
    this.start = start
    this.proven = extent
    this.epoch = inPacket ? code.packetEpoch : undefined
  }

  /** Bytes that may be touched. */
  get extent(): number {
    return this.proven
  }
  /** For `Packet.require` alone: a bounds check has shown that more may be touched. */
  widen(extent: number): void {
    this.proven = Math.max(this.proven, extent)
  }

  /** The same memory from `bytes` further on. */
  at(bytes: number): Pointer {
    this.check(bytes, 0)
    const inPacket = this.epoch !== undefined
    return new Pointer(this.code, this.base, this.start + bytes, this.proven - bytes, inPacket)
  }

  get(field: Field): Value {
    const [offset, type] = field
    const size = SIZES[type]
    this.check(offset, size)
    const target = this.code.fresh()
    this.code.emit({ kind: 'load', target, base: this.base, offset: this.start + offset, size })
    const value = new Value(this.code, target, size * 8)
    return type === 'be16' ? value.swap(16) : type === 'be32' ? value.swap(32) : value
  }

  set(field: Field, value: Scalar): void {
    const [offset, type] = field
    const size = SIZES[type]
    this.check(offset, size)
    const source = this.stored(value, type, size)
    this.code.emit({ kind: 'store', base: this.base, offset: this.start + offset, size, source })
  }

  /** Adds atomically, without a look at what was there. The field is aligned to its size of 4 or 8 bytes. */
  increase(field: Field, by: Scalar): void {
    const { offset, size } = this.word(field)
    this.code.emit({
      kind: 'atomic',
      operation: 'add',
      base: this.base,
      offset,
      size,
      source: registerOf(this.code, by),
      old: undefined,
    })
  }

  /** Adds atomically and tells what was there before. */
  fetchAdd(field: Field, by: Scalar): Value {
    const { offset, size } = this.word(field)
    const old = this.code.fresh()
    this.code.emit({
      kind: 'atomic',
      operation: 'add',
      base: this.base,
      offset,
      size,
      source: registerOf(this.code, by),
      old,
    })
    return new Value(this.code, old, size * 8)
  }

  /** Puts `value` there and tells what was there before, in one step that every processor sees in this order. */
  exchange(field: Field, value: Scalar): Value {
    const { offset, size } = this.word(field)
    const old = this.code.fresh()
    this.code.emit({ kind: 'exchange', base: this.base, offset, size, source: registerOf(this.code, value), old })
    return new Value(this.code, old, size * 8)
  }

  /** Puts `value` there if `expected` is there, and tells what was there before. */
  compareExchange(field: Field, expected: Scalar, value: Scalar): Value {
    const { offset, size } = this.word(field)
    const old = this.code.fresh()
    const wanted = registerOf(this.code, expected)
    this.code.emit({
      kind: 'compareExchange',
      base: this.base,
      offset,
      size,
      expected: wanted,
      source: registerOf(this.code, value),
      old,
    })
    return new Value(this.code, old, size * 8)
  }

  /** The address itself, to hand to a helper. */
  address(): Value {
    this.check(0, 0)
    const target = this.code.fresh()
    if (this.base === 'frame') {
      this.code.emit({ kind: 'frame', target, offset: this.start })
    } else {
      this.code.emit({ kind: 'move', target, source: { register: this.base.register }, width: 64 })
      if (this.start !== 0)
        this.code.emit({ kind: 'alu', operation: 'add', width: 64, target, source: { immediate: this.start } })
    }
    return new Value(this.code, target, 64)
  }

  private stored(value: Scalar, type: Field[1], size: ByteSize): Operand {
    if (!(value instanceof Value)) {
      if (
        BigInt.asUintN(size * 8, BigInt(value)) !== BigInt(value) &&
        BigInt.asIntN(size * 8, BigInt(value)) !== BigInt(value)
      )
        this.code.fail(`${value} does not fit a field of ${size * 8} bits`)
      const swapped =
        type === 'be16' ? swapConstant(value, 2) : type === 'be32' ? swapConstant(value, 4) : BigInt(value)
      const signed = BigInt.asIntN(size * 8, swapped)
      if (signed >= -(2n ** 31n) && signed < 2n ** 31n) return { immediate: Number(signed) }
      return { register: registerOf(this.code, BigInt.asUintN(64, swapped)) }
    }
    if (type === 'be16') return { register: value.swap(16).use() }
    return { register: type === 'be32' ? value.swap(32).use() : value.use() }
  }

  private word(field: Field): { offset: number; size: 4 | 8 } {
    const size = SIZES[field[1]]
    if (size !== 4 && size !== 8) this.code.fail(`an atomic operation wants 4 or 8 bytes, not ${size}`)
    this.check(field[0], size)
    return { offset: this.start + field[0], size }
  }

  private check(offset: number, size: number): void {
    this.code.checkScope(this.scope)
    if (this.epoch !== undefined && this.epoch !== this.code.packetEpoch)
      this.code.fail('this pointer into the packet is from before a call that may have moved the packet')
    if (offset < 0 || offset + size > this.proven)
      this.code.fail(`bytes ${offset} to ${offset + size} lie outside the ${this.proven} that were checked`)
    if (this.base === 'frame' && size > 0 && (this.start + offset) % size !== 0)
      this.code.fail(`${size} bytes of the stack are touched at ${offset}, which is no multiple of ${size}`)
  }
}

const SIZES: Readonly<Record<Field[1], ByteSize>> = { u8: 1, u16: 2, u32: 4, u64: 8, be16: 2, be32: 4 }

/** The operand for an instruction: an immediate where one fits, else a register loaded with the constant. */
export function operandOf(code: Emitter, scalar: Scalar, width: 32 | 64 = 64): Operand {
  if (scalar instanceof Value) return { register: scalar.use() }
  const value = BigInt(scalar)
  if (value < -(2n ** 63n) || value >= 2n ** 64n) code.fail(`${scalar} does not fit 64 bits`)
  const signed = width === 32 ? BigInt.asIntN(32, value) : BigInt.asIntN(64, value)
  if (width === 32 && (value >= 2n ** 32n || value < -(2n ** 31n))) code.fail(`${scalar} does not fit 32 bits`)
  if (signed >= -(2n ** 31n) && signed < 2n ** 31n) return { immediate: Number(signed) }
  return { register: registerOf(code, value) }
}

/** A register that holds the value; a constant gets a fresh one. */
export function registerOf(code: Emitter, scalar: Scalar): Register {
  if (scalar instanceof Value) return scalar.use()
  const target = code.fresh()
  assign(code, target, scalar)
  return target
}

export function assign(code: Emitter, target: Register, value: Scalar): void {
  if (value instanceof Value) {
    code.emit({ kind: 'move', target, source: { register: value.use() }, width: 64 })
    return
  }
  const unsigned = BigInt.asUintN(64, BigInt(value))
  const signed = BigInt.asIntN(64, unsigned)
  if (signed >= -(2n ** 31n) && signed < 2n ** 31n)
    code.emit({ kind: 'move', target, source: { immediate: Number(signed) }, width: 64 })
  else if (unsigned < 2n ** 32n)
    code.emit({ kind: 'move', target, source: { immediate: Number(BigInt.asIntN(32, unsigned)) }, width: 32 })
  else code.emit({ kind: 'wide', target, value: unsigned })
}

function widthOf(scalar: Scalar): number {
  if (scalar instanceof Value) return scalar.bits
  return BigInt(scalar) < 0n ? 64 : BigInt(scalar).toString(2).length
}

function fits(value: Scalar, bits: number): boolean {
  return bits === 64 || widthOf(value) <= bits
}

function swapConstant(value: number | bigint, bytes: 2 | 4): bigint {
  let rest = BigInt(value)
  let swapped = 0n
  for (let i = 0; i < bytes; i++) {
    swapped = (swapped << 8n) | (rest & 0xffn)
    rest >>= 8n
  }
  return swapped
}
