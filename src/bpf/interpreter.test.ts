import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { viewOf } from '../bytes/view.ts'
import type { Line } from './assemble.ts'
import type { Code } from './code.ts'
import { type CompiledProgram, compile, link, type ProgramSource } from './compile.ts'
import { HELPER } from './helper.ts'
import { CLASS, FRAME_POINTER, type Instruction, JMP, MODE, SIZE } from './instruction.ts'
import { Fault, interpret, interpretTimer } from './interpreter.ts'
import { contextBytes } from './interpreter-context.ts'
import type { Machine } from './interpreter-machine.ts'
import { ArrayModel, HashModel } from './interpreter-map.ts'
import { Timers } from './interpreter-timer.ts'
import type { Pointer } from './value.ts'

const PACKET = new Uint8Array(64).map((_, i) => i)
const CONTEXT_LENGTH = 192

function run(main: (code: Code) => void, machine: Partial<Machine> = {}, more: Partial<ProgramSource> = {}) {
  const program = compile({ name: 'test', type: 'tc', main, ...more }, { positions: true })
  return interpret(program, { packet: PACKET, ...machine })
}

/** A program of instructions as they are, right or wrong. */
function bare(...instructions: readonly Partial<Instruction>[]): CompiledProgram {
  const lines = instructions.map((part): Line => {
    const instruction = { opcode: 0, dst: 0, src: 0, offset: 0, immediate: 0, ...part }
    return { instruction, position: undefined, comment: undefined }
  })
  return {
    name: 'bare',
    type: 'tc',
    lines,
    functions: [{ name: 'bare', start: 0, parameters: 1 }],
    maps: [],
    tellings: [],
  }
}

/** A pointer over the first bytes of the packet, which must have them. */
function packetOf(code: Code, extent: number, unchecked = 0): Pointer {
  const context = code.pointer(code.parameter(0), CONTEXT_LENGTH)
  const data = context.get([76, 'u32'])
  code.guard(data.add(extent).le(context.get([80, 'u32'])), () => code.exit(0xbad))
  return code.pointer(data, extent + unchecked, true)
}

function fault(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
  return 'no fault'
}

const EXIT: Partial<Instruction> = { opcode: CLASS.JMP | JMP.exit }
const SET_R0: Partial<Instruction> = { opcode: CLASS.ALU64 | 0xb0 }

test('interpret() changes a copy of the packet and gives it back', () => {
  const { verdict, packet } = run(code => {
    const bytes = packetOf(code, 20)
    bytes.set([12, 'be16'], 0x86dd)
    code.exit(bytes.get([16, 'be32']))
  })
  assert.equal(verdict, 0x10111213)
  assert.deepEqual(packet.subarray(11, 15), Uint8Array.of(11, 0x86, 0xdd, 14))
  assert.equal(PACKET[12], 12)
})

test('interpret() gives the context as the kernel lays it out', () => {
  const context = { mark: 7, ifindex: 3, ingressIfindex: 4, protocol: 0x0800 }
  const outcome = run(
    code => {
      const fields = code.pointer(code.parameter(0), CONTEXT_LENGTH)
      fields.set([8, 'u32'], fields.get([8, 'u32']).add(1))
      const sum = fields
        .get([0, 'u32'])
        .mul(1000)
        .add(fields.get([40, 'u32']).mul(10))
        .add(fields.get([36, 'u32']))
      code.exit(sum.add(fields.get([16, 'u32']).mul(1 << 20)))
    },
    { context },
  )
  assert.equal(outcome.verdict, 64_034 + 8 * (1 << 20))
  assert.equal(viewOf(outcome.context).getUint32(8, true), 8)
  assert.throws(() => contextBytes('xdp', { mark: 1 }), /an xdp program has no mark/)
})

test('interpret() takes the protocol from the frame if it is not told', () => {
  const { verdict } = run(code => code.exit(code.pointer(code.parameter(0), CONTEXT_LENGTH).get([16, 'u32'])))
  assert.equal(verdict, 0x0d0c)
})

test('a Fault names instruction, listing and TypeScript line', () => {
  const message = fault(() => run(code => code.exit(packetOf(code, 20, 60).get([76, 'u32']))))
  assert.match(message, /^test, instruction \d+: r\d = \*\(u32 \*\)\(r\d \+76\): /)
  assert.match(message, /reads bytes 76 to 80 of the packet, which has 64 \(interpreter\.test\.ts:\d+\)$/)
})

