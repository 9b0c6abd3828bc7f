/**
 * A service table whose data path runs in the interpreter: the same memory, the same programs, no kernel. Time is what
 * the caller sets; packets are handed to `receive`. What tests, and questions about packets, run on.
 */

import { type CompiledProgram, compile } from '../bpf/compile.ts'
import { interpret } from '../bpf/interpreter.ts'
import type { ContextFields } from '../bpf/interpreter-context.ts'
import type { HelperFunction } from '../bpf/interpreter-machine.ts'
import { type Ip, ip, ipFamily, ipFromBytes } from '../bytes/address.ts'
import type { Backing, Mark } from './backing.ts'
import { type Capacity, REGION_NAMES, type RegionName, regionBytes, type TableFacts } from './layout.ts'
import { Memory } from './memory.ts'
import { PROGRAM_SLOT, PROGRAMS_MAP } from './program/dispatch.ts'
import { enterConnection } from './program/enter-connection.ts'
import { compileGeneration } from './program/generation.ts'
import { type Hook, MARKED, TC } from './program/hook.ts'
import { sweeper } from './program/sweep.ts'
import { encodeXdpTargets, XDP_TARGETS_MAP } from './program/xdp-targets.ts'
import { writeSettings } from './settings.ts'
import { EMPTY_SHAPE, type Shape } from './shape.ts'
import { RegionTable } from './table.ts'

const SMALL: Capacity = {
  services: 64,
  destinations: 256,
  connections: 1024,
  processors: 1,
  rings: 256,
  localities: 64,
}
const HERTZ = 250
const AF_INET6 = 10
/** The interface that all ways lead out of; packets come in by another. */
const OUTSIDE = 2
const TARGETS = encodeXdpTargets([{ ifindex: OUTSIDE, sendsBack: true }])
/** An uptime after which no jiffy is 0. */
const BOOTED = 1_000_000

/** The director's own addresses. */
const ROUTER = { 4: ip('10.0.0.1'), 6: ip('2001:db8::1') } as const

/**
 * What became of a packet: passed to the stack, dropped, or sent as `packet`: to the real server `nextHop`, or as an
 * answer back to where it came from.
 */
export interface Fate {
  readonly verdict: 'pass' | 'drop' | 'sent' | 'answered'
  readonly packet: Uint8Array
  readonly nextHop: Ip | undefined
  readonly instructions: number
  /** Where that was decided: what XDP passes meets tc next. */
  readonly hook: Hook['type']
}

type Trace = (program: CompiledProgram, at: number) => void

export class InterpretedTable extends RegionTable {
  readonly backing: InterpretedBacking

  constructor(capacity: Partial<Capacity> = {}, hook: Hook = TC) {
    const backing = new InterpretedBacking({ ...SMALL, ...capacity }, hook)
    super(backing)
    this.backing = backing
  }

  /** Lets time pass. */
  elapse(seconds: number): void {
    this.backing.ticks += seconds * HERTZ
  }

  /** Gives the program a frame, Ethernet header and all. */
  receive(frame: Uint8Array, trace?: Trace, context?: ContextFields): Fate {
    return this.backing.receive(frame, trace, context)
  }

  /** From now on, ways take so many bytes at once. */
  narrow(mtu: number): void {
    this.backing.mtu = mtu
  }
}

class InterpretedBacking implements Backing {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  ticks: number = BOOTED
  mtu = 1500
  /** The programs at each hook that a packet meets, in their order; by their slots. */
  #programs: readonly (readonly [Hook, readonly (CompiledProgram | undefined)[]])[] = []
  /** Services' firewall marks, by family and number. */
  #marks: ReadonlySet<string> = new Set()
  readonly #sweeper: CompiledProgram
  readonly #hooks: readonly Hook[]
  #enter: CompiledProgram | undefined
  /** Who has which MAC address. */
  readonly #neighbours: Map<string, Ip> = new Map()

  constructor(capacity: Capacity, hook: Hook) {
    this.facts = { capacity, hashSeed: 0x0123_4567_89ab_cdefn, hertz: HERTZ }
    this.#hooks = hook.type === 'tc' ? [TC] : [hook, TC]
    const bytes = regionBytes(capacity)
    this.memory = Object.fromEntries(REGION_NAMES.map(name => [name, new Uint8Array(bytes[name])])) as Record<
      RegionName,
      Uint8Array
    >
    writeSettings(new Memory(this.memory.settings), this.facts)
    this.reshape(EMPTY_SHAPE)
    this.#sweeper = compile(sweeper(this.facts, 'helper'))
  }

