/**
 * Programs nobody would write: every statement of the language in any order, with more values alive than there are
 * registers, and still such that the verifier takes them. The same seed writes the same program, and with
 * fewer statements the beginning of it: a failing one is cut down that way.
 */
import type { Code, Region } from '../../src/bpf/code.ts'
import type { ProgramSource, ProgramType } from '../../src/bpf/compile.ts'
import { HELPER } from '../../src/bpf/helper.ts'
import type { Condition, Field, Pointer, Scalar, Value, Variable } from '../../src/bpf/value.ts'
import { Random } from './random.ts'

/** What the programs share with their surroundings. */
export const WIDE: Region = { map: 'wide', bytes: 1024 }
export const NARROW: Region = { map: 'narrow', bytes: 64 }
/** A hash map from 4 bytes, of which programs use numbers below `TABLE_KEYS`, to 16. */
export const TABLE = { map: 'table', keyBytes: 4, valueBytes: 16, entries: 6 } as const
export const TABLE_KEYS = 8

/** How many statements the program of a seed has, unless fewer are wanted of it. */
export function statementsOf(seed: number): number {
  return 4 + ((seed * 7) % 60)
}

export function randomProgram(seed: number, statements: number = statementsOf(seed)): ProgramSource {
  const type: ProgramType = seed % 4 === 3 ? 'xdp' : 'tc'
  return {
    name: `random${seed}`,
    type,
    main: code => new Author(code, new Random(seed), type).program(statements),
    callbacks: {
      // bpf_loop hands over the round and a pointer to 16 bytes of the caller's stack.
      round: {
        parameters: 2,
        body: code => {
          const author = new Author(code, new Random(seed + 0x10000), undefined)
          author.round(code.parameter(0), code.pointer(code.parameter(1), 16))
        },
      },
    },
  }
}

/** The random packets for a program: of lengths at which its bounds checks go either way. */
export function randomPacket(random: Random): Uint8Array {
  return random.bytes(random.pick([14, 20, 34, 54, 64, 100]))
}

const FIELDS: readonly Field[1][] = ['u8', 'u16', 'u32', 'u64', 'be16', 'be32']
const BYTES: Readonly<Record<Field[1], number>> = { u8: 1, u16: 2, u32: 4, u64: 8, be16: 2, be32: 4 }
const FRAME_BYTES_MAX = 64
const DEPTH_MAX = 3

interface Memory {
  readonly pointer: Pointer
  /** The stack takes only accesses that are aligned to their size. */
  readonly aligned: boolean
}

type Statement = (author: Author) => void

class Author {
  private readonly code: Code
  private readonly random: Random
  /** What kind of program; undefined in a callback, which has no packet. */
  private readonly type: ProgramType | undefined
  private readonly context: Value | undefined
  private values: Value[] = []
  private variables: Variable[] = []
  /** Memory that takes any access, and that atomic operations work on. */
  private memory: Memory[] = []
  private packets: Pointer[] = []
  private frameBytes = 0
  private depth = 0
  private inLoop = false
  /** How to leave the sections and loops that are being written, the innermost last. */
  private readonly leaves: (() => void)[] = []
  /** Counts what may have moved the packet. */
  private moves = 0

  constructor(code: Code, random: Random, type: ProgramType | undefined) {
    this.code = code
    this.random = random
    this.type = type
    this.context = type === undefined ? undefined : code.parameter(0)
  }

  program(statements: number): void {
    this.values.push(this.code.constant(this.random.constant()))
    this.variables.push(this.code.variable(this.random.constant()))
    this.memory.push({ pointer: this.code.region(NARROW, 0, NARROW.bytes), aligned: false })
    this.statements(statements)
    this.exit()
  }

  round(index: Value, given: Pointer): void {
    this.values.push(index)
    this.variables.push(this.code.variable(index))
    this.memory.push({ pointer: given, aligned: true }, { pointer: this.code.region(NARROW, 8, 32), aligned: false })
    this.statements(3)
    this.code.exit(this.anyResult())
  }

