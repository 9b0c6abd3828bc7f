/**
 * The language, checked against itself and against the kernel: each random program is compiled the plain way (nothing
 * simplified, few registers, so that most values live in the frame) and the tight way, both are interpreted and both are
 * run by the kernel, on the same packets. Verdict, packet, regions and map must be the same.
 *
 * BPF_RUNS says how many programs (150), BPF_SEED the first one's seed (0).
 */
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { test } from 'node:test'
import type { Region } from '../../src/bpf/code.ts'
import { type CompiledProgram, compile, type ProgramSource } from '../../src/bpf/compile.ts'
import { interpret } from '../../src/bpf/interpreter.ts'
import { HashModel } from '../../src/bpf/interpreter-map.ts'
import { list } from '../../src/bpf/listing.ts'
import { toHex } from '../../src/bytes/hex.ts'
import {
  createMap,
  deleteElement,
  loadProgram,
  lookupElement,
  MAP_TYPE,
  type MapShape,
  mapMemory,
  testRun,
  VerifierError,
} from '../../src/kernel/bpf.ts'
import { Random } from './random.ts'
import { NARROW, randomPacket, randomProgram, statementsOf, TABLE, TABLE_KEYS, WIDE } from './random-program.ts'

const RUNS = Number(process.env.BPF_RUNS ?? 150)
const SEED = Number(process.env.BPF_SEED ?? 0)
const PACKETS = 3

/** What a run leaves behind, as text that a failing test can show. */
interface Trace {
  readonly verdict: number
  readonly packet: string
  readonly wide: string
  readonly narrow: string
  readonly table: readonly (string | undefined)[]
}

interface Start {
  readonly packet: Uint8Array
  readonly wide: Uint8Array
  readonly narrow: Uint8Array
}

const keys = Array.from({ length: TABLE_KEYS }, (_, key) => new Uint8Array(Uint32Array.of(key).buffer))

function interpreted(program: CompiledProgram, start: Start): Trace {
  const regions = { [WIDE.map]: start.wide.slice(), [NARROW.map]: start.narrow.slice() }
  const table = new HashModel(TABLE.entries, TABLE.keyBytes, TABLE.valueBytes)
  const { verdict, packet } = interpret(program, { packet: start.packet, regions, maps: { [TABLE.map]: table } })
  const left = keys.map(key => table.lookup(key)).map(value => value && toHex(value))
  return { verdict, packet: toHex(packet), wide: toHex(regions.wide!), narrow: toHex(regions.narrow!), table: left }
}

function shape({ map, bytes }: Region): MapShape {
  return { name: map, type: MAP_TYPE.ARRAY, keyBytes: 4, valueBytes: bytes, entries: 1, mappable: true }
}

/** The kernel's side: maps made once, programs loaded one after the other. */
class Kernel {
  private readonly wide = createMap(shape(WIDE))
  private readonly narrow = createMap(shape(NARROW))
  private readonly wideMemory = mapMemory(this.wide, WIDE.bytes)
  private readonly narrowMemory = mapMemory(this.narrow, NARROW.bytes)

