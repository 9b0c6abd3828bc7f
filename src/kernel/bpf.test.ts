import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../test/bpf/random.ts'
import { Btf } from '../bpf/btf.ts'
import type { Code } from '../bpf/code.ts'
import { compile, type ProgramSource } from '../bpf/compile.ts'
import { HELPER } from '../bpf/helper.ts'
import { interpret } from '../bpf/interpreter.ts'
import { contextBytes } from '../bpf/interpreter-context.ts'
import { viewOf } from '../bytes/view.ts'
import {
  createLink,
  createMap,
  deleteElement,
  loadBtf,
  loadProgram,
  loadSource,
  lookupElement,
  MAP_TYPE,
  mapMemory,
  openPinned,
  pin,
  testRun,
  updateElement,
  updateLink,
  VerifierError,
} from './bpf.ts'
import { call, connect, mount, send, socket, umount2 } from './libc.ts'
import { setLink } from './link.ts'
import { inNamespace } from './namespace.ts'
import { RouteSocket } from './route-socket.ts'
import { scratchNamespace } from './scratch-namespace.ts'

const skip = process.getuid?.() === 0 ? false : 'not root: bpf(2) needs CAP_BPF and CAP_NET_ADMIN'
const PACKET = new Uint8Array(64).map((_, i) => i)
const CONTEXT_LENGTH = 192
const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
const LOOPBACK = 1
const TC_ACT_SHOT = 2

const open: number[] = []
after(() => {
  for (const fd of open) closeSync(fd)
})

/** The descriptor, closed when the tests are over. */
function own(fd: number): number {
  open.push(fd)
  return fd
}

function region(name: string, bytes: number): number {
  return own(createMap({ name, type: MAP_TYPE.ARRAY, keyBytes: 4, valueBytes: bytes, entries: 1, mappable: true }))
}

function refusal(work: () => unknown): VerifierError {
  try {
    work()
  } catch (error) {
    if (error instanceof VerifierError) return error
    throw error
  }
  throw new Error('the verifier did not refuse it')
}

/** The number of the line that `text` is on in this file, by where it is called from. */
function lineOf(error: Error): number {
  const match = /bpf\.test\.ts:(\d+)/.exec(error.stack ?? '')
  return Number(match?.[1])
}

test('elements of a map are set, read and taken out', { skip }, () => {
  const fd = own(createMap({ name: 'table', type: MAP_TYPE.HASH, keyBytes: 4, valueBytes: 8, entries: 4 }))
  const key = Uint8Array.of(1, 2, 3, 4)
  const value = new Uint8Array(8)
  assert.equal(lookupElement(fd, key, value), false)
  updateElement(fd, key, Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1))
  assert.equal(lookupElement(fd, key, value), true)
  assert.deepEqual(value, Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1))
  assert.equal(deleteElement(fd, key), true)
  assert.equal(deleteElement(fd, key), false)
})

test('a map that cannot be made says why', { skip }, () => {
  const shape = { name: 'nothing', type: MAP_TYPE.HASH, keyBytes: 0, valueBytes: 8, entries: 4 }
  assert.throws(() => createMap(shape), {
    name: 'KernelError',
    message: /^cannot create the map nothing: .*\(EINVAL\)$/,
  })
})

test('a mapped region is the memory that programs write', { skip }, () => {
  const fd = region('counters', 4096)
  const memory = mapMemory(fd, 4096)
  const main = (code: Code) => {
    const counter = code.region({ map: 'counters', bytes: 4096 }, 8, 8)
    code.exit(counter.fetchAdd([0, 'u64'], 5))
  }
  const program = own(loadSource({ name: 'count', type: 'tc', main }, { counters: fd }))
  memory.bytes[8] = 37
  assert.equal(testRun(program, PACKET).verdict, 37)
  assert.equal(memory.bytes[8], 42)
  memory.unmap()
})

test('a test run gives verdict and packet, and takes a context', { skip }, () => {
  const main = (code: Code) => {
    const context = code.pointer(code.parameter(0), CONTEXT_LENGTH)
    const data = context.get([76, 'u32'])
    code.guard(data.add(20).le(context.get([80, 'u32'])), () => code.exit(0))
    code.pointer(data, 20, true).set([14, 'be32'], 0xdeadbeef)
    code.exit(context.get([8, 'u32']).add(context.get([0, 'u32'])))
  }
  const source: ProgramSource = { name: 'context', type: 'tc', main }
  const program = own(loadSource(source, {}))
  const run = testRun(program, PACKET, { context: contextBytes('tc', { mark: 1000 }) })
  const expected = interpret(compile(source), { packet: PACKET, context: { mark: 1000 } })
  assert.equal(run.verdict, 1064)
  assert.deepEqual([run.verdict, run.packet], [expected.verdict, expected.packet])
})