for (const [name, message, program] of [
  ['an unset register', /r3 holds nothing/, bare({ ...SET_R0, opcode: CLASS.ALU64 | 0xb8, src: 3 }, EXIT)],
  ['no result', /r0 holds nothing/, bare(EXIT)],
  ['the end of the program', /is not in the program: runs off the end/, bare(SET_R0)],
  ['an endless loop', /has run 1000 instructions/, bare({ opcode: CLASS.JMP | JMP.always, offset: -1 })],
  ['the frame pointer', /writes the frame pointer/, bare({ ...SET_R0, dst: FRAME_POINTER }, EXIT)],
  ['an unknown instruction', /not an instruction/, bare(SET_R0, { opcode: 0xe7 }, EXIT)],
  [
    'a number for an address',
    /0x5 is not the address of anything/,
    bare({ ...SET_R0, immediate: 5 }, { opcode: CLASS.LDX | MODE.MEM | SIZE[1] }, EXIT),
  ],
  [
    'stack that was not written',
    /byte 504 of the stack, which nothing has written/,
    bare({ opcode: CLASS.LDX | MODE.MEM | SIZE[8], src: FRAME_POINTER, offset: -8 }, EXIT),
  ],
  [
    'stack above the frame',
    /bytes 512 to 513 of the stack/,
    bare({ opcode: CLASS.ST | MODE.MEM | SIZE[1], dst: FRAME_POINTER }, EXIT),
  ],
  [
    'unaligned stack',
    /touches 4 bytes of the stack at 506/,
    bare({ opcode: CLASS.ST | MODE.MEM | SIZE[4], dst: FRAME_POINTER, offset: -6 }, EXIT),
  ],
  [
    'the wrong part of the context',
    /byte 0 of the context is not for writing/,
    bare({ opcode: CLASS.ST | MODE.MEM | SIZE[4], dst: 1 }, EXIT),
  ],
  [
    'a register that a call has spent',
    /r1 holds nothing/,
    bare(
      { opcode: CLASS.JMP | JMP.call, immediate: HELPER.jiffies.id },
      { ...SET_R0, opcode: CLASS.ALU64 | 0xb8, src: 1 },
      EXIT,
    ),
  ],
  [
    'a helper that it does not have',
    /calls helper fibLookup, which is not built in/,
    bare({ opcode: CLASS.JMP | JMP.call, immediate: HELPER.fibLookup.id }, EXIT),
  ],
] as const) {
  test(`interpret() faults at ${name}`, () => {
    assert.match(
      fault(() => interpret(program, { packet: PACKET, instructionsMax: 1000 })),
      message,
    )
  })
}

test('interpret() faults at an atomic operation that is not aligned', () => {
  const unaligned = (code: Code) => {
    code.region({ map: 'r', bytes: 16 }, code.constant(4), 8).increase([0, 'u64'], 1)
    code.exit(0)
  }
  const message = fault(() => run(unaligned, { regions: { r: new Uint8Array(16) } }))
  assert.match(message, /an atomic operation on 8 bytes is not aligned to them/)
})

test('regions are read and written where they lie', () => {
  const region = new Uint8Array(32)
  region[8] = 41
  const { verdict } = run(
    code => {
      const counter = code.region({ map: 'counters', bytes: 32 }, 8, 8)
      code.exit(counter.fetchAdd([0, 'u64'], 1).add(counter.get([0, 'u64'])))
    },
    { regions: { counters: region } },
  )
  assert.equal(verdict, 83)
  assert.equal(region[8], 42)
})

for (const [name, type, map] of [
  ['array', 'u32', () => new ArrayModel(4, 8)],
  ['hash', 'u32', () => new HashModel(4, 4, 8)],
] as const) {
  test(`a program writes into the values of an ${name} map that it looks up`, () => {
    const model = map()
    model.update(Uint8Array.of(2, 0, 0, 0), new Uint8Array(8), 0)
    const { verdict } = run(
      code => {
        const key = code.frame(8)
        key.set([0, type], 2)
        const found = code.call(HELPER.mapLookup, code.map('m'), key.address())
        code.guard(found.ne(0), () => code.exit(1))
        code.pointer(found, 8).set([0, 'u64'], 77)
        key.set([0, type], 9)
        code.exit(code.call(HELPER.mapLookup, code.map('m'), key.address()))
      },
      { maps: { m: model } },
    )
    assert.equal(verdict, 0)
    assert.equal(model.lookup(Uint8Array.of(2, 0, 0, 0))?.[0], 77)
  })
}

