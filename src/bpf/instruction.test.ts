import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import {
  ALU,
  CLASS,
  decodeProgram,
  encodeProgram,
  type Instruction,
  isWide,
  JMP,
  K,
  MODE,
  SIZE,
  X,
} from './instruction.ts'

/** The bytes as clang writes them for the same line of assembly. */
const rows: readonly (readonly [text: string, instruction: Instruction, bytes: string])[] = [
  ['r1 = r6', { opcode: CLASS.ALU64 | ALU.mov | X, dst: 1, src: 6, offset: 0, immediate: 0 }, 'bf61 0000 00000000'],
  ['r0 = -1', { opcode: CLASS.ALU64 | ALU.mov | K, dst: 0, src: 0, offset: 0, immediate: -1 }, 'b700 0000 ffffffff'],
  ['w2 += 7', { opcode: CLASS.ALU | ALU.add | K, dst: 2, src: 0, offset: 0, immediate: 7 }, '0402 0000 07000000'],
  [
    'r3 = *(u32 *)(r1 +76)',
    { opcode: CLASS.LDX | MODE.MEM | SIZE[4], dst: 3, src: 1, offset: 76, immediate: 0 },
    '6113 4c00 00000000',
  ],
  [
    '*(u64 *)(r10 -8) = r3',
    { opcode: CLASS.STX | MODE.MEM | SIZE[8], dst: 10, src: 3, offset: -8, immediate: 0 },
    '7b3a f8ff 00000000',
  ],
  [
    'if r3 > r2 goto +5',
    { opcode: CLASS.JMP | JMP.gt | X, dst: 3, src: 2, offset: 5, immediate: 0 },
    '2d23 0500 00000000',
  ],
  [
    'if w1 == 8 goto -2',
    { opcode: CLASS.JMP32 | JMP.eq | K, dst: 1, src: 0, offset: -2, immediate: 8 },
    '1601 feff 08000000',
  ],
  ['call 118', { opcode: CLASS.JMP | JMP.call, dst: 0, src: 0, offset: 0, immediate: 118 }, '8500 0000 76000000'],
  ['exit', { opcode: CLASS.JMP | JMP.exit, dst: 0, src: 0, offset: 0, immediate: 0 }, '9500 0000 00000000'],
]

for (const [text, instruction, bytes] of rows) {
  test(`encodeProgram() writes ${text}`, () => assert.deepEqual(encodeProgram([instruction]), hex(bytes)))
}

test('decodeProgram() gives back what encodeProgram() wrote', () => {
  const fields = {
    opcode: fc.integer({ min: 0, max: 255 }),
    dst: fc.integer({ min: 0, max: 15 }),
    src: fc.integer({ min: 0, max: 15 }),
    offset: fc.integer({ min: -32768, max: 32767 }),
    immediate: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  }
  const instruction = fc.record(fields, { noNullPrototype: true })
  fc.assert(
    fc.property(fc.array(instruction), program => assert.deepEqual(decodeProgram(encodeProgram(program)), program)),
  )
})

test('decodeProgram() refuses bytes that are no whole instructions', () => {
  assert.throws(() => decodeProgram(new Uint8Array(12)), { name: 'RangeError', message: /12 bytes/ })
})

test('isWide() is true for the first half of a 64-bit immediate only', () => {
  const wide = { dst: 1, src: 0, offset: 0, immediate: 1 }
  assert.equal(isWide({ ...wide, opcode: 0x18 }), true)
  assert.equal(isWide({ ...wide, opcode: 0 }), false)
})
