/**
 * One table twice: in the kernel's memory, with the programs run by the kernel, and in Node's, with the same programs
 * interpreted. What the interpreter must be told is the time, random numbers and routes, and it is told the kernel's.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, readFileSync } from 'node:fs'
import type { Backing } from '../../src/balancer/backing.ts'
import {
  type Capacity,
  REGION_NAMES,
  type RegionName,
  regionBytes,
  type TableFacts,
} from '../../src/balancer/layout.ts'
import { Memory } from '../../src/balancer/memory.ts'
import { PROGRAM_SLOT, PROGRAM_SLOTS, PROGRAMS_MAP } from '../../src/balancer/program/dispatch.ts'
import { generation } from '../../src/balancer/program/generation.ts'
import { CONTEXT_BYTES, TC } from '../../src/balancer/program/hook.ts'
import { clock, sweeper } from '../../src/balancer/program/sweep.ts'
import { writeSettings } from '../../src/balancer/settings.ts'
import { EMPTY_SHAPE, type Shape } from '../../src/balancer/shape.ts'
import { RegionTable } from '../../src/balancer/table.ts'
import { type CompiledProgram, compile, type ProgramSource } from '../../src/bpf/compile.ts'
import { HELPER } from '../../src/bpf/helper.ts'
import { interpret } from '../../src/bpf/interpreter.ts'
import type { HelperFunction } from '../../src/bpf/interpreter-machine.ts'
import { type Ip, ip, ipFamily } from '../../src/bytes/address.ts'
import { toHex } from '../../src/bytes/hex.ts'
import {
  createMap,
  loadProgram,
  MAP_TYPE,
  mapMemory,
  type TestRun,
  testRun,
  updateElement,
} from '../../src/kernel/bpf.ts'
import { isKernelError } from '../../src/kernel/errors.ts'
import type { Mapping } from '../../src/kernel/libc.ts'

const CAPACITY: Capacity = {
  services: 16,
  destinations: 64,
  connections: 256,
  processors: 1,
  // Tables that were let go of are not used again for a second, in which many edits may come.
  rings: 512,
  localities: 64,
}
const HERTZ = 250
const FACTS: TableFacts = { capacity: CAPACITY, hashSeed: 0x0123_4567_89ab_cdefn, hertz: HERTZ }
const FIB_BYTES = 64

/** What a packet did, by both. */
export interface Difference {
  readonly what: string
  readonly kernel: string
  readonly interpreter: string
}

export class Twins extends RegionTable {
  private readonly twin: TwinBacking
  constructor() {
    const twin = new TwinBacking()
    super(twin)
    this.twin = twin
  }

  /** Runs both on a frame. What the kernel made of it, or where the two differ; undefined if the kernel runs no test on it. */
  receive(frame: Uint8Array): Uint8Array | Difference | undefined {
    return this.twin.receive(frame)
  }

  /** Sweeps both. */
  sweepBoth(): Difference | undefined {
    return this.twin.sweepBoth()
  }

  /** Runs an edit, after which both tables are the kernel's again. */
  change(edit: (memory: Readonly<Record<RegionName, Uint8Array>>) => void): void {
    edit(this.twin.memory)
    this.twin.copy()
  }

  close(): void {
    this.twin.close()
  }
}

class TwinBacking implements Backing {
  readonly facts: TableFacts = FACTS
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  private readonly model: Readonly<Record<RegionName, Uint8Array>>
  private readonly mappings: Mapping[] = []
  private readonly descriptors: Record<string, number> = {}
  private readonly sweeping: CompiledProgram
  private readonly routes = new Map<string, { readonly result: number; readonly answer: Uint8Array }>()
  private programs: readonly CompiledProgram[] = []
  private directorFd = -1

  private readonly processor = stayOnOneProcessor()

