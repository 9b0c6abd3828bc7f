/**
 * What each operation of the language means, in BigInts written down here once more: programs of one operation are
 * interpreted on random operands, with both in registers and with a constant on the right.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { viewOf } from '../bytes/view.ts'
import type { Code } from './code.ts'
import { compile } from './compile.ts'
import { interpret } from './interpreter.ts'
import type { Condition, Field, Pointer, Scalar, Value } from './value.ts'

const RUNS = { numRuns: 60, seed: 1 }
const PACKET = new Uint8Array(14)
const REGION = { map: 'memory', bytes: 64 }
const ALL = 2n ** 64n - 1n

/** 64 bits, most often near a power of two. */
const word: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: ALL }),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: -2, max: 2 }))
    .map(([bit, near]) => BigInt.asUintN(64, 2n ** BigInt(bit) + BigInt(near))),
)

/** Runs a program over a region of 64 bytes that starts with the words; the region as it leaves it. */
function run(words: readonly bigint[], main: (code: Code, memory: Pointer) => void): DataView {
  const memory = new Uint8Array(REGION.bytes)
  for (const [i, value] of words.entries()) viewOf(memory).setBigUint64(8 * i, value, true)
  const program = compile({
    name: 'test',
    type: 'tc',
    main: code => {
      main(code, code.region(REGION, 0, REGION.bytes))
      code.exit(0)
    },
  })
  interpret(program, { packet: PACKET, regions: { memory } })
  return viewOf(memory)
}

const wrap = (value: bigint) => BigInt.asUintN(64, value)
const low = (value: bigint) => BigInt.asUintN(32, value)
const signed = (value: bigint) => BigInt.asIntN(64, value)

const operations: Readonly<
  Record<string, readonly [(a: Value, b: Scalar) => Value, (a: bigint, b: bigint) => bigint]>
> = {
  add: [(a, b) => a.add(b), (a, b) => wrap(a + b)],
  sub: [(a, b) => a.sub(b), (a, b) => wrap(a - b)],
  mul: [(a, b) => a.mul(b), (a, b) => wrap(a * b)],
  div: [(a, b) => a.div(b), (a, b) => (b === 0n ? 0n : a / b)],
  mod: [(a, b) => a.mod(b), (a, b) => (b === 0n ? a : a % b)],
  and: [(a, b) => a.and(b), (a, b) => a & b],
  or: [(a, b) => a.or(b), (a, b) => a | b],
  xor: [(a, b) => a.xor(b), (a, b) => a ^ b],
  add32: [(a, b) => a.add32(b), (a, b) => low(a + b)],
  sub32: [(a, b) => a.sub32(b), (a, b) => low(a - b)],
  mul32: [(a, b) => a.mul32(b), (a, b) => low(a * b)],
}

for (const [name, [written, meant]] of Object.entries(operations)) {
  test(`${name}() of two values, and of a value and a constant`, () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const constant = name.endsWith('32') ? low(b) : b
        const divides = (name === 'div' || name === 'mod') && constant === 0n
        const view = run([a, b], (_, memory) => {
          const left = memory.get([0, 'u64'])
          memory.set([16, 'u64'], written(left, memory.get([8, 'u64'])))
          if (!divides) memory.set([24, 'u64'], written(left, constant))
          if (!divides && constant <= 2n ** 53n) memory.set([32, 'u64'], written(left, Number(constant)))
        })
        assert.equal(view.getBigUint64(16, true), meant(a, b))
        if (!divides) assert.equal(view.getBigUint64(24, true), meant(a, constant))
        if (!divides && constant <= 2n ** 53n) assert.equal(view.getBigUint64(32, true), meant(a, constant))
      }),
      RUNS,
    )
  })
}

test('shifts take the count from a value or a constant', () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 63 }), (a, count) => {
      const view = run([a, BigInt(count)], (_, memory) => {
        const [left, right] = [memory.get([0, 'u64']), memory.get([8, 'u64'])]
        memory.set([16, 'u64'], left.shl(right))
        memory.set([24, 'u64'], left.shl(count))
        memory.set([32, 'u64'], left.shr(right))
        memory.set([40, 'u64'], left.shr(count))
      })
      const [up, down] = [wrap(a << BigInt(count)), a >> BigInt(count)]
      assert.deepEqual(
        [16, 24, 32, 40].map(at => view.getBigUint64(at, true)),
        [up, up, down, down],
      )
    }),
    RUNS,
  )
})

test('low32() and swap() take the low bits', () => {
  const view = run([0x1122_3344_5566_7788n], (_, memory) => {
    const value = memory.get([0, 'u64'])
    memory.set([8, 'u64'], value.low32())
    memory.set([16, 'u64'], value.swap(16))
    memory.set([24, 'u64'], value.swap(32))
    memory.set([32, 'u64'], value.swap(64))
  })
  assert.deepEqual(
    [8, 16, 24, 32].map(at => view.getBigUint64(at, true)),
    [0x5566_7788n, 0x8877n, 0x8877_6655n, 0x8877_6655_4433_2211n],
  )
})

