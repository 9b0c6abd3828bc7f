/**
 * A service table that nobody else sees: maps without pins, and no program attached. Its programs are loaded one by one
 * and run by `BPF_PROG_TEST_RUN`, in the network of `world.ts`.
 */
import { closeSync } from 'node:fs'
import type { Backing } from '../../src/balancer/backing.ts'
import {
  type Capacity,
  CONNECTION,
  CONNECTION_BYTES,
  DESTINATION,
  DESTINATION_BYTES,
  REGION_NAMES,
  type RegionName,
  regionBytes,
  SETTINGS,
  STATE,
  type TableFacts,
} from '../../src/balancer/layout.ts'
import { Memory } from '../../src/balancer/memory.ts'
import { PROGRAM_SLOTS, PROGRAMS_MAP } from '../../src/balancer/program/dispatch.ts'
import { clock } from '../../src/balancer/program/sweep.ts'
import { encodeXdpTargets, XDP_TARGETS_BYTES, XDP_TARGETS_MAP } from '../../src/balancer/program/xdp-targets.ts'
import { writeSettings } from '../../src/balancer/settings.ts'
import { EMPTY_SHAPE, type Shape } from '../../src/balancer/shape.ts'
import { RegionTable } from '../../src/balancer/table.ts'
import type { ProgramSource, ProgramType } from '../../src/bpf/compile.ts'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { createMap, loadSource, MAP_TYPE, mapMemory, testRun, updateElement } from '../../src/kernel/bpf.ts'
import { clockResolutionNs, type Mapping } from '../../src/kernel/libc.ts'
import { linkIndex } from '../../src/kernel/link.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { BENCH_MAP, BENCH_MAP_BYTES } from './wrapper.ts'

/** The programs' seconds are so much longer than ours: no next hop grows old while the machine has something else to do. */
const SLOWNESS = 64
const ANY_PACKET = new Uint8Array(64)

export class BenchTable extends RegionTable {
  readonly backing: BenchBacking

  constructor(capacity: Partial<Capacity>) {
    const backing = new BenchBacking(capacity)
    super(backing)
    this.backing = backing
  }

  /** Entries in the connection table whose state is `state`, or all that are there: counted, not believed. */
  population(state?: keyof typeof STATE): number {
    const connections = new Memory(this.backing.memory.connections)
    let count = 0
    for (let at = 0; at < connections.bytes.length; at += CONNECTION_BYTES) {
      if (connections.get(at, CONNECTION.kind) !== 1) continue
      if (state === undefined || connections.get(at, CONNECTION.state) === STATE[state]) count++
    }
    return count
  }

  /** Forgets every connection, and what servers and the table count of them. */
  empty(): void {
    const { memory } = this.backing
    memory.connections.fill(0)
    memory.details.fill(0)
    new Memory(memory.settings).set(0, SETTINGS.entries, 0)
    const destinations = new Memory(memory.destinations)
    for (let record = 0; record < destinations.bytes.length; record += DESTINATION_BYTES)
      for (const field of [DESTINATION.active, DESTINATION.inactive] as const) destinations.set(record, field, 0)
  }

  /** Every next hop that is known is as good as just asked for: at XDP an old one would be left to tc. */
  refreshHops(): void {
    const destinations = new Memory(this.backing.memory.destinations)
    const now = this.backing.jiffies()
    for (let record = 0; record < destinations.bytes.length; record += DESTINATION_BYTES)
      if (destinations.get(record, DESTINATION.hopInterface) !== 0) destinations.set(record, DESTINATION.hopStamp, now)
  }

  [Symbol.dispose](): void {
    this.backing.close()
  }
}

class BenchBacking implements Backing {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  /** What the table makes use of now. */
  shape: Shape = EMPTY_SHAPE
  readonly #descriptors: Readonly<Record<string, number>>
  readonly #programs: Readonly<Record<ProgramType, number>>
  readonly #mappings: readonly Mapping[]
  readonly #clock: number

  constructor(capacity: Partial<Capacity>) {
    const small = {
      services: 64,
      destinations: 1024,
      connections: 1 << 12,
      processors: 2,
      rings: 1024,
      localities: 1 << 10,
    }
    this.facts = {
      capacity: { ...small, ...capacity },
      hashSeed: 0x0123_4567_89ab_cdefn,
      hertz: SLOWNESS * Math.round(1e9 / clockResolutionNs('monotonic-coarse')),
    }
    const bytes: Readonly<Record<string, number>> = {
      ...regionBytes(this.facts.capacity),
      [BENCH_MAP]: BENCH_MAP_BYTES,
      [XDP_TARGETS_MAP]: XDP_TARGETS_BYTES,
    }
    const regions = Object.entries(bytes).map(([name, valueBytes]) => [
      name,
      createMap({ name: `bench_${name}`, type: MAP_TYPE.ARRAY, keyBytes: 4, valueBytes, entries: 1, mappable: true }),
    ])
    // All programs that use one array are of one type.
    const programs = () =>
      createMap({
        name: 'bench_programs',
        type: MAP_TYPE.PROG_ARRAY,
        keyBytes: 4,
        valueBytes: 4,
        entries: PROGRAM_SLOTS,
      })
    this.#descriptors = Object.fromEntries(regions)
    using route = new RouteSocket()
    updateElement(
      this.#descriptors[XDP_TARGETS_MAP]!,
      new Uint8Array(4),
      encodeXdpTargets([{ ifindex: linkIndex(route, 'eth0'), sendsBack: true }]),
    )
    this.#programs = { tc: programs(), xdp: programs() }
    const mappings = REGION_NAMES.map(name => [name, mapMemory(this.#descriptors[name]!, bytes[name]!)] as const)
    this.#mappings = mappings.map(([, mapping]) => mapping)
    this.memory = Object.fromEntries(mappings.map(([name, mapping]) => [name, mapping.bytes])) as Record<
      RegionName,
      Uint8Array
    >
    writeSettings(new Memory(this.memory.settings), this.facts)
    this.#clock = this.load(clock())
  }

  jiffies(): number {
    return testRun(this.#clock, ANY_PACKET).verdict
  }
  takeMarks(): void {}
  sweep(): void {}
  exclusively<T>(edit: () => T): T {
    return edit()
  }
  enter(): number {
    throw new Error('no other director tells of connections here')
  }
  routeSource(_address: Ip): Ip {
    return ip('172.16.0.1')
  }
  reshape(shape: Shape): void {
    this.shape = shape
  }

  /** A program on this table's maps; the caller closes it. */
  load(source: ProgramSource): number {
    return loadSource(source, { ...this.#descriptors, [PROGRAMS_MAP]: this.#programs[source.type] })
  }

  close(): void {
    for (const mapping of this.#mappings) mapping.unmap()
    for (const fd of [...Object.values(this.#descriptors), ...Object.values(this.#programs), this.#clock]) closeSync(fd)
  }
}