  constructor() {
    const bytes = regionBytes(CAPACITY)
    const memory: Partial<Record<RegionName, Uint8Array>> = {}
    for (const name of REGION_NAMES) {
      const shape = { name, type: MAP_TYPE.ARRAY, keyBytes: 4, valueBytes: bytes[name], entries: 1, mappable: true }
      const fd = createMap(shape)
      this.descriptors[name] = fd
      const mapping = mapMemory(fd, bytes[name])
      this.mappings.push(mapping)
      memory[name] = mapping.bytes
    }
    this.memory = memory as Record<RegionName, Uint8Array>
    this.model = Object.fromEntries(REGION_NAMES.map(name => [name, new Uint8Array(bytes[name])])) as typeof this.model
    this.descriptors[PROGRAMS_MAP] = createMap({
      name: PROGRAMS_MAP,
      type: MAP_TYPE.PROG_ARRAY,
      keyBytes: 4,
      valueBytes: 4,
      entries: PROGRAM_SLOTS,
    })
    writeSettings(new Memory(this.memory.settings), FACTS)
    this.sweeping = compile(sweeper(FACTS, 'helper'))
    this.descriptors.sweep = loadProgram(this.sweeping, this.descriptors)
    this.descriptors.clock = loadProgram(compile(clock()), this.descriptors)
    this.descriptors.routes = loadProgram(compile(ROUTES), this.descriptors)
    this.reshape(EMPTY_SHAPE)
    this.copy()
  }

  jiffies(): number {
    return testRun(this.descriptors.clock!, new Uint8Array(64)).verdict
  }
  takeMarks(): void {}
  sweep(): void {
    testRun(this.descriptors.sweep!, new Uint8Array(64))
  }
  enter(): number {
    throw new Error('no other director tells of connections here')
  }
  exclusively<T>(edit: () => T): T {
    return edit()
  }
  routeSource(address: Ip): Ip {
    return ip(ipFamily(address) === 4 ? '10.0.0.1' : '2001:db8::1')
  }
  reshape(shape: Shape): void {
    const programs: CompiledProgram[] = []
    for (const { slot, source } of generation(TC, FACTS, shape)) {
      const compiled = compile(source('helper'))
      programs[slot] = compiled
      const fd = loadProgram(compiled, this.descriptors)
      updateElement(this.descriptors[PROGRAMS_MAP]!, word(slot), word(fd))
      if (slot !== PROGRAM_SLOT.director) closeSync(fd)
      else {
        if (this.directorFd >= 0) closeSync(this.directorFd)
        this.directorFd = fd
      }
    }
    this.programs = programs
  }

  copy(): void {
    for (const name of REGION_NAMES) this.model[name].set(this.memory[name])
  }

  receive(frame: Uint8Array): Uint8Array | Difference | undefined {
    const { programs } = this
    const { result, jiffies } = this.withinOneTick(() => tryRun(this.directorFd, frame))
    if (result === undefined) return undefined
    const { packet } = result
    const outcome = interpret(programs[PROGRAM_SLOT.director]!, {
      packet: frame,
      context: { packetType: packetType(frame) },
      regions: this.model,
      maps: { [PROGRAMS_MAP]: { programs } },
      jiffies: BigInt(jiffies),
      processor: this.processor,
      // A number that somebody chose at random is the identification of the packet that came out.
      random: () => packet[18]! | (packet[19]! << 8),
      helpers: { fibLookup: this.fibLookup },
    })
    if (outcome.verdict !== result.verdict)
      return { what: 'verdict', kernel: String(result.verdict | 0), interpreter: String(outcome.verdict | 0) }
    if (Buffer.compare(outcome.packet, packet) !== 0)
      return { what: 'packet', kernel: toHex(packet), interpreter: toHex(outcome.packet) }
    return this.compare() ?? packet
  }

  sweepBoth(): Difference | undefined {
    const { jiffies } = this.withinOneTick(() => this.sweep())
    interpret(this.sweeping, {
      packet: new Uint8Array(64),
      regions: this.model,
      jiffies: BigInt(jiffies),
      instructionsMax: 10_000_000,
    })
    return this.compare()
  }

