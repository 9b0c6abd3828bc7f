/**
 * Runs compiled programs on plain Node, instruction by instruction, as the kernel does; and refuses what the kernel's
 * verifier would have refused, when it happens: a Fault says which instruction, and which line of TypeScript wrote it.
 *
 *     const { verdict, packet } = interpret(program, { packet, regions: { connections } })
 *
 * Registers are BigInts, which are the machine's 64-bit words without further thought; a program of 200 instructions
 * takes some twenty microseconds.
 */
import type { CompiledProgram } from './compile.ts'
import { HELPER, TELL } from './helper.ts'
import {
  ALU,
  ATOMIC,
  ATOMIC_FETCH,
  type ByteSize,
  CLASS,
  FRAME_POINTER,
  isWide,
  JMP,
  MODE,
  PSEUDO,
  PSEUDO_CALL,
  X,
} from './instruction.ts'
import { type Activation, activation, decoded, read, sizeOf, write } from './interpreter-activation.ts'
import { arithmetic, holds, reorder } from './interpreter-arithmetic.ts'
import { Context } from './interpreter-context.ts'
import { helperFunction } from './interpreter-helper.ts'
import type { Caller, Machine, Redirect } from './interpreter-machine.ts'
import { ArrayModel, type MapModel, type ProgramArray } from './interpreter-map.ts'
import { Memory, Refusal } from './interpreter-memory.ts'
import { PacketBuffer } from './interpreter-packet.ts'
import type { Timer } from './interpreter-timer.ts'
import { lineText } from './listing.ts'
import { positionText } from './position.ts'

export interface Outcome {
  /** What the program returned, as an unsigned 32-bit number. */
  readonly verdict: number
  readonly packet: Uint8Array
  /** The context as the program leaves it, laid out as in the kernel. */
  readonly context: Uint8Array
  readonly redirect: Redirect | undefined
  /** How many instructions ran. */
  readonly instructions: number
}

/** The program did what the kernel would not have let it do. */
export class Fault extends Error {
  override readonly name: string = 'Fault'
  readonly program: CompiledProgram
  /** The place of the instruction among the program's lines. */
  readonly at: number

  constructor(program: CompiledProgram, at: number, words: string) {
    const line = program.lines[at]
    const position = line?.position === undefined ? '' : ` (${positionText(line.position)})`
    const text = line === undefined ? 'is not in the program' : lineText(program, at)
    super(`${program.name}, instruction ${at}: ${text}: ${words}${position}`)
    this.program = program
    this.at = at
  }
}

/** Runs the program on one packet. Throws Fault. */
export function interpret(program: CompiledProgram, machine: Machine): Outcome {
  return new Run(program.type, machine).main(program)
}

/** Calls back the program that set the timer. There is no packet: the machine's is not looked at. Throws Fault. */
export function interpretTimer(timer: Timer, machine: Omit<Machine, 'packet'>): void {
  const { callback } = timer
  if (callback === undefined) throw new RangeError(`the timer in ${timer.map} has no callback`)
  new Run(callback.program.type, { ...machine, packet: new Uint8Array() }).goOff(timer, callback)
}

const INSTRUCTIONS_MAX = 1_000_000
const STACK_BYTES = 512
const CALLER_SAVED = 6
const TAIL_CALLS_MAX = 33
const CALL_DEPTH_MAX = 8
/** Addresses of functions: beyond those of memory, and good for nothing but a call. */
const FUNCTIONS = 1n << 60n
/** Addresses of maps, which are not their values'. */
const MAPS = 1n << 61n

class Run implements Caller {
  readonly type: CompiledProgram['type']
  readonly machine: Machine
  readonly memory: Memory = new Memory()
  readonly packet: PacketBuffer
  private readonly context: Context
  private readonly contextAddress: bigint
  private readonly names: string[] = []
  private readonly models = new Map<string, MapModel>()
  private readonly functions: { program: CompiledProgram; start: number }[] = []
  private readonly instructionsMax: number
  private target: Redirect | undefined
  private instructions = 0
  private tailCalls = 0
  private depth = 0
  private seed = 0x2545f491

