/** A kernel without `bpf_loop` is this one, told not to know the call: what is loaded in its place is really verified. */
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { REGION_NAMES, regionBytes, type TableFacts } from '../balancer/layout.ts'
import { director } from '../balancer/program/director.ts'
import { PROGRAM_SLOTS, PROGRAMS_MAP } from '../balancer/program/dispatch.ts'
import { TC } from '../balancer/program/hook.ts'
import { sweeper } from '../balancer/program/sweep.ts'
import { EMPTY_SHAPE, type Shape } from '../balancer/shape.ts'
import { type CompiledProgram, compile, type ProgramSource } from '../bpf/compile.ts'
import { HELPER } from '../bpf/helper.ts'
import { CLASS, JMP } from '../bpf/instruction.ts'
import { Failure } from '../diagnostics/failure.ts'
import { NotDoneError } from '../model/virtual-service.ts'
import { createMap, loadSource, MAP_TYPE, VerifierError } from './bpf.ts'
import { KernelError } from './errors.ts'
import { type Load, loadDirector, loadLooping, loadPlain } from './load-looping.ts'
import { needsRoot } from './scratch-namespace.ts'

const FACTS: TableFacts = {
  capacity: { services: 64, destinations: 256, connections: 1024, processors: 2, rings: 64, localities: 64 },
  hashSeed: 0x0123_4567_89ab_cdefn,
  hertz: 250,
}
const SHAPE: Shape = {
  ...EMPTY_SHAPE,
  families: [4],
  protocols: ['tcp'],
  schedulers: ['wlc'],
  persistence: true,
  methods: ['route'],
  walkMax: 64,
}

/** A kernel that knows all but these calls. */
function kernelWithout(load: Load, ...unknown: readonly number[]): Load {
  return source => {
    const program = compile(source)
    const missing = unknown.find(id => calls(program, id))
    if (missing === undefined) return load(source)
    const refusal = new KernelError('load the program', 22, 'Invalid argument')
    throw new VerifierError(program, `0: (85) call unknown#${missing}\ninvalid func unknown#${missing}\n`, refusal)
  }
}

function calls(program: CompiledProgram, id: number): boolean {
  return program.lines.some(
    ({ instruction: { opcode, immediate, src } }) => opcode === (CLASS.JMP | JMP.call) && src === 0 && immediate === id,
  )
}

function directorOf(shape: Shape): (looping: 'helper' | 'unrolled') => ProgramSource {
  return looping => director(TC, FACTS, shape, looping)
}

test('without bpf_loop the verifier walks through the rounds', { skip: needsRoot }, t => {
  const old = kernelWithout(loader(t), HELPER.loop.id)
  for (const scheduler of ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'dh', 'sh', 'mh'] as const) {
    const shape: Shape = { ...SHAPE, schedulers: [scheduler], thresholds: true, hashPort: true, hashFallback: true }
    closeSync(loadDirector(old, shape, directorOf(shape)))
  }
  closeSync(loadLooping(old, looping => sweeper(FACTS, looping)))
})

test('without bpf_loop more than 64 servers are refused by name', () => {
  const shape = { ...SHAPE, walkMax: 128 }
  assert.throws(
    () => loadDirector(kernelWithout(never, HELPER.loop.id), shape, directorOf(shape)),
    (error: unknown) => {
      assert.ok(error instanceof NotDoneError)
      assert.match(
        error.message,
        /^sluice cannot do this yet: more than 64 servers in a service, on a kernel without bpf_loop \(Linux 5.17; this one is .*\)$/,
      )
      return true
    },
  )
})

test('without bpf_loop what is too much for the verifier is refused by name', () => {
  const shape: Shape = { ...SHAPE, schedulers: ['lblc', 'lblcr'] }
  const tooLarge: Load = source => {
    throw new VerifierError(
      compile(source),
      'BPF program is too large. Processed 1000001 insn\n',
      new KernelError('load', 7, ''),
    )
  }
  assert.throws(
    () => loadDirector(kernelWithout(tooLarge, HELPER.loop.id), shape, directorOf(shape)),
    /these schedulers together: lblc, lblcr, on a kernel without bpf_loop/,
  )
})

test('a kernel that lacks anything else is too old, and is told so in one sentence', () => {
  for (const [helper, name] of [
    [HELPER.jiffies, 'jiffies64'],
    [HELPER.redirectNeighbour, 'redirect_neigh'],
  ] as const)
    assert.throws(
      () => loadDirector(kernelWithout(never, helper.id), SHAPE, directorOf(SHAPE)),
      (error: unknown) => {
        assert.ok(error instanceof Failure)
        assert.match(
          error.message,
          new RegExp(`^this kernel \\(.*\\) has no bpf_${name}: sluice needs Linux 5.15 or a later one$`),
        )
        return true
      },
    )
})

test('what the verifier has against a program is not taken for an old kernel', () => {
  const refuse: Load = source => {
    throw new VerifierError(compile(source), 'R1 invalid mem access\n', new KernelError('load', 13, ''))
  }
  assert.throws(() => loadPlain(refuse, sweeper(FACTS, 'helper')), VerifierError)
  assert.throws(() => loadDirector(refuse, SHAPE, directorOf(SHAPE)), VerifierError)
})

const never: Load = source => assert.fail(`${source.name} was loaded`)

function loader(t: TestContext): Load {
  const bytes = regionBytes(FACTS.capacity)
  const map = (type: number, valueBytes: number, entries: number, mappable: boolean) => {
    const fd = createMap({ name: 'sluice_test', type, keyBytes: 4, valueBytes, entries, mappable })
    t.after(() => closeSync(fd))
    return fd
  }
  const regions = REGION_NAMES.map(name => [name, map(MAP_TYPE.ARRAY, bytes[name], 1, true)] as const)
  const programs = map(MAP_TYPE.PROG_ARRAY, 4, PROGRAM_SLOTS, false)
  return source => loadSource(source, { ...Object.fromEntries(regions), [PROGRAMS_MAP]: programs })
}