  private statements(count: number): void {
    for (let i = 0; i < count; i++) this.random.pick(STATEMENTS)(this)
  }

  /** The verdict depends on what is in sight: what was computed wrongly must show. */
  private exit(): void {
    let sum: Value = this.code.constant(0)
    for (const value of [...this.variables, ...this.values.slice(-12)]) sum = sum.mul(31).xor(value)
    this.code.exit(sum.xor(sum.shr(32)).low32())
  }

  /** A value in sight, or a constant made one. */
  value(): Value {
    const chosen = this.random.pick([...this.values, ...this.variables])
    return this.random.oneIn(8) ? this.code.constant(this.random.constant()) : chosen
  }

  scalar(): Scalar {
    return this.random.oneIn(3) ? this.constant() : this.value()
  }

  /** A constant as a program may write it: numbers where they are exact. */
  constant(): number | bigint {
    const value = this.random.constant()
    if (value <= Number.MAX_SAFE_INTEGER && this.random.oneIn(2)) return Number(value)
    return this.random.oneIn(3) ? BigInt.asIntN(64, value) : value
  }

  keep(value: Value | undefined): void {
    if (value !== undefined) this.values.push(value)
  }

  arithmetic(): Value {
    const left = this.value()
    const { random } = this
    switch (random.below(14)) {
      case 0:
        return left.add(this.scalar())
      case 1:
        return left.sub(this.scalar())
      case 2:
        return left.mul(this.scalar())
      case 3:
        return left.and(this.scalar())
      case 4:
        return left.or(this.scalar())
      case 5:
        return left.xor(this.scalar())
      case 6:
        return left.shl(random.oneIn(2) ? random.below(64) : this.value())
      case 7:
        return left.shr(random.oneIn(2) ? random.below(64) : this.value())
      case 8:
        return left.div(this.divisor())
      case 9:
        return left.mod(this.divisor())
      case 10:
        return left.swap(random.pick([16, 32, 64]))
      case 11:
        return left.low32()
      case 12:
        return left.add32(this.scalar32())
      default:
        return random.oneIn(2) ? left.sub32(this.scalar32()) : left.mul32(this.scalar32())
    }
  }

  condition(depth = 0): Condition {
    const left = this.value()
    const right = this.scalar()
    switch (this.random.below(depth > 2 ? 9 : 12)) {
      case 0:
        return left.eq(right)
      case 1:
        return left.ne(right)
      case 2:
        return left.gt(right)
      case 3:
        return left.ge(right)
      case 4:
        return left.lt(right)
      case 5:
        return left.le(right)
      case 6:
        return left.slt(right)
      case 7:
        return left.sgt(right)
      case 8:
        return left.has(right)
      case 9:
        return this.condition(depth + 1).and(this.condition(depth + 1))
      case 10:
        return this.condition(depth + 1).or(this.condition(depth + 1))
      default:
        return this.condition(depth + 1).not()
    }
  }

  newVariable(): void {
    const bits = this.random.pick([8, 16, 32, 64, 64, 64] as const)
    // Often a copy of another variable, which then changes.
    const start = this.random.oneIn(2) ? this.value() : this.random.pick(this.variables)
    this.variables.push(this.code.variable(bits === 64 ? start : start.and(2n ** BigInt(bits) - 1n), bits))
  }

  setVariable(): void {
    const variable = this.random.pick(this.variables)
    if (variable === undefined) return
    const value = this.scalar()
    const narrow = variable.bits === 64 ? value : this.value().and(2n ** BigInt(variable.bits) - 1n)
    variable.set(narrow)
  }

  load(): void {
    const memory = this.anyMemory()
    if (memory !== undefined) this.keep(memory.pointer.get(this.field(memory)))
  }

  store(): void {
    const memory = this.anyMemory()
    if (memory !== undefined) {
      const field = this.field(memory)
      const bits = 8 * BYTES[field[1]]
      const constant = BigInt.asUintN(bits, this.random.constant())
      memory.pointer.set(field, this.random.oneIn(3) ? constant : this.value())
    }
  }