for (const by of [-8, 6, -216, -217, 60, 50]) {
  test(`xdp_adjust_head by ${by} does the same in the kernel and interpreted`, { skip }, () => {
    const main = (code: Code) => code.exit(code.call(HELPER.adjustHead, code.parameter(0), by))
    const source: ProgramSource = { name: 'adjust', type: 'xdp', main }
    const run = testRun(own(loadSource(source, {})), PACKET)
    const expected = interpret(compile(source), { packet: PACKET })
    assert.equal(run.verdict, expected.verdict)
    assert.equal(run.packet.length, expected.packet.length)
    // What comes in front is whatever the memory held.
    const kept = Math.min(PACKET.length, run.packet.length)
    assert.deepEqual(run.packet.subarray(-kept), expected.packet.subarray(-kept))
  })
}

test('a tail call goes to the program in the array', { skip }, () => {
  const array = own(createMap({ name: 'programs', type: MAP_TYPE.PROG_ARRAY, keyBytes: 4, valueBytes: 4, entries: 2 }))
  const other = own(loadSource({ name: 'other', type: 'tc', main: code => code.exit(5) }, {}))
  updateElement(array, Uint8Array.of(1, 0, 0, 0), new Uint8Array(Uint32Array.of(other).buffer))
  const caller = (index: number): number => {
    const main = (code: Code) => {
      code.tailCall(code.parameter(0), 'programs', index)
      code.exit(9)
    }
    return own(loadSource({ name: 'caller', type: 'tc', main }, { programs: array }))
  }
  assert.equal(testRun(caller(1), PACKET).verdict, 5)
  assert.equal(testRun(caller(0), PACKET).verdict, 9)
})

test('the kernel takes the types of a map with a timer, and the program that sets it', { skip }, () => {
  const btf = new Btf()
  const word = btf.integer('u64', 8)
  const index = btf.integer('u32', 4)
  const timer = btf.struct('bpf_timer', 16, [{ name: 'opaque', type: btf.array(word, index, 2), offset: 0 }])
  const value = btf.struct('value', 24, [
    { name: 'timer', type: timer, offset: 0 },
    { name: 'ticks', type: word, offset: 16 },
  ])
  const types = own(loadBtf(btf.encode()))
  const map = own(
    createMap({
      name: 'timers',
      type: MAP_TYPE.ARRAY,
      keyBytes: 4,
      valueBytes: 24,
      entries: 1,
      types: { btf: types, key: index, value },
    }),
  )
  const main = (code: Code) => {
    const found = code.call(HELPER.mapLookup, code.map('timers'), code.frame(8).address())
    code.guard(found.ne(0), () => code.exit(1))
    code.call(HELPER.timerInit, found, code.map('timers'), 1)
    code.call(HELPER.timerSetCallback, found, code.callback('tick'))
    code.exit(code.call(HELPER.timerStart, found, 3_600_000_000_000n, 0))
  }
  const tick = { parameters: 3, body: (code: Code) => code.exit(0) }
  const program = own(loadSource({ name: 'timer', type: 'tc', main, callbacks: { tick } }, { timers: map }))
  assert.equal(testRun(program, PACKET).verdict, 0)
})

test('types that the kernel does not take are a KernelError', { skip }, () => {
  assert.throws(() => loadBtf(new Uint8Array(24)), { name: 'KernelError', message: /^cannot load types: / })
})

test('a refused program points at the line of TypeScript that the verifier stopped at', { skip }, () => {
  let line = 0
  const main = (code: Code) => {
    const length = code.pointer(code.parameter(0), CONTEXT_LENGTH).get([0, 'u32'])
    const place = code.region({ map: 'small', bytes: 64 }, length, 8)
    line = lineOf(new Error()) + 1
    place.set([0, 'u64'], 1)
    code.exit(0)
  }
  const error = refusal(() => loadSource({ name: 'wild', type: 'tc', main }, { small: region('small', 64) }))
  assert.match(error.message, /^the kernel refused the program wild: R\d unbounded memory access/)
  assert.match(error.message, new RegExp(`/src/kernel/bpf\\.test\\.ts:${line}:\\d+\\n`))
  const [source, caret] = error.message.split('\n').filter(text => text.includes(' | '))
  assert.equal(source, `${line} |     place.set([0, 'u64'], 1)`)
  assert.match(caret!, /\| {11}\^ instruction \d+: \*\(u64 \*\)\(r\d \+0\) = 1$/)
  assert.match(error.message, new RegExp(`r\\d is map_value\\(.*, from bpf\\.test\\.ts:${line - 2}\\n`))
  assert.match(error.log, new RegExp(`; bpf\\.test\\.ts:${line}`))
  assert.equal(error.cause.code, 'EACCES')
})

