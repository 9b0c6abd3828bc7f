/**
 * The service table of the current network namespace: pinned maps that every process maps into its memory, and the
 * programs that work on them. The first who opens it makes it; nobody has to stay.
 *
 *   /run/sluice/bpf/<namespace cookie>/
 *     settings … ledger   the regions of balancer/layout.ts
 *     programs            which generation of the director runs
 *     dispatch-marked     the same for packets that come back for their firewall mark (marked-packets.ts)
 *     dispatch            what is attached to the interfaces, by link-<number> where the kernel has links
 *     xdp-…               the same at XDP, where somebody chose it: xdp-hook.ts
 *     expiry              the timer that takes out idle connections; sweep and clock are its helpers
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import type { Backing, Mark } from '../balancer/backing.ts'
import {
  type Capacity,
  REGION_NAMES,
  type RegionName,
  regionBytes,
  SETTINGS_BYTES,
  type TableFacts,
} from '../balancer/layout.ts'
import { readShape } from '../balancer/live-shape.ts'
import { Memory } from '../balancer/memory.ts'
import { dispatcher, PROGRAM_SLOT, PROGRAM_SLOTS, PROGRAMS_MAP } from '../balancer/program/dispatch.ts'
import { enterConnection } from '../balancer/program/enter-connection.ts'
import { generation } from '../balancer/program/generation.ts'
import { MARKED, TC } from '../balancer/program/hook.ts'
import { clock, expiryTimer, sweeper, TIMER_BYTES, TIMER_MAP } from '../balancer/program/sweep.ts'
import { readFacts, writeSettings } from '../balancer/settings.ts'
import { EMPTY_SHAPE, type Shape } from '../balancer/shape.ts'
import { syncMessageLength } from '../balancer/sync-message-length.ts'
import { parseSysctl, SysctlError, sysctlField } from '../balancer/sysctls.ts'
import { RegionTable } from '../balancer/table.ts'
import { UnmadeTable } from '../balancer/unmade-table.ts'
import { Btf } from '../bpf/btf.ts'
import { type Ip, ipFamily } from '../bytes/address.ts'
import { Failure } from '../diagnostics/failure.ts'
import { serviceFamily } from '../model/service.ts'
import { isTableErrno, type ListedService, type SyncDaemon, TableError } from '../model/virtual-service.ts'
import { attachIngress, detachIngress } from './attachment.ts'
import {
  createMap,
  linkInterface,
  loadBtf,
  loadSource,
  MAP_TYPE,
  mapMemory,
  openPinned,
  pin,
  testRun,
  updateElement,
} from './bpf.ts'
import { bpfFilesystem } from './bpf-filesystem.ts'
import { isKernelError, KernelError } from './errors.ts'
import { clockResolutionNs, type Mapping } from './libc.ts'
import { findLink, links } from './link.ts'
import { type Load, loadDirector, loadLooping, loadPlain } from './load-looping.ts'
import { lock, unlock } from './lock.ts'
import { MARKED_LINK, releaseMarkedPackets, takeMarkedPackets } from './marked-packets.ts'
import { namespaceCookie } from './namespace.ts'
import { missingPrivilege } from './process.ts'
import { RouteSocket } from './route-socket.ts'
import { routeSource } from './route-source.ts'
import { runtimeDirectory } from './runtime-directory.ts'
import { runningSyncDaemons, startSyncDaemon, stopSyncDaemon } from './sync-daemons.ts'
import { writeSysctl } from './sysctl.ts'
import { connTabBitsOption, readSysctlFile, systemSysctlFiles } from './sysctl-files.ts'
import { attachXdp, detachXdp, refreshTargets, reshapeXdp, type XdpMode, type XdpTable, xdpMode } from './xdp-hook.ts'

/** What a table holds if nobody says otherwise; connections beside. */
const DEFAULT_CAPACITY = {
  services: 16384,
  destinations: 32768,
  rings: 4096,
  localities: 16384,
} as const

/** As ip_vs's module parameter: 2^conn_tab_bits connections, there of buckets, here of places. */
const CONN_TAB_BITS = { min: 10, max: 24, usualMin: 16, usualMax: 20 } as const
/** By default the connection tables take one part in so many of the machine's memory. */
const MEMORY_SHARE = 512
const BYTES_PER_CONNECTION = 88