  constructor(type: CompiledProgram['type'], machine: Machine) {
    this.type = type
    this.machine = machine
    this.instructionsMax = machine.instructionsMax ?? INSTRUCTIONS_MAX
    const { packet, linearBytes } = machine
    this.packet = new PacketBuffer(this.memory, packet, type === 'xdp' ? packet.length : (linearBytes ?? packet.length))
    this.context = new Context(type, machine.context ?? {}, () => this.packet)
    this.contextAddress = this.memory.place({
      name: 'the context',
      bytes: this.context.bytes,
      fields: this.context,
    })
  }

  main(program: CompiledProgram): Outcome {
    const result = this.execute(program, 0, [this.contextAddress])
    return {
      verdict: Number(BigInt.asUintN(32, result)),
      packet: this.packet.bytes.slice(),
      context: this.context.bytes,
      redirect: this.target,
      instructions: this.instructions,
    }
  }

  goOff({ map, value }: Timer, { program, start }: NonNullable<Timer['callback']>): void {
    const key = this.memory.place({ name: "the key of the timer's value", bytes: new Uint8Array() })
    this.execute(program, start, [this.mapAddress(map, undefined), key, this.memory.addressOf(value, map)])
  }

  // What helpers ask of us.

  map(address: bigint): MapModel {
    const name = this.mapName(address)
    let model = this.models.get(name)
    if (model === undefined) {
      model = this.mapNamed(name)
      this.models.set(name, model)
    }
    return model
  }

  mapName(address: bigint): string {
    const name = this.names[Number(address - MAPS)]
    if (name === undefined) throw new Refusal(`a helper is given 0x${address.toString(16)} for a map`)
    return name
  }

  function(callback: bigint): { program: CompiledProgram; start: number } {
    const found = this.functions[Number(callback - FUNCTIONS)]
    if (found === undefined) throw new Refusal(`a helper is given 0x${callback.toString(16)} for a function`)
    return found
  }

  invoke(callback: bigint, ...parameters: readonly bigint[]): bigint {
    const { program, start } = this.function(callback)
    return this.execute(program, start, parameters)
  }

  random(): number {
    if (this.machine.random !== undefined) return this.machine.random()
    // Marsaglia's xorshift: the same numbers in every run.
    this.seed ^= this.seed << 13
    this.seed ^= this.seed >>> 17
    this.seed ^= this.seed << 5
    return this.seed >>> 0
  }

  redirect(to: Redirect): void {
    this.target = to
  }

  private execute(program: CompiledProgram, start: number, parameters: readonly bigint[]): bigint {
    if (this.depth === CALL_DEPTH_MAX) throw new Refusal(`functions call each other more than ${CALL_DEPTH_MAX} deep`)
    const written = new Uint8Array(STACK_BYTES)
    const stack = this.memory.place({ name: 'the stack', bytes: new Uint8Array(STACK_BYTES), aligned: true, written })
    const here = activation(program, start, stack + BigInt(STACK_BYTES), written, parameters)
    this.depth++
    try {
      while (this.step(here));
      return read(here, 0)
    } catch (error) {
      if (error instanceof Refusal) throw new Fault(here.program, here.at, error.message)
      throw error
    } finally {
      this.depth--
      this.memory.remove(stack, 'the function it belonged to has returned')
    }
  }

