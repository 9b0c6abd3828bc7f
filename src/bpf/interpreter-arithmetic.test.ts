import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALU, JMP } from './instruction.ts'
import { arithmetic, holds, reorder } from './interpreter-arithmetic.ts'

const ALL = 0xffff_ffff_ffff_ffffn

for (const [operation, width, left, right, result] of [
  ['add', 64, ALL, 1n, 0n],
  ['add', 32, 0x1_ffff_ffffn, 2n, 1n],
  ['sub', 64, 0n, 1n, ALL],
  ['sub', 32, 0n, 1n, 0xffff_ffffn],
  ['mul', 64, 1n << 63n, 3n, 1n << 63n],
  ['mul', 32, 0x1_0001_0000n, 0x1_0001n, 0x1_0000n],
  ['div', 64, ALL, 2n, 0x7fff_ffff_ffff_ffffn],
  ['div', 64, 7n, 0n, 0n],
  ['div', 32, 7n, 1n << 32n, 0n],
  ['mod', 64, 7n, 0n, 7n],
  ['mod', 32, 0x1_0000_0007n, 1n << 32n, 7n],
  ['mod', 64, ALL, 10n, 5n],
  ['shl', 64, 1n, 63n, 1n << 63n],
  ['shl', 64, 1n, 64n, 1n],
  ['shl', 32, 1n, 33n, 2n],
  ['shr', 64, ALL, 65n, ALL >> 1n],
  ['shr', 32, ALL, 4n, 0xfff_ffffn],
  ['sar', 64, 1n << 63n, 63n, ALL],
  ['sar', 32, 0x8000_0000n, 31n, 0xffff_ffffn],
  ['neg', 64, 1n, 0n, ALL],
  ['neg', 32, 1n, 0n, 0xffff_ffffn],
  ['mov', 32, 0n, ALL, 0xffff_ffffn],
  ['xor', 32, ALL, 1n, 0xffff_fffen],
] as const) {
  test(`arithmetic() of ${width} bits: 0x${left.toString(16)} ${operation} 0x${right.toString(16)}`, () => {
    assert.equal(arithmetic(ALU[operation], width, left, right), result)
  })
}

test('arithmetic() does not know an operation that is none', () =>
  assert.equal(arithmetic(0xe0, 64, 1n, 1n), undefined))

for (const [comparison, width, left, right, result] of [
  ['gt', 64, ALL, 1n, true],
  ['sgt', 64, ALL, 1n, false],
  ['slt', 64, ALL, 1n, true],
  ['slt', 32, 0x7fff_ffffn, 0x8000_0000n, false],
  ['sge', 32, 0x1_8000_0000n, 0n, false],
  ['sle', 32, 0xffff_ffffn, ALL, true],
  ['eq', 32, 0x1_0000_0001n, 1n, true],
  ['eq', 64, 0x1_0000_0001n, 1n, false],
  ['set', 64, 6n, 9n, false],
  ['set', 64, 6n, 2n, true],
  ['set', 32, 1n << 32n, 1n << 32n, false],
] as const) {
  test(`holds() of ${width} bits: 0x${left.toString(16)} ${comparison} 0x${right.toString(16)} is ${result}`, () => {
    assert.equal(holds(JMP[comparison], width, left, right), result)
  })
}

test('holds() says one thing of a comparison and the other of its opposite', () => {
  const word = fc.bigInt({ min: 0n, max: ALL })
  const pairs = [
    ['eq', 'ne'],
    ['gt', 'le'],
    ['ge', 'lt'],
    ['sgt', 'sle'],
    ['sge', 'slt'],
  ] as const
  fc.assert(
    fc.property(word, word, fc.constantFrom(32, 64), fc.constantFrom(...pairs), (a, b, width, [one, other]) => {
      assert.notEqual(holds(JMP[one], width, a, b), holds(JMP[other], width, a, b))
    }),
  )
})

test('reorder() swaps the low bytes and clears the rest', () => {
  assert.equal(reorder(0x1122_3344_5566_7788n, 16, true), 0x8877n)
  assert.equal(reorder(0x1122_3344_5566_7788n, 32, true), 0x8877_6655n)
  assert.equal(reorder(0x1122_3344_5566_7788n, 64, true), 0x8877_6655_4433_2211n)
  assert.equal(reorder(0x1122_3344_5566_7788n, 16, false), 0x7788n)
})