test('a hash map says why it does not take a value', () => {
  const model = new HashModel(1, 4, 4)
  const key = Uint8Array.of(1, 2, 3, 4)
  assert.equal(model.update(key, key, 2), -constants.errno.ENOENT)
  assert.equal(model.update(key, key, 1), 0)
  assert.equal(model.update(key, key, 1), -constants.errno.EEXIST)
  assert.equal(model.update(Uint8Array.of(0, 0, 0, 0), key, 0), -constants.errno.E2BIG)
  assert.equal(model.delete(key), 0)
  assert.equal(model.delete(key), -constants.errno.ENOENT)
})

test('skb_pull_data shows more of the packet and voids the pointers into it', () => {
  const { verdict } = run(
    code => {
      const fields = code.pointer(code.parameter(0), CONTEXT_LENGTH)
      const before = fields.get([80, 'u32']).sub(fields.get([76, 'u32']))
      code.call(HELPER.pullData, code.parameter(0), 50)
      const after = fields.get([80, 'u32']).sub(fields.get([76, 'u32']))
      code.exit(before.mul(100).add(after))
    },
    { linearBytes: 20 },
  )
  assert.equal(verdict, 2050)
  const message = fault(() =>
    run(code => {
      const data = code.pointer(code.parameter(0), CONTEXT_LENGTH).get([76, 'u32'])
      code.call(HELPER.pullData, code.parameter(0), 50)
      code.exit(code.pointer(data, 4, true).get([0, 'u8']))
    }),
  )
  assert.match(message, /points into the packet, but skb_pull_data may have moved it/)
})

test('xdp_adjust_head takes bytes off the front and puts them there', () => {
  const adjusted = (by: number) =>
    run(code => code.exit(code.call(HELPER.adjustHead, code.parameter(0), by)), {}, { type: 'xdp' })
  assert.deepEqual(adjusted(4).packet, PACKET.subarray(4))
  assert.equal(adjusted(-20).packet.length, 84)
  const refused = adjusted(60)
  assert.equal(refused.verdict | 0, -constants.errno.EINVAL)
  assert.deepEqual(refused.packet, PACKET)
})

test('redirects are verdicts, and say where to', () => {
  const { verdict, redirect } = run(code => {
    const hop = code.frame(24)
    hop.set([0, 'u32'], 2)
    hop.set([4, 'be32'], 0x0a000001)
    code.exit(code.call(HELPER.redirectNeighbour, 5, hop.address(), 20, 0))
  })
  assert.equal(verdict, 7)
  assert.equal(redirect?.ifindex, 5)
  assert.deepEqual(redirect?.nextHop?.subarray(0, 8), Uint8Array.of(2, 0, 0, 0, 10, 0, 0, 1))
  assert.equal(run(code => code.exit(code.call(HELPER.redirect, 9, 0x10))).verdict, 2)
})

test('the caller stands in for a helper', () => {
  const { verdict } = run(
    code => {
      const route = code.frame(64)
      route.set([8, 'u32'], 30)
      code.call(HELPER.fibLookup, code.parameter(0), route.address(), 64, 0)
      code.exit(route.get([8, 'u32']))
    },
    {
      helpers: {
        fibLookup: ({ memory }, _context, route) => {
          viewOf(memory.bytes(route, 64, 'write')).setUint32(8, 12, true)
          return 0
        },
      },
    },
  )
  assert.equal(verdict, 12)
})

test('time, processor and random numbers are what the machine has', () => {
  const source = (code: Code) =>
    code.exit(
      code
        .call(HELPER.ktime)
        .add(code.call(HELPER.jiffies).mul(10))
        .add(code.call(HELPER.processorId).mul(100))
        .add(code.call(HELPER.random).mul(1000)),
    )
  assert.equal(run(source, { ktimeNs: 1n, jiffies: 2n, processor: 3, random: () => 4 }).verdict, 4321)
  assert.equal(run(source).verdict, run(source).verdict)
})