  atomic(): Value | undefined {
    const memory = this.random.pick(this.memory)?.pointer
    if (memory === undefined) return undefined
    const type = this.random.pick(['u32', 'u64'] as const)
    const field: Field = [8 * this.random.below(Math.floor(memory.extent / 8)), type]
    switch (this.random.below(4)) {
      case 0:
        memory.increase(field, this.scalar())
        return undefined
      case 1:
        return memory.fetchAdd(field, this.scalar())
      case 2:
        return memory.exchange(field, this.scalar())
      default: {
        // What is there has to be met now and then.
        const expected = this.random.oneIn(2) ? memory.get(field) : this.scalar()
        return memory.compareExchange(field, expected, this.scalar())
      }
    }
  }

  region(): void {
    const extent = 32
    const place = this.random.oneIn(3) ? 8 * this.random.below(100) : this.value().and(0x1f8)
    this.memory.push({ pointer: this.code.region(WIDE, place, extent), aligned: false })
  }

  frame(): void {
    if (this.frameBytes >= FRAME_BYTES_MAX || this.inLoop) return
    const bytes = 8 * (1 + this.random.below(3))
    this.frameBytes += bytes
    this.memory.push({ pointer: this.code.frame(bytes), aligned: true })
  }

  /** Looks at the packet anew; from here on it is long enough, or the program has ended. */
  packet(): void {
    const { code, context, random } = this
    if (context === undefined) return
    const extent = random.pick([14, 20, 34, 40])
    const place = this.type === 'tc' ? { data: 76, end: 80 } : { data: 0, end: 4 }
    const fields = code.pointer(context, 200)
    const data = fields.get([place.data, 'u32'])
    const end = fields.get([place.end, 'u32'])
    const start = random.oneIn(3) ? data.add(this.value().and(0x1c)) : data
    code.guard(start.add(extent).le(end), () => code.exit(this.anyResult()))
    this.packets.push(code.pointer(start, extent, true))
  }

  move(): void {
    const { code, context, random } = this
    if (context === undefined || this.inLoop) return
    switch (random.below(this.type === 'tc' ? 2 : 1)) {
      case 0: {
        // Never to the front: what the kernel puts there is whatever the memory held.
        const [helper, amount] =
          this.type === 'tc' ? [HELPER.pullData, random.below(60)] : [HELPER.adjustHead, random.below(16)]
        this.keep(code.call(helper, context, amount))
        break
      }
      default: {
        const source = code.frame(8)
        source.set([0, 'u64'], this.scalar())
        this.frameBytes += 8
        this.keep(code.call(HELPER.storeBytes, context, random.below(60), source.address(), random.pick([1, 4, 8]), 0))
      }
    }
    this.packets = []
    this.moves++
  }

  checksum(): void {
    const bytes = this.code.frame(16)
    bytes.set([0, 'u64'], this.scalar())
    bytes.set([8, 'u64'], this.scalar())
    const [from, to] = this.random.pick([
      [8, 8],
      [8, 0],
      [0, 8],
      [4, 8],
    ] as const)
    const { checksumDifference } = HELPER
    const first = from === 0 ? 0 : bytes.address()
    const second = to === 0 ? 0 : bytes.at(8).address()
    this.keep(this.code.call(checksumDifference, first, from, second, to, this.scalar32()).and(0xffff))
  }

  table(): void {
    const { code, random } = this
    const key = code.frame(8)
    key.set([0, 'u32'], this.value().and(TABLE_KEYS - 1))
    switch (random.below(3)) {
      case 0: {
        const value = code.frame(TABLE.valueBytes)
        value.set([0, 'u64'], this.scalar())
        value.set([8, 'u64'], this.scalar())
        this.keep(code.call(HELPER.mapUpdate, code.map(TABLE.map), key.address(), value.address(), random.below(3)))
        return
      }
      case 1:
        this.keep(code.call(HELPER.mapDelete, code.map(TABLE.map), key.address()))
        return
      default: {
        const found = code.call(HELPER.mapLookup, code.map(TABLE.map), key.address())
        code.when(found.ne(0), () => {
          this.within(() => {
            this.memory.push({ pointer: code.pointer(found, TABLE.valueBytes), aligned: false })
            this.statements(2)
          })
        })
      }
    }
  }

