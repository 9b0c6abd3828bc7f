/** A function of a program while it is interpreted: its registers, its stack, and where it is. */
import type { CompiledProgram } from './compile.ts'
import { type ByteSize, FRAME_POINTER, isWide } from './instruction.ts'
import { Refusal } from './interpreter-memory.ts'

export interface Activation {
  program: CompiledProgram
  code: Decoded
  /** The next instruction. */
  at: number
  readonly registers: BigUint64Array
  /** A bit for each register that holds something. */
  ready: number
  /** Which bytes of the stack hold something. */
  readonly written: Uint8Array
}

/** A program's fields in arrays of their own; wide immediates are whole in their first half. */
export interface Decoded {
  readonly opcodes: Uint8Array
  readonly dsts: Uint8Array
  readonly srcs: Uint8Array
  readonly offsets: Int16Array
  readonly bigOffsets: readonly bigint[]
  /** Sign-extended to 64 bits. */
  readonly immediates: readonly bigint[]
}

const REGISTERS = 11
const SIZES: readonly ByteSize[] = [4, 2, 1, 8]

/** At `start`, with its parameters in r1 and up and nothing on its stack, which ends at `framePointer`. */
export function activation(
  program: CompiledProgram,
  start: number,
  framePointer: bigint,
  written: Uint8Array,
  parameters: readonly bigint[],
): Activation {
  const registers = new BigUint64Array(REGISTERS)
  registers[FRAME_POINTER] = framePointer
  for (const [i, value] of parameters.entries()) registers[i + 1] = value
  const ready = (1 << FRAME_POINTER) | (((1 << parameters.length) - 1) << 1)
  return { program, code: decoded(program), at: start, registers, ready, written }
}

export function read(here: Activation, register: number): bigint {
  if ((here.ready & (1 << register)) === 0) throw new Refusal(`r${register} holds nothing`)
  return here.registers[register]!
}

export function write(here: Activation, register: number, value: bigint): void {
  if (register === FRAME_POINTER) throw new Refusal('writes the frame pointer')
  here.registers[register] = value
  here.ready |= 1 << register
}

/** Bytes that a load or store touches. */
export function sizeOf(opcode: number): ByteSize {
  return SIZES[(opcode >> 3) & 3]!
}

const known: WeakMap<CompiledProgram, Decoded> = new WeakMap()

/** Made once for each program. */
export function decoded(program: CompiledProgram): Decoded {
  const found = known.get(program)
  if (found !== undefined) return found
  const instructions = program.lines.map(line => line.instruction)
  const code: Decoded = {
    opcodes: Uint8Array.from(instructions, ({ opcode }) => opcode),
    dsts: Uint8Array.from(instructions, ({ dst }) => dst),
    srcs: Uint8Array.from(instructions, ({ src }) => src),
    offsets: Int16Array.from(instructions, ({ offset }) => offset),
    bigOffsets: instructions.map(({ offset }) => BigInt(offset)),
    immediates: instructions.map((instruction, at) => {
      const low = BigInt.asUintN(64, BigInt(instruction.immediate))
      if (!isWide(instruction)) return low
      return BigInt.asUintN(32, low) | (BigInt.asUintN(32, BigInt(instructions[at + 1]!.immediate)) << 32n)
    }),
  }
  known.set(program, code)
  return code
}
