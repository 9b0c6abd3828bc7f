/**
 * One eBPF instruction, as the kernel takes it (Documentation/bpf/standardization/instruction-set.rst).
 *
 *  0        8    12   16               32                              64
 *  +--------+----+----+----------------+-------------------------------+
 *  | opcode |dst |src |  offset (s16)  |        immediate (s32)        |
 *  +--------+----+----+----------------+-------------------------------+
 *
 * All fields are little endian here: sluice runs on little-endian machines. A 64-bit immediate takes two of these, the
 * second with opcode 0 and the upper half as its immediate.
 */

export interface Instruction {
  readonly opcode: number
  readonly dst: number
  readonly src: number
  readonly offset: number
  readonly immediate: number
}

export const INSTRUCTION_LENGTH = 8

/** Low three bits of the opcode. */
export const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const

/** Bit 3: the second operand is the immediate (K) or the source register (X). */
export const K = 0x00
export const X = 0x08

export const ALU = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  shl: 0x60,
  shr: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  sar: 0xc0,
  end: 0xd0,
} as const
export type AluOperation = Exclude<keyof typeof ALU, 'mov' | 'end' | 'neg'>

export const JMP = {
  always: 0x00,
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  call: 0x80,
  exit: 0x90,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
} as const
export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'sgt' | 'sge' | 'slt' | 'sle' | 'set'

/** Memory modes and sizes of the load and store classes. */
export const MODE = { IMM: 0x00, MEM: 0x60, ATOMIC: 0xc0 } as const
export const SIZE: Readonly<Record<1 | 2 | 4 | 8, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }
export type ByteSize = 1 | 2 | 4 | 8

/** Immediates of an atomic store: what is done, and whether the old value comes back. */
export const ATOMIC = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, exchange: 0xe1, compareExchange: 0xf1 } as const
export const ATOMIC_FETCH = 0x01

/** Source register of a 64-bit immediate load: what the immediate stands for. */
export const PSEUDO = { MAP_FD: 1, MAP_VALUE: 2, FUNCTION: 4 } as const
/** Source register of a call instruction: a function of this program instead of a helper. */
export const PSEUDO_CALL = 1

export const FRAME_POINTER = 10

/** Bytes of a program, eight an instruction. */
export function encodeProgram(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_LENGTH)
  const view = new DataView(bytes.buffer)
  for (const [i, instruction] of instructions.entries()) {
    const at = i * INSTRUCTION_LENGTH
    view.setUint8(at, instruction.opcode)
    view.setUint8(at + 1, (instruction.src << 4) | instruction.dst)
    view.setInt16(at + 2, instruction.offset, true)
    view.setInt32(at + 4, instruction.immediate, true)
  }
  return bytes
}

/** The instructions of a program's bytes; a length that is not a multiple of eight is a RangeError. */
export function decodeProgram(bytes: Uint8Array): Instruction[] {
  if (bytes.length % INSTRUCTION_LENGTH !== 0) throw new RangeError(`${bytes.length} bytes are no whole instructions`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / INSTRUCTION_LENGTH }, (_, i) => {
    const at = i * INSTRUCTION_LENGTH
    const registers = view.getUint8(at + 1)
    return {
      opcode: view.getUint8(at),
      dst: registers & 0xf,
      src: registers >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
    }
  })
}

/** True for the first half of a 64-bit immediate load. */
export function isWide(instruction: Instruction): boolean {
  return instruction.opcode === (CLASS.LD | MODE.IMM | SIZE[8])
}