test('signals do not keep a program from being loaded', { skip, timeout: 60_000 }, async t => {
  const program = compile({
    name: 'long',
    type: 'tc',
    main: code => {
      const sum = code.variable(0)
      code.repeat(20_000, round => sum.set(sum.add(round)))
      code.exit(sum.low32())
    },
  })
  let signals = 0
  const count = () => void signals++
  process.on('SIGUSR2', count)
  // Often enough to meet every load; more would fill the pipe through which node hears of its children, too.
  const nuisance = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do sleep 0.001; done`])
  t.after(() => {
    nuisance.kill('SIGKILL')
    process.off('SIGUSR2', count)
  })
  while (signals === 0) await sleep(1)
  for (let round = 0; round < 10; round++) own(loadProgram(program, {}))
})

test('a packet is not touched before its length was compared', { skip }, () => {
  const main = (code: Code) => {
    const data = code.pointer(code.parameter(0), CONTEXT_LENGTH).get([76, 'u32'])
    code.exit(code.pointer(data, 14, true).get([12, 'be16']))
  }
  const { message } = refusal(() => loadSource({ name: 'bold', type: 'tc', main }, {}))
  assert.match(message, /invalid access to packet/)
  assert.match(message, /= compare the end of what is touched with data_end first/)
})

test('a callback that returns what it may not is refused by name of its line', { skip }, () => {
  const main = (code: Code) => code.exit(code.call(HELPER.loop, 2, code.callback('round'), code.frame(8).address(), 0))
  const round = { parameters: 2, body: (code: Code) => code.exit(code.parameter(0)) }
  const { message } = refusal(() => loadSource({ name: 'odd', type: 'tc', main, callbacks: { round } }, {}))
  assert.match(message, /At callback return the register R0/)
  assert.match(message, /bpf\.test\.ts:\d+:\d+/)
})

test('a program without positions is refused with its listing', { skip }, () => {
  const main = (code: Code) => code.exit(code.pointer(code.constant(0), 8).get([0, 'u64']))
  const { message } = refusal(() => loadProgram(compile({ name: 'null', type: 'tc', main }), {}))
  assert.match(message, /\n {3}= instruction 1: r0 = \*\(u64 \*\)\(r\d \+0\)/)
})

test('a program sees the Ethernet type of the frame as its protocol', { skip }, () => {
  const main = (code: Code) => code.exit(code.pointer(code.parameter(0), CONTEXT_LENGTH).get([16, 'u32']))
  const program = own(loadSource({ name: 'type', type: 'tc', main }, {}))
  for (const etherType of [0x0800, 0x86dd, 0x88cc]) {
    const packet = PACKET.slice()
    viewOf(packet).setUint16(12, etherType)
    assert.equal(testRun(program, packet).verdict, ((etherType & 0xff) << 8) | (etherType >> 8))
  }
})

/** An IPv4 frame whose bytes all differ, so that one in the wrong place shows. */
const FRAME = PACKET.map((byte, i) => (i === 12 ? 0x08 : i === 13 ? 0x00 : i === 14 ? 0x45 : byte))

for (const [helper, ...values] of [
  ['adjustRoom', 20, 1, 2],
  ['adjustRoom', 20, 0, 0],
  ['adjustRoom', -10, 1, 0],
  ['adjustRoom', -10, 0, 0],
  ['adjustRoom', -30, 1, 0],
  ['adjustRoom', -31, 1, 0],
  ['adjustRoom', 5000, 1, 0],
  ['adjustRoom', 20, 2, 0],
  ['adjustRoom', 20, 1, 1 << 20],
  ['changeTail', 100, 0],
  ['changeTail', 30, 0],
  ['changeTail', 13, 0],
  ['changeTail', 60_000, 0],
  ['changeTail', 100, 1],
  ['pullData', 64],
  ['pullData', 65],
  ['l4ChecksumReplace', 24, 1, 2, 2],
  ['l4ChecksumReplace', 24, 0x12345678, 0xfedcba98, 4],
  ['l4ChecksumReplace', 24, 0xfedcba98, 0x12345678, 0x14],
  ['l4ChecksumReplace', 24, 0, 0xe6e7, 0x20],
  ['l4ChecksumReplace', 24, 0, 0x1234_5678, 0],
  ['l4ChecksumReplace', 24, 1, 12, 0],
  ['l4ChecksumReplace', 25, 0, 12, 0],
  ['l4ChecksumReplace', 24, 1, 12, 3],
  ['l4ChecksumReplace', 24, 1, 12, 0x102],
] as const) {
  test(`${helper}(${values.join(', ')}) does the same in the kernel and interpreted`, { skip }, () => {
    const main = (code: Code) => code.exit(code.call(HELPER[helper], code.parameter(0), ...values))
    const source: ProgramSource = { name: 'packet', type: 'tc', main }
    const run = testRun(own(loadSource(source, {})), FRAME)
    const expected = interpret(compile(source), { packet: FRAME })
    assert.deepEqual([run.verdict | 0, run.packet], [expected.verdict | 0, expected.packet])
  })
}

test('l4_csum_replace does the same to any checksum', { skip }, () => {
  const random = new Random(1)
  for (let i = 0; i < 100; i++) {
    const [from, to] = [random.constant(), random.constant()].map(value => Number(BigInt.asUintN(32, value)))
    const flags = random.pick([0x02, 0x04, 0x14, 0x24, 0x34, 0x64])
    const main = (code: Code) =>
      code.exit(code.call(HELPER.l4ChecksumReplace, code.parameter(0), 24, from!, to!, flags))
    const source: ProgramSource = { name: 'checksum', type: 'tc', main }
    const packet = FRAME.slice()
    viewOf(packet).setUint16(24, random.pick([0, 1, 0xffff, 0xfffe, random.word() & 0xffff]), true)
    const fd = loadSource(source, {})
    const run = testRun(fd, packet)
    closeSync(fd)
    const text = `${packet[24]} ${packet[25]}: ${from} to ${to}, flags ${flags}`
    assert.deepEqual(run.packet, interpret(compile(source), { packet }).packet, text)
  }
})

/** Sends a datagram from loopback to loopback; nobody has to listen. */
function sendDatagram(): void {
  const fd = call('open a socket', socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  try {
    const address = Uint8Array.of(AF_INET, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    call('connect', connect(fd, address, address.length))
    call('send', send(fd, Uint8Array.of(1), 1, 0))
  } finally {
    closeSync(fd)
  }
}

test('a link puts a program on an interface, and another in its place', { skip, timeout: 10_000 }, async t => {
  const namespace = scratchNamespace(t, 'bpf')
  using route = new RouteSocket(namespace)
  setLink(route, 'lo', { up: true })
  const fd = region('seen', 4096)
  const memory = mapMemory(fd, 4096)
  t.after(() => memory.unmap())
  const counting = (name: string, place: number) => {
    const main = (code: Code) => {
      code.region({ map: 'seen', bytes: 4096 }, 0, 64).increase([place, 'u64'], 1)
      code.exit(TC_ACT_SHOT)
    }
    return own(loadSource({ name, type: 'tc', main }, { seen: fd }))
  }
  const link = inNamespace(namespace, () => createLink(counting('first', 0), LOOPBACK, 'TCX_INGRESS'))
  t.after(() => closeSync(link))
  inNamespace(namespace, sendDatagram)
  while (memory.bytes[0] === 0) await sleep(1)
  updateLink(link, counting('second', 8))
  inNamespace(namespace, sendDatagram)
  while (memory.bytes[8] === 0) await sleep(1)
  assert.deepEqual([memory.bytes[0], memory.bytes[8]], [1, 1])
})

test('what is pinned is found by its path, and nothing else is', { skip }, t => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bpf-'))
  call('mount a bpf filesystem', mount('bpf', directory, 'bpf', 0, null))
  t.after(() => {
    call('unmount the bpf filesystem', umount2(directory, 0))
    rmdirSync(directory)
  })
  const path = join(directory, 'counters')
  assert.equal(openPinned(path), undefined)
  const fd = createMap({ name: 'counters', type: MAP_TYPE.HASH, keyBytes: 1, valueBytes: 1, entries: 1 })
  updateElement(fd, Uint8Array.of(1), Uint8Array.of(7))
  pin(fd, path)
  closeSync(fd)
  const again = own(openPinned(path)!)
  const value = new Uint8Array(1)
  assert.equal(lookupElement(again, Uint8Array.of(1), value), true)
  assert.deepEqual(value, Uint8Array.of(7))
  assert.throws(() => pin(again, path), { name: 'KernelError', code: 'EEXIST' })
})
