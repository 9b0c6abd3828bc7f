import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { readVerifierLog, refusalText } from './verifier-log.ts'

/** Logs as kernels wrote them. */
const UNBOUNDED = `0: R1=ctx() R10=fp0
; director.ts:8 @ director.ts:8
0: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
3: (18) r0 = 0xffffc900044aa000       ; R0=map_value(map=r,ks=4,vs=64)
5: (0f) r0 += r6                      ; R0=map_value(map=r,ks=4,vs=64,smin=0,smax=umax=0xffffffff) R6=scalar()
; director.ts:11 @ director.ts:11
6: (7a) *(u64 *)(r0 +0) = 1
R0 unbounded memory access, make sure to bounds check any such access
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
const OLD_PACKET = `0: R1=ctx(off=0,imm=0) R10=fp0
0: (61) r2 = *(u32 *)(r1 +76)         ; R1=ctx(off=0,imm=0) R2_w=pkt(off=0,r=0,imm=0)
1: (71) r0 = *(u8 *)(r2 +12)
invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0)
R2 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
const LOOP = `0: R1=ctx() R10=fp0
4: (05) goto pc-2

from 4 to 3: R0=0 R10=fp0
3: R0=0 R10=fp0
3: (bf) r1 = r0
infinite loop detected at insn 3
cur state: R0=0 R10=fp0
processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
`
const SUBPROGRAMS = `number of funcs in func_info doesn't match number of subprogs
processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

test('readVerifierLog() finds words, instruction and registers', () => {
  const { words, at, registers } = readVerifierLog(UNBOUNDED)
  assert.equal(words, 'R0 unbounded memory access, make sure to bounds check any such access')
  assert.equal(at, 6)
  assert.deepEqual(registers.get(0), { state: 'map_value(map=r,ks=4,vs=64,smin=0,smax=umax=0xffffffff)', since: 5 })
  assert.deepEqual(registers.get(10), { state: 'fp0', since: 0 })
})

test('readVerifierLog() reads an older kernel', () => {
  const { words, at, registers } = readVerifierLog(OLD_PACKET)
  assert.equal(
    words,
    'invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0); R2 offset is outside of the packet',
  )
  assert.equal(at, 1)
  assert.equal(registers.get(2)?.state, 'pkt(off=0,r=0,imm=0)')
})

test('readVerifierLog() is not led astray by other paths', () => {
  const { words, at } = readVerifierLog(LOOP)
  assert.match(words, /^infinite loop detected at insn 3/)
  assert.equal(at, 3)
})

test('readVerifierLog() has no instruction where the verifier did not get to any', () => {
  assert.deepEqual(readVerifierLog(SUBPROGRAMS), {
    words: "number of funcs in func_info doesn't match number of subprogs",
    at: undefined,
    registers: new Map(),
  })
})

const source = {
  name: 'test',
  type: 'tc',
  main: code => {
    const length = code.pointer(code.parameter(0), 192).get([0, 'u32'])
    const place = code.region({ map: 'r', bytes: 64 }, length, 8)
    place.set([0, 'u64'], 1)
    code.exit(0)
  },
} satisfies Parameters<typeof compile>[0]

/** The log for the program above: its store is instruction `at`, its addition the one before. */
function logFor(at: number): string {
  return UNBOUNDED.replaceAll('5: (0f)', `${at - 1}: (0f)`).replaceAll('6: (7a)', `${at}: (7a)`)
}

test('refusalText() points at the TypeScript', () => {
  const program = compile(source, { positions: true })
  const at = program.lines.findIndex(line => line.instruction.opcode === 0x7a)
  const { file, line, column } = program.lines[at]!.position!
  const text = refusalText(program, logFor(at), position =>
    position.line === line ? "    place.set([0, 'u64'], 1)" : undefined,
  )
  assert.equal(
    text,
    `R0 unbounded memory access, make sure to bounds check any such access

${file}:${line}:${column}
   |
${line} |     place.set([0, 'u64'], 1)
   |           ^ instruction ${at}: *(u64 *)(r${program.lines[at]!.instruction.dst} +0) = 1
   = r0 is map_value(map=r,ks=4,vs=64,smin=0,smax=umax=0xffffffff), from verifier-log.test.ts:${line - 1}
   = an offset into a region has to be masked or compared with a limit before it is used`.replaceAll(
      /^ {3}(?=[|=])/gm,
      ' '.repeat(String(line).length + 1),
    ),
  )
})

test('refusalText() does without the source, and without positions', () => {
  const program = compile(source)
  const at = program.lines.findIndex(line => line.instruction.opcode === 0x7a)
  const text = refusalText(program, logFor(at), () => undefined)
  assert.match(text, new RegExp(`^R0 unbounded memory access.*\\n {3}= instruction ${at}: `))
  assert.equal(
    refusalText(program, SUBPROGRAMS, () => undefined),
    readVerifierLog(SUBPROGRAMS).words,
  )
})