  /** One instruction; false for the exit. */
  private step(here: Activation): boolean {
    const { code, at } = here
    const opcode = code.opcodes[at]
    if (opcode === undefined) throw new Refusal('runs off the end')
    if (++this.instructions > this.instructionsMax) throw new Refusal(`has run ${this.instructionsMax} instructions`)
    this.machine.trace?.(here.program, at)
    const group = opcode & 7
    switch (group) {
      case CLASS.ALU64:
      case CLASS.ALU:
        this.compute(here, opcode, group === CLASS.ALU64 ? 64 : 32)
        here.at++
        return true
      case CLASS.LDX: {
        if ((opcode & 0xe0) !== MODE.MEM) throw new Refusal(UNKNOWN)
        const address = BigInt.asUintN(64, read(here, code.srcs[at]!) + code.bigOffsets[at]!)
        write(here, code.dsts[at]!, this.memory.load(address, sizeOf(opcode)))
        here.at++
        return true
      }
      case CLASS.ST:
      case CLASS.STX: {
        const address = BigInt.asUintN(64, read(here, code.dsts[at]!) + code.bigOffsets[at]!)
        const mode = opcode & 0xe0
        if (group === CLASS.STX && mode === MODE.ATOMIC) this.atomic(here, address, sizeOf(opcode))
        else if (mode === MODE.MEM)
          this.memory.store(
            address,
            sizeOf(opcode),
            group === CLASS.STX ? read(here, code.srcs[at]!) : code.immediates[at]!,
          )
        else throw new Refusal(UNKNOWN)
        here.at++
        return true
      }
      case CLASS.LD:
        this.loadWide(here)
        here.at += 2
        return true
      default:
        return this.jump(here, opcode, group === CLASS.JMP ? 64 : 32)
    }
  }

  private compute(here: Activation, opcode: number, width: 32 | 64): void {
    const { code, at } = here
    const target = code.dsts[at]!
    const operation = opcode & 0xf0
    if (operation === ALU.end) {
      if (width === 64) throw new Refusal(UNKNOWN)
      write(here, target, reorder(read(here, target), Number(code.immediates[at]), (opcode & X) !== 0))
      return
    }
    const right = (opcode & X) === 0 ? code.immediates[at]! : read(here, code.srcs[at]!)
    const result = arithmetic(operation, width, operation === ALU.mov ? 0n : read(here, target), right)
    if (result === undefined || code.bigOffsets[at] !== 0n) throw new Refusal(UNKNOWN)
    write(here, target, result)
  }

  private atomic(here: Activation, address: bigint, size: ByteSize): void {
    const { code, at } = here
    if (size !== 4 && size !== 8) throw new Refusal(UNKNOWN)
    if (address % BigInt(size) !== 0n) throw new Refusal(`an atomic operation on ${size} bytes is not aligned to them`)
    const bits = size * 8
    const source = code.srcs[at]!
    const value = BigInt.asUintN(bits, read(here, source))
    const old = this.memory.load(address, size)
    const what = Number(code.immediates[at])
    if (what === ATOMIC.compareExchange) {
      if (old === BigInt.asUintN(bits, read(here, 0))) this.memory.store(address, size, value)
      write(here, 0, old)
      return
    }
    const next = what === ATOMIC.exchange ? value : arithmetic(what & 0xf0, 64, old, value)
    if (next === undefined || !ATOMICS.has(what)) throw new Refusal(UNKNOWN)
    this.memory.store(address, size, next)
    if ((what & ATOMIC_FETCH) !== 0) write(here, source, old)
  }

  private loadWide(here: Activation): void {
    const { code, at, program } = here
    const line = program.lines[at]!
    if (!isWide(line.instruction)) throw new Refusal(UNKNOWN)
    if (line.map !== undefined) {
      write(here, code.dsts[at]!, this.mapAddress(line.map.name, line.map.valueOffset))
      return
    }
    if (line.instruction.src === PSEUDO.FUNCTION) {
      const start = at + 1 + line.instruction.immediate
      write(here, code.dsts[at]!, FUNCTIONS + BigInt(this.functions.push({ program, start }) - 1))
      return
    }
    write(here, code.dsts[at]!, code.immediates[at]!)
  }

