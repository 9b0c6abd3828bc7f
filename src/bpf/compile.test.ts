import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile, link } from './compile.ts'
import { HELPER } from './helper.ts'
import { decodeProgram, INSTRUCTION_LENGTH, PSEUDO } from './instruction.ts'

const twoMaps = compile({
  name: 'maps',
  type: 'tc',
  main: code => {
    code.region({ map: 'counters', bytes: 64 }, 16, 8).increase([0, 'u64'], 1)
    code.call(HELPER.mapLookup, code.map('table'), code.frame(8).address())
    code.exit(0)
  },
})

test('compile() names the maps of a program, each once', () => assert.deepEqual(twoMaps.maps, ['counters', 'table']))

test('link() fills in the descriptors, and the place in a map of one value', () => {
  const wide = decodeProgram(link(twoMaps, { counters: 71, table: 72 }))
  const loads = wide.flatMap((first, i) => (first.opcode === 0x18 ? [[first, wide[i + 1]!] as const] : []))
  assert.deepEqual(
    loads.map(([first, second]) => [first.src, first.immediate, second.immediate]),
    [
      [PSEUDO.MAP_VALUE, 71, 16],
      [PSEUDO.MAP_FD, 72, 0],
    ],
  )
})

test('link() refuses a map that was not given', () => {
  assert.throws(() => link(twoMaps, { table: 72 }), { name: 'RangeError', message: /maps uses the map counters/ })
})

test('compile() puts callbacks behind the program and refers to them by distance', () => {
  const { lines, functions } = compile({
    name: 'calls',
    type: 'tc',
    main: code => code.exit(code.call(HELPER.loop, 3, code.callback('second'), code.frame(8).address(), 0)),
    callbacks: {
      first: { parameters: 2, body: code => code.exit(1) },
      second: { parameters: 2, body: code => code.exit(code.call(HELPER.loop, 1, code.callback('third'), 0, 0)) },
      third: { parameters: 2, body: code => code.exit(0) },
    },
  })
  assert.deepEqual(
    functions.map(({ name }) => name),
    ['calls', 'second', 'third'],
  )
  for (const [at, { callback, instruction }] of lines.entries()) {
    if (callback === undefined) continue
    assert.equal(instruction.src, PSEUDO.FUNCTION)
    assert.equal(at + 1 + instruction.immediate, functions.find(({ name }) => name === callback)?.start)
  }
})

test('compile() refuses a callback that there is not', () => {
  const main = (code: Parameters<Parameters<typeof compile>[0]['main']>[0]) => {
    code.call(HELPER.loop, 3, code.callback('missing'), 0, 0)
    code.exit(0)
  }
  assert.throws(() => compile({ name: 'calls', type: 'tc', main }), {
    name: 'RangeError',
    message: 'calls has no callback missing',
  })
})

test('compile() writes the same program each time', () => {
  const source = { name: 'same', type: 'xdp', main: (code: { exit(value: number): void }) => code.exit(2) } as const
  assert.deepEqual(compile(source), compile(source))
  assert.equal(link(compile(source), {}).length, 2 * INSTRUCTION_LENGTH)
})