  /** Undefined if the program's stack and its callback's are too large together. */
  run(program: CompiledProgram, starts: readonly Start[]): Trace[] | undefined {
    const table = createMap({ name: TABLE.map, type: MAP_TYPE.HASH, ...TABLE })
    const maps = { [WIDE.map]: this.wide, [NARROW.map]: this.narrow, [TABLE.map]: table }
    try {
      const fd = loadProgram(program, maps)
      try {
        return starts.map(start => this.runOn(fd, table, start))
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      if (error instanceof VerifierError && error.log.includes('combined stack size')) return undefined
      throw error
    } finally {
      closeSync(table)
    }
  }

  private runOn(fd: number, table: number, start: Start): Trace {
    const value = new Uint8Array(TABLE.valueBytes)
    for (const key of keys) deleteElement(table, key)
    this.wideMemory.bytes.set(start.wide)
    this.narrowMemory.bytes.set(start.narrow)
    const { verdict, packet } = testRun(fd, start.packet)
    return {
      verdict,
      packet: toHex(packet),
      wide: toHex(this.wideMemory.bytes),
      narrow: toHex(this.narrowMemory.bytes),
      table: keys.map(key => (lookupElement(table, key, value) ? toHex(value) : undefined)),
    }
  }

  close(): void {
    this.wideMemory.unmap()
    this.narrowMemory.unmap()
    closeSync(this.wide)
    closeSync(this.narrow)
  }
}

interface Trial {
  readonly tight: CompiledProgram
  /** Undefined where so many values do not fit the frame. */
  readonly plain: CompiledProgram | undefined
  readonly starts: readonly Start[]
}

const whole = new Map<number, Trial>()

/** The trial of a seed, made once for both tests. */
function wholeTrial(seed: number): Trial {
  const made = whole.get(seed) ?? trial(seed, statementsOf(seed))
  whole.set(seed, made)
  return made
}

/** The program compiled both ways, and packets and memory for it to start from. */
function trial(seed: number, statements: number): Trial {
  const random = new Random(seed ^ 0x5eed)
  const starts = Array.from({ length: PACKETS }, () => ({
    packet: randomPacket(random),
    wide: random.bytes(WIDE.bytes),
    narrow: random.bytes(NARROW.bytes),
  }))
  const source = randomProgram(seed, statements)
  return { tight: compile(source), plain: compilePlainly(source), starts }
}

function compilePlainly(source: ProgramSource): CompiledProgram | undefined {
  try {
    return compile(source, { simplify: false, machineRegisters: [0, 1, 2, 3, 4, 5] })
  } catch (error) {
    if (error instanceof RangeError && error.message.includes('bytes of stack')) return undefined
    throw error
  }
}

/** Checks every seed. The first that fails is cut down to its fewest statements, and shown with what was compiled. */
function forEachSeed(check: (trial: Trial) => void): void {
  const failure = (prepare: () => Trial): Error | undefined => {
    try {
      check(prepare())
      return undefined
    } catch (error) {
      return error as Error
    }
  }
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    if (failure(() => wholeTrial(seed)) === undefined) continue
    for (let statements = 0; ; statements++) {
      const error = failure(() => trial(seed, statements))
      if (error === undefined) continue
      const what = `seed ${seed}, ${statements} statements: ${error.message}`
      throw new Error(`${what}\n${list(compile(randomProgram(seed, statements), { positions: true }))}`, {
        cause: error,
      })
    }
  }
}

test(`${RUNS} random programs do the same plainly and tightly compiled`, () => {
  let both = 0
  forEachSeed(({ plain, tight, starts }) => {
    if (plain === undefined) return
    both++
    for (const start of starts) assert.deepEqual(interpreted(tight, start), interpreted(plain, start))
  })
  assert.ok(both > RUNS / 2, `only ${both} of them fit the frame both ways`)
})

const notRoot = process.getuid?.() === 0 ? false : 'not root: bpf(2) needs CAP_BPF and CAP_NET_ADMIN'

test(`${RUNS} random programs do the same interpreted and in the kernel`, { skip: notRoot }, () => {
  const kernel = new Kernel()
  let ran = 0
  try {
    forEachSeed(({ plain, tight, starts }) => {
      const expected = starts.map(start => interpreted(tight, start))
      for (const program of plain === undefined ? [tight] : [tight, plain]) {
        const outcome = kernel.run(program, starts)
        if (outcome === undefined) continue
        ran++
        assert.deepEqual(outcome, expected, program === tight ? 'tightly compiled' : 'plainly compiled')
      }
    })
  } finally {
    kernel.close()
  }
  assert.ok(ran > RUNS, `only ${ran} of the programs fit the kernel's stack`)
})