  private mapAddress(name: string, valueOffset: number | undefined): bigint {
    if (valueOffset === undefined) {
      const known = this.names.indexOf(name)
      return MAPS + BigInt(known >= 0 ? known : this.names.push(name) - 1)
    }
    const region = this.machine.regions?.[name]
    if (region === undefined) throw new Refusal(`the region ${name} was not given`)
    return this.memory.addressOf(region, name) + BigInt(valueOffset)
  }

  private mapNamed(name: string): MapModel {
    const given = this.machine.maps?.[name]
    if (given !== undefined && 'lookup' in given) return given
    const region = this.machine.regions?.[name]
    if (region === undefined) throw new Refusal(`the map ${name} was not given`)
    // The region itself, so that its one value has the address that the program knows.
    return new ArrayModel(1, region.length, region)
  }

  private jump(here: Activation, opcode: number, width: 32 | 64): boolean {
    const { code, at } = here
    const operation = opcode & 0xf0
    if (width === 64 && operation === JMP.exit) return false
    if (width === 64 && operation === JMP.call) {
      this.call(here)
      return true
    }
    const offset = code.offsets[at]!
    if (width === 64 && operation === JMP.always) {
      here.at += 1 + offset
      return true
    }
    const right = (opcode & X) === 0 ? code.immediates[at]! : read(here, code.srcs[at]!)
    const taken = holds(operation, width, read(here, code.dsts[at]!), right)
    if (taken === undefined) throw new Refusal(UNKNOWN)
    here.at += taken ? 1 + offset : 1
    return true
  }

  private call(here: Activation): void {
    const { code, at, registers } = here
    const id = Number(BigInt.asIntN(32, code.immediates[at]!))
    const [, a, b, c, d, e] = registers
    if (code.srcs[at] === PSEUDO_CALL) {
      const given = [a!, b!, c!, d!, e!].filter((_, i) => (here.ready & (2 << i)) !== 0)
      this.finishCall(here, this.execute(here.program, at + 1 + id, given))
      return
    }
    if (id === TELL.id) {
      this.tell(here.program, a!, [b!, c!, d!, e!])
      this.finishCall(here, 0n)
      return
    }
    if (id === HELPER.tailCall.id && this.tailCall(here, b!, c!)) return
    const result = id === HELPER.tailCall.id ? -1 : helperFunction(this, id)(this, a!, b!, c!, d!, e!)
    this.finishCall(here, BigInt(result))
  }

  private tell(program: CompiledProgram, place: bigint, values: readonly bigint[]): void {
    const telling = program.tellings[Number(place)]
    if (telling === undefined) throw new Refusal(`tells something that ${program.name} has no words for`)
    const named = telling.fields.map((field, i) => [field, values[i]!] as const)
    this.machine.listen?.(telling.event, Object.fromEntries(named))
  }

  /** A call leaves its result in r0 and nothing in r1 to r5. */
  private finishCall(here: Activation, result: bigint): void {
    here.ready &= ~((1 << CALLER_SAVED) - 1)
    write(here, 0, BigInt.asUintN(64, result))
    here.at++
  }

  private tailCall(here: Activation, array: bigint, index: bigint): boolean {
    const name = this.names[Number(array - MAPS)]
    const given = name === undefined ? undefined : this.machine.maps?.[name]
    if (given === undefined || !('programs' in given)) throw new Refusal(`${name ?? array} is no array of programs`)
    const program = (given satisfies ProgramArray).programs[Number(BigInt.asUintN(32, index))]
    if (program === undefined || this.tailCalls === TAIL_CALLS_MAX) return false
    this.tailCalls++
    here.program = program
    here.code = decoded(program)
    here.at = 0
    here.registers[1] = this.contextAddress
    here.ready = (1 << FRAME_POINTER) | 2
    here.written.fill(0)
    return true
  }
}

const UNKNOWN = 'is not an instruction that is known here'
const ATOMICS: ReadonlySet<number> = new Set([
  ...Object.values(ATOMIC),
  ...[ATOMIC.add, ATOMIC.or, ATOMIC.and, ATOMIC.xor].map(operation => operation | ATOMIC_FETCH),
])
