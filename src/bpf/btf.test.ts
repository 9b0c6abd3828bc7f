import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOf } from '../bytes/view.ts'
import { Btf, LINE_RECORD_LENGTH, programTypes } from './btf.ts'
import { compile } from './compile.ts'
import { HELPER } from './helper.ts'

test('encode() lays out header, types and strings', () => {
  const btf = new Btf()
  const word = btf.integer('u64', 8)
  const timer = btf.struct('bpf_timer', 16, [{ name: 'opaque', type: btf.array(word, word, 2), offset: 0 }])
  assert.deepEqual([word, timer], [1, 3])
  const bytes = btf.encode()
  const view = viewOf(bytes)
  assert.equal(view.getUint16(0, true), 0xeb9f)
  const [typesLength, stringsAt, stringsLength] = [12, 16, 20].map(offset => view.getUint32(offset, true))
  assert.equal(typesLength, 12 + 4 + (12 + 12) + (12 + 12))
  assert.equal(stringsAt, typesLength)
  const strings = new TextDecoder().decode(bytes.subarray(24 + stringsAt!))
  assert.equal(strings.length, stringsLength)
  assert.deepEqual(strings.split('\0'), ['', 'u64', 'opaque', 'bpf_timer', ''])
})

test('string() gives one place to equal texts, also where letters take several bytes', () => {
  const btf = new Btf()
  const places = ['é', 'a', 'é', ''].map(text => btf.string(text))
  assert.deepEqual(places, [1, 4, 1, 0])
})

test('programTypes() has a line for the start of every function, though the compiler begins with moves', () => {
  const program = compile(
    {
      name: 'lines',
      type: 'tc',
      main: code => {
        code.call(HELPER.loop, 2, code.callback('round'), code.frame(8).address(), 0)
        code.exit(code.pointer(code.parameter(0), 192).get([8, 'u32']))
      },
      callbacks: {
        round: {
          parameters: 2,
          body: code => {
            code.call(HELPER.jiffies)
            code.exit(code.parameter(0).and(1))
          },
        },
      },
    },
    { positions: true },
  )
  assert.ok(program.functions.every(({ start }) => program.lines[start]?.position === undefined))
  const { lines, functions } = programTypes(program)
  assert.equal(functions.length, 2 * 8)
  const view = viewOf(lines)
  const offsets = Array.from({ length: lines.length / LINE_RECORD_LENGTH }, (_, i) =>
    view.getUint32(i * LINE_RECORD_LENGTH, true),
  )
  for (const { start } of program.functions) assert.ok(offsets.includes(start), `no line at ${start}`)
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  )
})

test('programTypes() has no lines without positions', () => {
  const program = compile({ name: 'bare', type: 'tc', main: code => code.exit(0) })
  assert.equal(programTypes(program).lines.length, 0)
})