  get program(): CompiledProgram {
    const program = this.#programs[0]?.[1][PROGRAM_SLOT.director]
    if (program === undefined) throw new Error('there is no director')
    return program
  }
  jiffies(): number {
    return this.ticks
  }
  sweep(): void {
    interpret(this.#sweeper, { packet: new Uint8Array(64), regions: this.memory, jiffies: BigInt(this.ticks) })
  }
  enter(order: Uint8Array): number {
    this.#enter ??= compile(enterConnection(this.facts, 'helper'))
    return interpret(this.#enter, { packet: order, regions: this.memory, jiffies: BigInt(this.ticks) }).verdict
  }
  exclusively<T>(edit: () => T): T {
    return edit()
  }
  routeSource(address: Ip): Ip {
    return ROUTER[ipFamily(address)]
  }
  reshape(shape: Shape): void {
    this.#programs = this.#hooks.map(hook => [hook, compileGeneration(hook, this.facts, shape, { positions: true })])
  }

  takeMarks(marks: readonly Mark[]): void {
    this.#marks = new Set(marks.map(({ family, mark }) => `${family} ${mark}`))
  }

  /** What passes with a mark that a service has comes again, a copy with one hop less. */
  receive(packet: Uint8Array, trace?: Trace, context: ContextFields = {}): Fate {
    const [first, ...others] = this.#programs
    let fate = this.#meet(...first!, PROGRAM_SLOT.director, packet, trace, context)
    for (const other of others)
      if (fate.verdict === 'pass') fate = this.#meet(...other, PROGRAM_SLOT.director, packet, trace, context)
    const isIpv6 = packet[12] === 0x86
    if (fate.verdict !== 'pass' || !this.#marks.has(`${isIpv6 ? 6 : 4} ${context.mark}`)) return fate
    const [, programs] = this.#programs.at(-1)!
    return this.#meet(MARKED, programs, PROGRAM_SLOT.marked, copyOf(packet, isIpv6), trace, context)
  }

  #meet(
    hook: Hook,
    programs: readonly (CompiledProgram | undefined)[],
    slot: number,
    packet: Uint8Array,
    trace?: Trace,
    context: ContextFields = {},
  ): Fate {
    const fibLookup: HelperFunction = ({ memory }, _context, parameters) => {
      // A segment where everybody is a neighbour: 10.0.0.11 has the MAC 02:00:0a:00:00:0b, 2001:db8::b:12 has 02:06:00:0b:00:12.
      const fib = memory.bytes(parameters, 64, 'write')
      const isIpv6 = fib[0] === AF_INET6
      const address = fib.slice(32, isIpv6 ? 48 : 36)
      const mac = [0x02, isIpv6 ? 6 : 0, ...address.slice(-4)]
      this.#neighbours.set(mac.join(':'), ipFromBytes(address))
      const view = new DataView(fib.buffer, fib.byteOffset)
      view.setUint16(6, this.mtu, true)
      view.setUint32(8, OUTSIDE, true)
      fib.set([0x02, 0, 0, 0, 0, 1], 52)
      fib.set(mac, 58)
      return 0
    }
    const outcome = interpret(programs[slot]!, {
      packet,
      context,
      regions: { ...this.memory, [XDP_TARGETS_MAP]: TARGETS },
      maps: { [PROGRAMS_MAP]: { programs } },
      jiffies: BigInt(this.ticks),
      helpers: { fibLookup },
      instructionsMax: 1_000_000,
      ...(trace === undefined ? {} : { trace }),
    })
    const { redirect, instructions } = outcome
    if (redirect === undefined)
      return {
        verdict: (outcome.verdict | 0) === hook.pass ? 'pass' : 'drop',
        packet: outcome.packet,
        nextHop: undefined,
        instructions,
        hook: hook.type,
      }
    if (redirect.ifindex !== OUTSIDE)
      return { verdict: 'answered', packet: outcome.packet, nextHop: undefined, instructions, hook: hook.type }
    // Past the neighbour table the next hop is named; with a hop that is known already, its MAC address says who it is.
    const { nextHop } = redirect
    const hop =
      nextHop === undefined
        ? this.#neighbours.get(outcome.packet.slice(0, 6).join(':'))
        : ipFromBytes(nextHop.slice(4, nextHop[0] === AF_INET6 ? 20 : 8))
    return { verdict: 'sent', packet: outcome.packet, nextHop: hop, instructions, hook: hook.type }
  }
}

/** What netfilter makes of a packet that it duplicates in the input hook: one hop less. */
function copyOf(packet: Uint8Array, isIpv6: boolean): Uint8Array {
  const copy = packet.slice()
  const view = new DataView(copy.buffer)
  if (isIpv6) {
    view.setUint8(21, view.getUint8(21) - 1)
    return copy
  }
  view.setUint8(22, view.getUint8(22) - 1)
  // The checksum grows by what the word of the TTL has lost; a carry goes around.
  const sum = view.getUint16(24) + 0x100
  view.setUint16(24, (sum & 0xffff) + (sum >> 16))
  return copy
}