  loop(): void {
    const { code, random } = this
    if (this.context === undefined || this.inLoop) return
    const given = code.frame(16)
    given.set([0, 'u64'], this.scalar())
    const rounds = random.below(4)
    this.keep(code.call(HELPER.loop, rounds, code.callback('round'), given.address(), 0))
    this.keep(given.get([8, 'u64']))
  }

  leave(): void {
    if (this.leaves.length === 0) return
    const leave = this.random.pick(this.leaves)
    this.code.when(this.condition(), () => {
      this.within(() => this.store())
      leave()
    })
  }

  branch(): void {
    if (this.depth >= DEPTH_MAX) return
    const { code, random } = this
    const body = () => this.within(() => this.statements(1 + random.below(4)))
    switch (random.below(6)) {
      case 0:
        code.when(this.condition(), body)
        break
      case 1:
        code.when(this.condition(), body, body)
        break
      case 2:
        code.rarely(this.condition(), body)
        break
      case 3:
        code.guard(this.condition().or(this.condition()), () => code.exit(this.anyResult()))
        break
      case 4:
        code.section(leave =>
          this.within(() => {
            this.leaves.push(leave)
            body()
            body()
            this.leaves.pop()
          }),
        )
        break
      default:
        this.repeat()
    }
  }

  private repeat(): void {
    const { code, random } = this
    const outer = this.inLoop
    if (outer && random.oneIn(2)) return
    this.inLoop = true
    code.repeat(1 + random.below(4), (round, leave) => {
      this.within(() => {
        this.values.push(round)
        this.leaves.push(leave)
        this.statements(1 + random.below(3))
        this.leaves.pop()
      })
    })
    this.inLoop = outer
  }

  /** Forgets afterwards what was made inside. */
  private within(body: () => void): void {
    const before = [this.values, this.variables, this.memory, this.packets] as const
    const moves = this.moves
    this.values = [...this.values]
    this.variables = [...this.variables]
    this.memory = [...this.memory]
    this.packets = [...this.packets]
    this.depth++
    body()
    this.depth--
    ;[this.values, this.variables, this.memory, this.packets] = before
    if (this.moves !== moves) this.packets = []
  }

  /** A callback of bpf_loop says 0 to go on and 1 to stop. */
  private anyResult(): Scalar {
    return this.type === undefined ? this.value().and(1) : this.scalar32()
  }

  private scalar32(): Scalar {
    return this.random.oneIn(2) ? this.random.word() : this.value().low32()
  }

  /** The verifier refuses a constant zero. */
  private divisor(): Scalar {
    const scalar = this.scalar()
    return scalar === 0 || scalar === 0n ? this.value() : scalar
  }

  private anyMemory(): Memory | undefined {
    const packets = this.packets.map(pointer => ({ pointer, aligned: false }))
    return this.random.pick([...this.memory, ...packets])
  }

  private field({ pointer, aligned }: Memory): Field {
    const type = this.random.pick(FIELDS)
    const offset = this.random.below(pointer.extent - BYTES[type] + 1)
    return [aligned ? offset - (offset % BYTES[type]) : offset, type]
  }
}

/** The likely ones several times. */
const STATEMENTS: readonly Statement[] = [
  ...new Array<Statement>(8).fill(author => author.keep(author.arithmetic())),
  ...new Array<Statement>(4).fill(author => author.load()),
  ...new Array<Statement>(4).fill(author => author.store()),
  ...new Array<Statement>(3).fill(author => author.branch()),
  ...new Array<Statement>(2).fill(author => author.keep(author.atomic())),
  ...new Array<Statement>(4).fill(author => author.setVariable()),
  ...new Array<Statement>(2).fill(author => author.leave()),
  ...new Array<Statement>(2).fill(author => author.newVariable()),
  author => author.region(),
  author => author.frame(),
  author => author.packet(),
  author => author.move(),
  author => author.checksum(),
  author => author.table(),
  author => author.loop(),
]
