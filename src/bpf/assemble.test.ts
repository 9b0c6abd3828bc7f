import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from './assemble.ts'
import { Code } from './code.ts'
import { compile } from './compile.ts'
import { HELPER, type Helper } from './helper.ts'
import { CLASS, FRAME_POINTER, JMP } from './instruction.ts'
import { interpret } from './interpreter.ts'
import type { FunctionBody } from './ir.ts'
import { list } from './listing.ts'

const PACKET = new Uint8Array(14)

function listing(main: (code: Code) => void): string {
  return list(compile({ name: 'test', type: 'tc', main }))
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && line !== 'test:')
    .join('\n')
}

/** A call whose arguments are already in the registers of other arguments. */
function shuffle(order: readonly number[]): FunctionBody {
  const code = new Code({ name: 'shuffle', parameters: 5, positions: false })
  const echo: Helper = HELPER.random
  code.exit(code.call(echo, ...order.map(index => code.parameter(index))))
  return code.finish()
}

/** Where each argument comes from, by following the moves: index of the register it had on entry, less one. */
function origins(order: readonly number[]): (number | string)[] {
  const machine = new Map(Array.from({ length: 5 }, (_, i) => [i, i + 1] as const))
  const body = shuffle(order)
  const result = body.blocks[0]!.steps.find(step => step.kind === 'call')
  assert.ok(result?.kind === 'call' && result.result !== undefined)
  machine.set(result.result, 0)
  const held: (number | string)[] = ['r0', 0, 1, 2, 3, 4, 'r6', 'r7', 'r8', 'r9']
  for (const { instruction } of assemble({ body, machine })) {
    if (instruction.opcode === (CLASS.JMP | JMP.call)) return held.slice(1, 1 + order.length)
    held[instruction.dst] = held[instruction.src]!
  }
  throw new Error('there is no call')
}

for (const order of [
  [0, 1, 2, 3, 4],
  [1, 0],
  [1, 2, 0],
  [1, 0, 3, 2],
  [4, 3, 2, 1, 0],
  [1, 0, 3, 4, 2],
  [2, 2, 2, 1, 0],
  [1, 1, 0],
  [3, 0, 0, 0],
]) {
  test(`arguments that lie in each other's registers reach a call: ${order.join(' ')}`, () => {
    assert.deepEqual(origins(order), order)
  })
}

test('the likely side of a branch follows it, and what is rare comes last', () => {
  const text = listing(code => {
    const mark = code.pointer(code.parameter(0), 192).get([8, 'u32'])
    const sum = code.variable(mark)
    code.rarely(mark.eq(7), () => sum.set(1))
    code.guard(mark.ne(9), () => code.exit(99))
    code.exit(sum)
  })
  const lines = text.split('\n')
  const exits = lines.flatMap((line, at) => (line.endsWith(': exit') ? [at] : []))
  assert.ok(lines.some(line => /if r\d == 7 goto/.test(line)))
  assert.ok(exits[0]! < lines.findIndex(line => line.endsWith('= 0x63')), 'the hot path ends before the cold code')
  assert.ok(exits[0]! < lines.findIndex(line => /r\d = 1$/.test(line)))
})

for (const [mark, verdict] of [
  [1, 10],
  [2, 20],
  [3, 10],
] as const) {
  test(`a test for bits has no opposite, and goes the right way all the same: ${mark}`, () => {
    for (const turned of [false, true]) {
      const program = compile({
        name: 'bits',
        type: 'tc',
        main: code => {
          const odd = code.pointer(code.parameter(0), 192).get([8, 'u32']).has(1)
          const [yes, no] = turned ? [20, 10] : [10, 20]
          code.when(
            turned ? odd.not() : odd,
            () => code.exit(yes),
            () => code.exit(no),
          )
        },
      })
      assert.equal(interpret(program, { packet: PACKET, context: { mark } }).verdict, verdict)
    }
  })
}

test('a branch too far for 16 bits is refused', () => {
  const far = (code: Code) => {
    const region = code.region({ map: 'r', bytes: 8 }, 0, 8)
    const mark = code.pointer(code.parameter(0), 192).get([8, 'u32'])
    code.when(mark.eq(1), () => {
      for (let i = 0; i < 40_000; i++) region.set([0, 'u64'], i)
    })
    code.exit(0)
  }
  assert.throws(() => compile({ name: 'far', type: 'tc', main: far }), { name: 'RangeError', message: /is too far/ })
})

test('stores of constants take the immediate that has the same bytes', () => {
  const region = new Uint8Array(40)
  const program = compile({
    name: 'constants',
    type: 'tc',
    main: code => {
      const place = code.region({ map: 'r', bytes: 40 }, 0, 40)
      place.set([0, 'be16'], 0xfffe)
      place.set([2, 'u16'], 0x1234)
      place.set([4, 'be32'], 0x80000001)
      place.set([8, 'u32'], 0xffffffff)
      place.set([12, 'u8'], 0xff)
      place.set([16, 'u64'], 0xffffffff)
      place.set([24, 'u64'], -2)
      place.set([32, 'u64'], 1n << 63n)
      code.exit(0)
    },
  })
  interpret(program, { packet: PACKET, regions: { r: region } })
  const expected = 'fffe3412 80000001 ffffffff ff000000 ffffffff00000000 feffffffffffffff 0000000000000080'
  assert.equal(Buffer.from(region).toString('hex'), expected.replaceAll(' ', ''))
})

test('the frame is addressed from the frame pointer', () => {
  const program = compile({ name: 'frame', type: 'tc', main: code => code.exit(code.frame(8).get([0, 'u64'])) })
  const touching = program.lines
    .map(line => line.instruction)
    .filter(({ dst, src }) => dst === FRAME_POINTER || src === FRAME_POINTER)
  assert.deepEqual(
    touching.map(({ offset }) => offset),
    [-8, -8],
  )
})