/** 2^conn_tab_bits of the machine's files; without that, by the machine's memory. */
function connectionsByDefault(): number {
  const { min, max, usualMin, usualMax } = CONN_TAB_BITS
  const affordable = Math.floor(Math.log2(totalmem() / MEMORY_SHARE / BYTES_PER_CONNECTION))
  const usual = Math.min(usualMax, Math.max(usualMin, affordable))
  return 2 ** Math.min(max, Math.max(min, connTabBitsOption() ?? usual))
}

const LOCK_FILE = 'table.lock'
/** What is attached where marked packets come in. */
const MARKED_DISPATCH = 'dispatch-marked'

/** How many programs are kept at hand: an edit, and its undoing, compile once. */
const PROGRAMS_MAX = 32

/** What it takes to make a table, for the sentence that says what is missing. */
const NEEDS = {
  CAP_BPF: 'load the data path',
  CAP_NET_ADMIN: 'attach the data path to interfaces',
  CAP_SYS_ADMIN: 'share the table among processes',
} as const

/** The table of the current namespace, which is made by the first edit if there is none. Throws Failure without privilege. */
export function serviceTable(): UnmadeTable<PinnedTable> {
  const missing = missingPrivilege(NEEDS)
  if (missing !== undefined) throw new Failure(missing)
  const open = () => (serviceTableExists() ? openServiceTable() : undefined)
  return new UnmadeTable(connectionsByDefault(), open, openServiceTable)
}

/** True if the current namespace has a table. */
export function serviceTableExists(): boolean {
  return existsSync(join(tableDirectory(), 'clock'))
}

/**
 * Opens the table of the current namespace, making it if there is none, with the program on every interface. Wants
 * CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN; throws KernelError or VerifierError otherwise.
 */
export function openServiceTable(capacity: Partial<Capacity> = {}): PinnedTable {
  return new PinnedTable(capacity)
}

/** Where everything of a namespace's table is pinned. */
export function tableDirectory(cookie: bigint = namespaceCookie()): string {
  return join(bpfFilesystem(), String(cookie))
}

/** Forgets the table of a namespace: nothing is forwarded any more, its connections are gone. */
export function removeServiceTable(cookie: bigint = namespaceCookie()): void {
  const directory = tableDirectory(cookie)
  for (const { role } of runningSyncDaemons(cookie)) stopSyncDaemon(role, cookie)
  if (!existsSync(directory)) return
  using route = new RouteSocket()
  if (cookie === namespaceCookie()) releaseMarkedPackets(route, ifindex => linkPath(directory, ifindex))
  if (cookie === namespaceCookie())
    for (const link of links(route)) detachIngress(route, link.ifindex, linkPath(directory, link.ifindex))
  forget(directory, cookie)
}

/** Unpins a table, and what is left of it in /run. */
function forget(directory: string, cookie: bigint): void {
  for (const name of readdirSync(directory)) unlinkSync(join(directory, name))
  rmdirSync(directory)
  rmSync(join(runtimeDirectory(cookie), LOCK_FILE), { force: true })
  if (existsSync(runtimeDirectory(cookie)) && readdirSync(runtimeDirectory(cookie)).length === 0)
    rmdirSync(runtimeDirectory(cookie))
}

/** Tables of namespaces that are no more: every link has lost its interface, loopback's too. They only hold memory. */
function forgetDeadTables(filesystem: string): void {
  for (const name of readdirSync(filesystem)) {
    if (!/^[0-9]+$/.test(name)) continue
    const directory = join(filesystem, name)
    const links = readdirSync(directory).filter(pin => pin.startsWith('link-'))
    if (links.length > 0 && links.every(link => isDetached(join(directory, link)))) forget(directory, BigInt(name))
  }
}

function isDetached(path: string): boolean {
  const link = openPinned(path)
  if (link === undefined) return true
  try {
    return linkInterface(link) === 0
  } finally {
    closeSync(link)
  }
}

export interface InterfaceHook {
  readonly name: string
  readonly hook: 'tc' | XdpMode
}

export class PinnedTable extends RegionTable {
  readonly #directory: string
  readonly #backing: KernelBacking

  constructor(capacity: Partial<Capacity>) {
    const cookie = namespaceCookie()
    const directory = tableDirectory(cookie)
    const lockFile = openLock(cookie)
    const backing = withLock(lockFile, () =>
      existsSync(join(directory, 'clock'))
        ? openBacking(directory, lockFile)
        : makeBacking(directory, lockFile, capacity),
    )
    super(backing)
    this.#directory = directory
    this.#backing = backing
    this.attach()
  }

