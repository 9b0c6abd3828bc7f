import { closeSync } from 'node:fs'
import { director } from '../../src/balancer/program/director.ts'
import type { Hook } from '../../src/balancer/program/hook.ts'
import type { ProgramSource } from '../../src/bpf/compile.ts'
import type { BenchTable } from './bench-table.ts'
import { type Figure, figureOf, type Ran, run, runSingly } from './measure.ts'
import { judgeOutput, type Path, pathName, repetition } from './paths.ts'
import { empty, repeatable } from './wrapper.ts'

/** What `bpf_redirect` answers. */
const SENT = { tc: 7, xdp: 4 } as const
const RUNS_LEAST = 1 << 20
const SINGLE_RUNS = 3000
/** The part of the connections that need not find a place in a table that is half full. */
const FULL_MAX = 0.0005
/** So few that a next hop does not grow old meanwhile. */
const CHUNK_RUNS = 1 << 17

/** The measured packet of each kind of path, and those that come before. */
const PACKETS = {
  'not ours': ['not ours'],
  established: ['syn', 'ack'],
  reply: ['syn', 'ack', 'reply'],
  'first packet': ['syn'],
} as const
type Packet = (typeof PACKETS)[Path['kind']][number]

/** A path at one hook: its programs, and what their runs took. */
export class Bench {
  readonly hook: Hook
  readonly #table: BenchTable
  readonly #path: Path
  readonly #programs: ReadonlyMap<Packet | 'empty' | 'wrapper', number>
  readonly #rounds: { readonly empty: number[]; readonly wrapper: number[]; readonly program: number[] } = {
    empty: [],
    wrapper: [],
    program: [],
  }

  constructor(table: BenchTable, path: Path, hook: Hook) {
    this.hook = hook
    this.#table = table
    this.#path = path
    const { facts, shape } = table.backing
    const source = director(hook, facts, shape, 'helper')
    const load = (program: ProgramSource) => table.backing.load(program)
    const measured = repetition(path, this.#measured)
    this.#programs = new Map([
      ['empty', load(empty(hook))],
      ['wrapper', load(repeatable(empty(hook), hook, { ...measured, overhead: 0 }))],
      ...PACKETS[path.kind].map(
        packet => [packet, load(repeatable(source, hook, repetition(path, packet)))] as [Packet, number],
      ),
    ])
  }

  get #measured(): Packet {
    return PACKETS[this.#path.kind].at(-1)!
  }

  /** Sends each server a packet, after which the way to it is known, and forgets the connections. */
  meetServers(): void {
    const [first] = PACKETS[this.#path.kind]
    for (let i = 0; first === 'syn' && i < this.#path.servers; i++) {
      this.#run(first, 1)
      this.#table.empty()
    }
  }

  /** Brings about what the measured packet wants to find: every flow's connection, in its state. */
  populate(): void {
    this.#table.empty()
    const { kind, flows } = this.#path
    for (const packet of PACKETS[kind].slice(0, -1)) this.#run(packet, flows)
    if (kind === 'established') this.#run('ack', flows)
    if (kind === 'established' || kind === 'reply') this.#expect(flows, 'ESTABLISHED')
  }

  /** One round of figures. */
  round(): void {
    const { kind, flows } = this.#path
    const { hook } = this
    const packet = this.#measured
    const { frame } = repetition(this.#path, packet)
    if (kind === 'first packet') this.#table.empty()
    const runs = this.singly ? SINGLE_RUNS : kind === 'first packet' ? flows : Math.max(flows, RUNS_LEAST)
    const idle = (program: 'empty' | 'wrapper') =>
      this.singly
        ? [runSingly(this.#programs.get(program)!, frame, SINGLE_RUNS, hook.pass)]
        : Array.from({ length: 4 }, () => run(this.#programs.get(program)!, frame, CHUNK_RUNS, hook.pass))
    this.#rounds.empty.push(...idle('empty').map(({ ns }) => ns))
    this.#rounds.wrapper.push(...idle('wrapper').map(({ ns }) => ns))
    const before = this.#counted
    const ran = this.#run(packet, runs)
    // A table that fills is no place to pick the best moment: there, a round is one figure.
    const costs = ran.map(({ ns }) => ns)
    this.#rounds.program.push(...(kind === 'first packet' ? [mean(costs)] : costs))
    judgeOutput(this.#path, repetition(this.#path, packet), ran.at(-1)!.packet)
    const grown = Number(this.#counted - before)
    if (kind !== 'not ours' && (grown > runs || grown < runs * (1 - FULL_MAX)))
      throw new Error(`${pathName(this.#path)}: ${grown} packets were counted, not ${runs}`)
    if (kind === 'first packet' && !this.singly) this.#expect(flows, 'SYN_RECV')
    if (kind === 'established' || kind === 'reply') this.#expect(flows, 'ESTABLISHED')
    if (kind === 'not ours') this.#expect(0)
  }

  /** At tc, the kernel wraps no packet twice, and remembers that it did: each run wants a packet of its own. */
  get singly(): boolean {
    return this.hook.type === 'tc' && this.#path.forwarding.method === 'tunnel'
  }

  figures(): { readonly empty: Figure; readonly wrapper: Figure; readonly program: Figure } {
    const { empty, wrapper, program } = this.#rounds
    return { empty: figureOf(empty), wrapper: figureOf(wrapper), program: figureOf(program) }
  }

  close(): void {
    for (const program of this.#programs.values()) closeSync(program)
  }

  /** Packets that the service has counted, in either direction. */
  get #counted(): bigint {
    return this.#table
      .services()
      .flatMap(service => [service.counters.inPackets, service.counters.outPackets])
      .reduce((sum, count) => sum + count, 0n)
  }

  /** In chunks, each of which gives a figure. */
  #run(packet: Packet, runs: number): readonly Ran[] {
    const verdict = packet === 'not ours' ? this.hook.pass : SENT[this.hook.type]
    const { frame } = repetition(this.#path, packet)
    const program = this.#programs.get(packet)!
    if (this.singly) return [runSingly(program, frame, runs, verdict)]
    const chunks: Ran[] = []
    for (let done = 0; done < runs; done += CHUNK_RUNS) {
      this.#table.refreshHops()
      chunks.push(run(program, frame, Math.min(CHUNK_RUNS, runs - done), verdict))
    }
    return chunks
  }

  #expect(connections: number, state?: Parameters<BenchTable['population']>[0]): void {
    const found = this.#table.population(state)
    // A few may have found both their buckets full.
    if (found > connections || found < connections * (1 - FULL_MAX))
      throw new Error(`${pathName(this.#path)}: ${found} connections are ${state ?? 'there'}, not ${connections}`)
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