const comparisons: Readonly<
  Record<string, readonly [(a: Value, b: Scalar) => Condition, (a: bigint, b: bigint) => boolean]>
> = {
  eq: [(a, b) => a.eq(b), (a, b) => a === b],
  ne: [(a, b) => a.ne(b), (a, b) => a !== b],
  gt: [(a, b) => a.gt(b), (a, b) => a > b],
  ge: [(a, b) => a.ge(b), (a, b) => a >= b],
  lt: [(a, b) => a.lt(b), (a, b) => a < b],
  le: [(a, b) => a.le(b), (a, b) => a <= b],
  sgt: [(a, b) => a.sgt(b), (a, b) => signed(a) > signed(b)],
  slt: [(a, b) => a.slt(b), (a, b) => signed(a) < signed(b)],
  has: [(a, b) => a.has(b), (a, b) => (a & b) !== 0n],
}

for (const [name, [written, meant]] of Object.entries(comparisons)) {
  test(`${name}() of two values, and of a value and a constant, asked either way`, () => {
    const close = fc.tuple(word, word, fc.boolean()).map(([a, b, same]) => [a, same ? a : b] as const)
    fc.assert(
      fc.property(close, fc.boolean(), ([a, b], narrow) => {
        const cut = narrow ? low : (value: bigint) => value
        const view = run([a, b], (code, memory) => {
          const [left, right] = narrow
            ? [memory.get([0, 'u32']), memory.get([8, 'u32'])]
            : [memory.get([0, 'u64']), memory.get([8, 'u64'])]
          const small = cut(b) <= 2n ** 53n ? Number(cut(b)) : cut(b)
          for (const [i, other] of [right, cut(b), small].entries()) {
            code.when(written(left, other), () => memory.set([16 + i, 'u8'], 1))
            code.when(
              written(left, other).not(),
              () => {},
              () => memory.set([24 + i, 'u8'], 1),
            )
          }
        })
        const expected = meant(cut(a), cut(b)) ? 1 : 0
        assert.deepEqual(
          [16, 17, 18, 24, 25, 26].map(at => view.getUint8(at)),
          new Array(6).fill(expected),
        )
      }),
      RUNS,
    )
  })
}

const fields: readonly (readonly [Field[1], bytes: number, big: boolean])[] = [
  ['u8', 1, false],
  ['u16', 2, false],
  ['u32', 4, false],
  ['u64', 8, false],
  ['be16', 2, true],
  ['be32', 4, true],
]

for (const [type, bytes, big] of fields) {
  test(`a field of type ${type} is ${bytes} bytes in ${big ? 'network' : 'the machine’s'} order`, () => {
    fc.assert(
      fc.property(word, value => {
        const constant = BigInt.asUintN(8 * bytes, value)
        const view = run([value, 0n, ALL], (_, memory) => {
          memory.set([8, type], memory.get([0, 'u64']))
          memory.set([16, type], constant)
          memory.set([24, 'u64'], memory.get([8, type]))
        })
        const numbers = [8, 16].map(at => {
          const lying = Array.from({ length: bytes }, (_, i) => BigInt(view.getUint8(at + i)))
          return (big ? lying : lying.reverse()).reduce((sum, byte) => (sum << 8n) | byte, 0n)
        })
        assert.deepEqual([...numbers, view.getBigUint64(24, true)], [constant, constant, constant])
        for (let at = bytes; at < 8; at++) assert.equal(view.getUint8(16 + at), 0xff, 'what lies behind is left alone')
      }),
      RUNS,
    )
  })
}

for (const [type, bits] of [
  ['u32', 32],
  ['u64', 64],
] as const) {
  test(`atomic operations on ${type} give what was there`, () => {
    fc.assert(
      fc.property(word, word, fc.boolean(), (start, by, same) => {
        const cut = (value: bigint) => BigInt.asUintN(bits, value)
        const expected = same ? cut(start) : cut(start + 1n)
        const view = run([start, start, start, start, by, expected], (_, memory) => {
          const value = memory.get([32, 'u64'])
          memory.increase([0, type], value)
          const olds = [
            memory.fetchAdd([8, type], value),
            memory.exchange([16, type], value),
            memory.compareExchange([24, type], memory.get([40, 'u64']), value),
          ]
          const equal = olds.map(old => old.xor(cut(start)))
          memory.set([48, 'u64'], equal[0]!.or(equal[1]!).or(equal[2]!))
        })
        const at = (offset: number) => cut(view.getBigUint64(offset, true))
        assert.deepEqual([0, 8, 16, 24].map(at), [
          cut(start + by),
          cut(start + by),
          cut(by),
          same ? cut(by) : cut(start),
        ])
        assert.equal(view.getBigUint64(48, true), 0n, 'each gave what was there')
        if (bits === 32) assert.equal(view.getUint32(4, true), Number(start >> 32n), 'what lies behind is left alone')
      }),
      RUNS,
    )
  })
}