  /** Where the packets of each interface meet the director first: at tc, unless somebody chose XDP. */
  hooks(): readonly InterfaceHook[] {
    using route = new RouteSocket()
    return links(route).map(({ name, ifindex }) => ({ name, hook: xdpMode(this.#directory, ifindex) ?? 'tc' }))
  }

  /** Has an interface's packets meet the director at another hook. Throws Failure if there is no such interface, or no place for a program in its driver. */
  setHook(name: string, hook: InterfaceHook['hook']): void {
    using route = new RouteSocket()
    const interfaces = links(route)
    const link = interfaces.find(each => each.name === name)
    if (link === undefined) throw new Failure(`there is no interface ${name}`)
    this.#backing.exclusively(() => {
      const { xdp } = this.#backing
      if (hook === 'tc') detachXdp(this.#directory, interfaces, link.ifindex)
      else attachXdp(xdp, interfaces, link, hook, readShape(new Memory(this.#backing.memory.settings)))
    })
  }

  /** Attaches the program to every interface that has come since. */
  attach(): void {
    using route = new RouteSocket()
    const program = openPinned(join(this.#directory, 'dispatch'))
    if (program === undefined) throw new Error('the dispatcher is not pinned')
    try {
      const interfaces = links(route)
      for (const link of interfaces)
        if (link.name !== MARKED_LINK)
          attachIngress(route, program, link.ifindex, linkPath(this.#directory, link.ifindex))
      refreshTargets(this.#directory, interfaces)
      // Whoever made a service by mark may have been killed over it, or somebody has taken the cable away.
      if (!interfaces.some(link => link.name === MARKED_LINK) && this.marks().length > 0) this.renewMarks()
    } finally {
      closeSync(program)
    }
  }

  override syncDaemons(): readonly SyncDaemon[] {
    return runningSyncDaemons()
  }

  /** As `start_sync_thread` of ip_vs_sync.c judges; the interface decides how long messages are. */
  override startSyncDaemon(daemon: SyncDaemon): void {
    const isMixed = (service: ListedService) =>
      service.destinations.some(({ address }) => ipFamily(address) !== serviceFamily(service.key))
    if (this.services().some(isMixed))
      throw new TableError('EINVAL', 'the sync protocol cannot carry servers of mixed families')
    using route = new RouteSocket()
    const link = findLink(route, daemon.interface)
    if (link === undefined) throw new TableError('ENODEV', `there is no interface ${daemon.interface}`)
    if (this.syncDaemons().some(({ role }) => role === daemon.role))
      throw new TableError('EEXIST', `a ${daemon.role} sync daemon already runs`)
    try {
      startSyncDaemon({ ...daemon, maxLength: syncMessageLength(daemon, link.mtu) })
    } catch (error) {
      if (isKernelError(error) && isTableErrno(error.code)) throw new TableError(error.code, error.message)
      throw error
    }
  }

  override stopSyncDaemon(role: SyncDaemon['role'], _syncId: number): void {
    if (!stopSyncDaemon(role)) throw new TableError('ESRCH', `no ${role} sync daemon runs`)
  }

  close(): void {
    this.#backing.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

class KernelBacking implements Backing {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  readonly #mappings: readonly Mapping[]
  readonly #descriptors: Readonly<Record<string, number>>
  readonly #directory: string
  readonly #lockFile: number
  readonly xdp: XdpTable
  /** By shape, the one used last at the end. */
  readonly #programs: Map<string, number> = new Map()
  #locked = false
  #enter: number | undefined

  constructor(
    directory: string,
    facts: TableFacts,
    mappings: ReadonlyMap<RegionName, Mapping>,
    descriptors: Readonly<Record<string, number>>,
    lockFile: number,
  ) {
    this.facts = facts
    this.xdp = {
      directory,
      facts,
      load: (source, maps, shape) => loadDirector(loader({ ...descriptors, ...maps }), shape, source),
    }
    this.memory = Object.fromEntries([...mappings].map(([name, mapping]) => [name, mapping.bytes])) as Record<
      RegionName,
      Uint8Array
    >
    this.#mappings = [...mappings.values()]
    this.#descriptors = descriptors
    this.#directory = directory
    this.#lockFile = lockFile
  }

  jiffies(): number {
    return testRun(this.#descriptors.clock!, PACKET).verdict
  }

  sweep(): void {
    testRun(this.#descriptors.sweep!, PACKET)
  }

  enter(order: Uint8Array): number {
    this.#enter ??= loadLooping(loader(this.#descriptors), looping => enterConnection(this.facts, looping))
    return testRun(this.#enter, order).verdict
  }

  exclusively<T>(edit: () => T): T {
    if (this.#locked) return edit()
    this.#locked = true
    try {
      return withLock(this.#lockFile, edit)
    } finally {
      this.#locked = false
    }
  }

  takeMarks(marks: readonly Mark[]): void {
    const program = () => {
      const descriptor = openPinned(join(this.#directory, MARKED_DISPATCH))
      if (descriptor === undefined) throw new Error('the dispatcher of marked packets is not pinned')
      return descriptor
    }
    takeMarkedPackets(marks, program, ifindex => linkPath(this.#directory, ifindex))
  }

  routeSource(address: Ip): Ip | undefined {
    return routeSource(address)
  }

  reshape(shape: Shape, before: Shape | undefined): void {
    const load = loader(this.#descriptors)
    const known = before === undefined ? [] : generation(TC, this.facts, before).map(({ name }) => name)
    for (const { slot, name, source } of generation(TC, this.facts, shape))
      if (!known.includes(name)) this.#install(slot, name, () => loadDirector(load, shape, source))
    reshapeXdp(this.xdp, shape)
  }

  /** One that we have put to work before is still at hand. */
  #install(slot: number, name: string, make: () => number): void {
    const program = this.#programs.get(name) ?? make()
    this.#programs.delete(name)
    this.#programs.set(name, program)
    updateElement(this.#descriptors[PROGRAMS_MAP]!, word(slot), word(program))
    const [oldest] = this.#programs
    if (this.#programs.size <= PROGRAMS_MAX || oldest === undefined) return
    closeSync(oldest[1])
    this.#programs.delete(oldest[0])
  }

  close(): void {
    if (this.#enter !== undefined) closeSync(this.#enter)
    for (const program of this.#programs.values()) closeSync(program)
    for (const mapping of this.#mappings) mapping.unmap()
    for (const fd of Object.values(this.#descriptors)) closeSync(fd)
    closeSync(this.#lockFile)
  }
}

function openBacking(directory: string, lockFile: number): KernelBacking {
  const settingsFd = openPinned(join(directory, 'settings'))
  if (settingsFd === undefined) throw new Error(`${directory} holds no table`)
  const settings = mapMemory(settingsFd, SETTINGS_BYTES)
  closeSync(settingsFd)
  const facts = readFacts(new Memory(settings.bytes))
  settings.unmap()
  const descriptors: Record<string, number> = {}
  for (const name of [...REGION_NAMES, PROGRAMS_MAP, 'clock', 'sweep']) {
    const fd = openPinned(join(directory, name))
    if (fd === undefined) throw new Error(`${directory} has no ${name}`)
    descriptors[name] = fd
  }
  return new KernelBacking(directory, facts, mapRegions(facts.capacity, descriptors), descriptors, lockFile)
}

function makeBacking(directory: string, lockFile: number, wanted: Partial<Capacity>): KernelBacking {
  forgetDeadTables(dirname(directory))
  const capacity: Capacity = {
    ...DEFAULT_CAPACITY,
    connections: connectionsByDefault(),
    processors: powerOfTwo(possibleProcessors()),
    ...wanted,
  }
  const hertz = Math.round(1e9 / clockResolutionNs('monotonic-coarse'))
  const facts: TableFacts = { capacity, hashSeed: randomBytes(8).readBigUInt64LE(), hertz }
  // Left over from somebody who was killed while making it.
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(directory)) unlinkSync(join(directory, name))

  const bytes = regionBytes(capacity)
  const descriptors: Record<string, number> = {}
  for (const name of REGION_NAMES) {
    descriptors[name] = createMap({
      name: `sluice_${name}`,
      type: MAP_TYPE.ARRAY,
      keyBytes: 4,
      valueBytes: bytes[name],
      entries: 1,
      mappable: true,
    })
  }
  descriptors[PROGRAMS_MAP] = createMap({
    name: 'sluice_programs',
    type: MAP_TYPE.PROG_ARRAY,
    keyBytes: 4,
    valueBytes: 4,
    entries: PROGRAM_SLOTS,
  })
  descriptors[TIMER_MAP] = createTimerMap()
  const mappings = mapRegions(capacity, descriptors)
  const settings = new Memory(mappings.get('settings')!.bytes)
  writeSettings(settings, facts)
  applySysctlFiles(settings)

  // A route is looked up as for a packet of our own, coming from loopback; the kernel asks whether that may forward.
  writeSysctl('net.ipv4.conf.lo.forwarding', 1)
  if (existsSync('/proc/sys/net/ipv6')) writeSysctl('net.ipv6.conf.lo.forwarding', 1)
  const load = loader(descriptors)
  const expiry = loadLooping(load, looping => expiryTimer(facts, looping))
  const started = testRun(expiry, PACKET).verdict
  if (started !== 0)
    throw new KernelError('start the expiry timer', -(started | 0), `the kernel's timer answered ${started | 0}`)
  const dispatch = loadPlain(load, dispatcher(TC))
  descriptors.sweep = loadLooping(load, looping => sweeper(facts, looping))
  descriptors.clock = loadPlain(load, clock())
  const backing = new KernelBacking(directory, facts, mappings, descriptors, lockFile)
  backing.reshape(EMPTY_SHAPE, undefined)
  pin(dispatch, join(directory, 'dispatch'))
  closeSync(dispatch)
  const marked = loadPlain(
    load,
    dispatcher(MARKED, () => {}, PROGRAM_SLOT.marked),
  )
  pin(marked, join(directory, MARKED_DISPATCH))
  closeSync(marked)
  closeSync(expiry)
  // The clock comes last: where it is pinned, all the rest is.
  for (const name of [...REGION_NAMES, PROGRAMS_MAP, TIMER_MAP, 'sweep', 'clock'])
    pin(descriptors[name]!, join(directory, name))
  return backing
}

/** What the machine's files set from the start; what is wrong there `sluice sysctl --system` says. */
function applySysctlFiles(settings: Memory): void {
  for (const { name, value } of systemSysctlFiles().flatMap(readSysctlFile)) {
    try {
      const parsed = parseSysctl(name, value)
      settings.set(0, sysctlField(parsed.name), parsed.value)
    } catch (error) {
      if (!(error instanceof SysctlError)) throw error
    }
  }
}

/** Just a packet: these programs do not look at it. */
const PACKET = new Uint8Array(64)

function loader(descriptors: Readonly<Record<string, number>>): Load {
  return source => loadSource(source, descriptors)
}

function createTimerMap(): number {
  const types = new Btf()
  const key = types.integer('unsigned int', 4)
  const wide = types.integer('unsigned long', 8)
  const timer = types.struct('bpf_timer', TIMER_BYTES, [
    { name: 'low', type: wide, offset: 0 },
    { name: 'high', type: wide, offset: 8 },
  ])
  const value = types.struct('expiry', TIMER_BYTES, [{ name: 'timer', type: timer, offset: 0 }])
  const btf = loadBtf(types.encode())
  try {
    return createMap({
      name: 'sluice_expiry',
      type: MAP_TYPE.ARRAY,
      keyBytes: 4,
      valueBytes: TIMER_BYTES,
      entries: 1,
      types: { btf, key, value },
    })
  } finally {
    closeSync(btf)
  }
}

function mapRegions(capacity: Capacity, descriptors: Readonly<Record<string, number>>): Map<RegionName, Mapping> {
  const bytes = regionBytes(capacity)
  return new Map(REGION_NAMES.map(name => [name, mapMemory(descriptors[name]!, bytes[name])]))
}

function openLock(cookie: bigint): number {
  const directory = runtimeDirectory(cookie)
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  return openSync(join(directory, LOCK_FILE), 'w')
}

function withLock<T>(lockFile: number, work: () => T): T {
  lock(lockFile)
  try {
    return work()
  } finally {
    unlock(lockFile)
  }
}

/** What holds the program at an interface, where the kernel has links. */
export function linkPath(directory: string, ifindex: number): string {
  return join(directory, `link-${ifindex}`)
}

/** Processor numbers go up to the highest that may ever be there. */
function possibleProcessors(): number {
  const ranges = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split(/[,-]/)
  return Number(ranges.at(-1)) + 1
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast))
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}