test('bpf_loop calls back with the round and the context until it is told to stop', () => {
  const { verdict } = run(
    code => {
      const sum = code.frame(8)
      const rounds = code.call(HELPER.loop, 10, code.callback('add'), sum.address(), 0)
      code.exit(sum.get([0, 'u64']).mul(100).add(rounds))
    },
    {},
    {
      callbacks: {
        add: {
          parameters: 2,
          body: code => {
            const sum = code.pointer(code.parameter(1), 8)
            sum.set([0, 'u64'], sum.get([0, 'u64']).add(code.parameter(0)))
            code.when(code.parameter(0).eq(4), () => code.exit(1))
            code.exit(0)
          },
        },
      },
    },
  )
  assert.equal(verdict, 10 * 100 + 5)
})

test('a tail call goes on in the other program, and falls through where there is none', () => {
  const other = compile({ name: 'other', type: 'tc', main: code => code.exit(packetOf(code, 4).get([3, 'u8'])) })
  const source = (index: number) => (code: Code) => {
    code.tailCall(code.parameter(0), 'programs', index)
    code.exit(99)
  }
  const maps = { programs: { programs: [other, undefined] } }
  assert.equal(run(source(0), { maps }).verdict, 3)
  assert.equal(run(source(1), { maps }).verdict, 99)
  assert.equal(run(source(7), { maps }).verdict, 99)
})

test('tail calls end after 33', () => {
  const programs: CompiledProgram[] = []
  const again = compile({
    name: 'again',
    type: 'tc',
    main: code => {
      const count = code.region({ map: 'count', bytes: 8 }, 0, 8)
      count.increase([0, 'u64'], 1)
      code.tailCall(code.parameter(0), 'programs', 0)
      code.exit(count.get([0, 'u64']))
    },
  })
  programs.push(again)
  const outcome = interpret(again, {
    packet: PACKET,
    maps: { programs: { programs } },
    regions: { count: new Uint8Array(8) },
  })
  assert.equal(outcome.verdict, 34)
})

test('timers go off when the caller lets time pass', () => {
  const value = new Uint8Array(24)
  const values = new ArrayModel(1, 24, value)
  const program = compile({
    name: 'clock',
    type: 'tc',
    main: code => {
      const found = code.call(HELPER.mapLookup, code.map('timers'), code.frame(8).address())
      code.guard(found.ne(0), () => code.exit(1))
      code.call(HELPER.timerInit, found, code.map('timers'), 1)
      code.call(HELPER.timerSetCallback, found, code.callback('tick'))
      code.exit(code.call(HELPER.timerStart, found, 100, 0))
    },
    callbacks: {
      tick: {
        parameters: 3,
        body: code => {
          const timer = code.parameter(2)
          code.pointer(timer, 24).increase([16, 'u64'], 1)
          code.call(HELPER.timerStart, timer, 50, 0)
          code.exit(0)
        },
      },
    },
  })
  const timers = new Timers()
  const machine = { maps: { timers: values }, timers }
  assert.equal(interpret(program, { ...machine, packet: PACKET, ktimeNs: 1000n }).verdict, 0)
  const ticks: number[] = []
  for (const nowNs of [1099n, 1100n, 1149n, 1150n]) {
    for (const timer of timers.due(nowNs)) interpretTimer(timer, { ...machine, ktimeNs: nowNs })
    ticks.push(value[16]!)
  }
  assert.deepEqual(ticks, [0, 1, 1, 2])
})

test('trace sees every instruction that runs', () => {
  const seen: number[] = []
  const outcome = run(code => code.exit(code.constant(1).add(1)), { trace: (_, at) => seen.push(at) })
  assert.deepEqual(seen, [0, 1, 2].slice(0, outcome.instructions))
  assert.equal(outcome.instructions, seen.length)
})

test('a program that is compiled to be traced tells what it does; another does the same in silence', () => {
  const main = (code: Code) => {
    const word = packetOf(code, 4).get([1, 'u8'])
    code.when(word.eq(1), () => code.tell('seen', () => ({ word, twice: word.add(word) })))
    code.when(word.eq(2), () => code.tell('other'))
    code.exit(word.add(6))
  }
  const told: unknown[] = []
  const listen = (event: string, values: object) => void told.push([event, values])
  const source: ProgramSource = { name: 'talk', type: 'tc', main }
  assert.equal(interpret(compile(source, { traced: true }), { packet: PACKET, listen }).verdict, 7)
  assert.deepEqual(told, [['seen', { word: 1n, twice: 2n }]])
  const silent = compile(source)
  assert.equal(interpret(silent, { packet: PACKET, listen }).verdict, 7)
  assert.equal(told.length, 1)
  assert.throws(() => link(compile(source, { traced: true }), {}), /compiled to be traced, not to be loaded/)
})