  /** What is done by the kernel at one time: if its clock ticked meanwhile, the table is put back and it is done again. */
  private withinOneTick<T>(run: () => T): { readonly result: T; readonly jiffies: number } {
    for (;;) {
      const jiffies = this.jiffies()
      const result = run()
      if (this.jiffies() === jiffies) return { result, jiffies }
      for (const name of REGION_NAMES) this.memory[name].set(this.model[name])
    }
  }

  private compare(): Difference | undefined {
    for (const name of REGION_NAMES) {
      if (Buffer.compare(this.memory[name], this.model[name]) === 0) continue
      const at = this.memory[name].findIndex((byte, i) => byte !== this.model[name][i]) & ~7
      const shown = (bytes: Uint8Array) => toHex(bytes.subarray(at, at + 64))
      return { what: `${name} from ${at} on`, kernel: shown(this.memory[name]), interpreter: shown(this.model[name]) }
    }
    return undefined
  }

  /** Asks the kernel, once for each question. */
  private readonly fibLookup: HelperFunction = ({ memory }, _context, parameters) => {
    const question = memory.bytes(parameters, FIB_BYTES, 'write')
    const text = toHex(question)
    let known = this.routes.get(text)
    if (known === undefined) {
      const frame = new Uint8Array(14 + FIB_BYTES)
      frame.set(question, 14)
      const { verdict, packet } = testRun(this.descriptors.routes!, frame)
      known = { result: verdict, answer: packet.slice(14, 14 + FIB_BYTES) }
      this.routes.set(text, known)
    }
    question.set(known.answer)
    return known.result
  }

  close(): void {
    for (const mapping of this.mappings) mapping.unmap()
    for (const fd of Object.values(this.descriptors)) closeSync(fd)
    if (this.directorFd >= 0) closeSync(this.directorFd)
  }
}

/** EINVAL: no packet for a test run, as recent kernels find those that end within the IP header. */
function tryRun(program: number, frame: Uint8Array): TestRun | undefined {
  try {
    return testRun(program, frame)
  } catch (error) {
    if (isKernelError(error, 'EINVAL')) return undefined
    throw error
  }
}

/** Looks up the route that its packet asks for, a `struct bpf_fib_lookup` behind the Ethernet header. */
const ROUTES: ProgramSource = {
  name: 'routes',
  type: 'tc',
  main: code => {
    const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
    const data = fields.get(TC.data)
    code.guard(data.add(14 + FIB_BYTES).le(fields.get(TC.dataEnd)), () => code.exit(-1))
    const packet = code.pointer(data, 14 + FIB_BYTES, true).at(14)
    const question = code.frame(FIB_BYTES)
    for (let at = 0; at < FIB_BYTES; at += 2) question.set([at, 'u16'], packet.get([at, 'u16']))
    const result = code.call(HELPER.fibLookup, code.parameter(0), question.address(), FIB_BYTES, 0)
    for (let at = 0; at < FIB_BYTES; at += 2) packet.set([at, 'u16'], question.get([at, 'u16']))
    code.exit(result)
  },
}

/** What is kept per processor must be the same one's: its number. */
function stayOnOneProcessor(): number {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  if (allowed === undefined) throw new Error('/proc/self/status does not say which processors are allowed')
  const { status, stderr } = spawnSync('taskset', ['-cp', allowed, String(process.pid)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`taskset: ${stderr}`)
  return Number(allowed)
}

/** As eth_type_trans has it on loopback. */
function packetType(frame: Uint8Array): number {
  const target = frame.subarray(0, 6)
  if (target.every(byte => byte === 0)) return 0
  if (target.every(byte => byte === 0xff)) return 1
  return (target[0]! & 1) === 1 ? 2 : 3
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}
