import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocate } from './allocate.ts'
import { Code } from './code.ts'
import { compile } from './compile.ts'
import { HELPER } from './helper.ts'
import { interpret } from './interpreter.ts'
import { defines, type FunctionBody, terminatorUses, uses } from './ir.ts'
import { liveAtEnd } from './liveness.ts'
import type { Value } from './value.ts'

function write(main: (code: Code) => void, parameters = 1): FunctionBody {
  const code = new Code({ name: 'test', parameters, positions: false })
  main(code)
  return code.finish()
}

/** The sum of many values that are all computed before the first is used. */
function crowd(values: number): (code: Code) => void {
  return code => {
    const context = code.pointer(code.parameter(0), 192)
    const mark = context.get([8, 'u32'])
    const crowded = Array.from({ length: values }, (_, i) => mark.mul(i + 1))
    let sum: Value = code.constant(0)
    for (const value of crowded) sum = sum.mul(3).add(value)
    code.exit(sum.low32())
  }
}

/** Fails if two registers that hold wanted values at the same time share a machine register, unless one copies the other. */
function checkDisjoint(body: FunctionBody, machine: ReadonlyMap<number, number>): void {
  const ends = liveAtEnd(body.blocks, body.registerCount)
  for (const block of body.blocks) {
    const live = new Set(ends.get(block))
    for (const register of terminatorUses(block.terminator!)) live.add(register)
    for (const step of block.steps.toReversed()) {
      const written = defines(step)
      if (written !== undefined) {
        const copied =
          step.kind === 'move' && step.width === 64 && 'register' in step.source ? step.source.register : -1
        live.forEach(other => {
          if (other !== written && other !== copied)
            assert.notEqual(machine.get(other), machine.get(written), `v${other} and v${written} share a register`)
        })
        live.delete(written)
      }
      for (const register of uses(step)) live.add(register)
    }
  }
}

test('allocate() gives different registers to what is wanted at the same time', () => {
  const { body, machine } = allocate(write(crowd(8)))
  checkDisjoint(body, machine)
  assert.equal(body.frameBytes, 0)
})

for (const registers of [undefined, [0, 1, 2, 3, 4, 5], [0, 1, 6]] as const) {
  test(`allocate() keeps in the frame what ${registers?.length ?? 10} registers cannot hold`, () => {
    const { body, machine } = allocate(write(crowd(40)), registers)
    checkDisjoint(body, machine)
    assert.ok(body.frameBytes > 8 * 25 && body.frameBytes <= 8 * 40, `${body.frameBytes} bytes`)
    for (const register of machine.values()) assert.ok(registers === undefined || registers.some(r => r === register))
  })
}

test('a crowd of values adds up the same with few registers as with many', () => {
  const source = { name: 'crowd', type: 'tc', main: crowd(40) } as const
  const machine = { packet: new Uint8Array(14), context: { mark: 12345 } }
  const [many, few] = [undefined, [0, 1, 6]].map(machineRegisters =>
    interpret(compile(source, machineRegisters === undefined ? {} : { machineRegisters }), machine),
  )
  assert.equal(many!.verdict, few!.verdict)
})

test('allocate() lets values that are never wanted together share a place in the frame', () => {
  const twice = (code: Code) => {
    const context = code.pointer(code.parameter(0), 192)
    for (const field of [8, 40] as const)
      code.when(context.get([field, 'u32']).ne(0), () => {
        const values = Array.from({ length: 20 }, (_, i) => context.get([field, 'u32']).mul(i + 3))
        code.exit(values.reduce((sum, value) => sum.xor(value)))
      })
    code.exit(0)
  }
  const once = allocate(write(crowd(20))).body.frameBytes
  assert.ok(allocate(write(twice)).body.frameBytes <= once + 8)
})

test('allocate() keeps what lives across a call in r6 to r9', () => {
  const { machine } = allocate(
    write(code => {
      const a = code.pointer(code.parameter(0), 192).get([8, 'u32'])
      code.call(HELPER.jiffies)
      code.exit(a)
    }),
  )
  assert.ok([...machine.values()].some(register => register >= 6))
})

test('allocate() refuses a frame of more than 512 bytes', () => {
  assert.throws(() => allocate(write(crowd(90))), { name: 'RangeError', message: /test needs \d+ bytes of stack/ })
})

test('compareExchange keeps its address and its new value out of r0', () => {
  const region = { map: 'r', bytes: 64 }
  const program = compile({
    name: 'swap',
    type: 'tc',
    main: code => {
      const place = code.region(region, 0, 64)
      const wanted = place.get([8, 'u64'])
      const next = place.get([16, 'u64'])
      const found = place.compareExchange([0, 'u64'], wanted, next)
      place.set([24, 'u64'], found.add(wanted).add(next))
      code.exit(found)
    },
  })
  const bytes = new Uint8Array(64)
  bytes.set([5], 0)
  bytes.set([5], 8)
  bytes.set([9], 16)
  assert.equal(interpret(program, { packet: new Uint8Array(14), regions: { r: bytes } }).verdict, 5)
  assert.deepEqual([bytes[0], bytes[24]], [9, 19])
})
