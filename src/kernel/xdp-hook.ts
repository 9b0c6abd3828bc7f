/**
 * The director at XDP, before the kernel has made a packet of a frame, on the interfaces that somebody chose for it. What it
 * does not do it leaves to tc, which every interface has. As pins beside those of the table:
 *
 *   xdp-programs           which generation of the director runs at XDP
 *   xdp-targets            which interfaces take what it sends
 *   xdp-native-<number>    a link: its program runs in the interface's driver
 *   xdp-generic-<number>   a link: its program runs in the stack, for drivers that have no place for one
 */
import { closeSync, existsSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TableFacts } from '../balancer/layout.ts'
import { admitToXdp } from '../balancer/program/admit-to-xdp.ts'
import { dispatcher, PROGRAM_SLOT, PROGRAM_SLOTS, PROGRAMS_MAP } from '../balancer/program/dispatch.ts'
import { generation } from '../balancer/program/generation.ts'
import { XDP } from '../balancer/program/hook.ts'
import type { Looping } from '../balancer/program/sweep.ts'
import { encodeXdpTargets, XDP_TARGETS_BYTES, XDP_TARGETS_MAP } from '../balancer/program/xdp-targets.ts'
import type { Shape } from '../balancer/shape.ts'
import type { ProgramSource } from '../bpf/compile.ts'
import { Failure } from '../diagnostics/failure.ts'
import { createLink, createMap, linkInterface, loadSource, MAP_TYPE, openPinned, pin, updateElement } from './bpf.ts'
import { KernelError } from './errors.ts'
import type { Link } from './link.ts'
import { xdpTransmitters } from './xdp-transmitters.ts'

export type XdpMode = 'native' | 'generic'
const MODES: readonly XdpMode[] = ['native', 'generic']
/** XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE */
const MODE_FLAG: Readonly<Record<XdpMode, number>> = { native: 1 << 2, generic: 1 << 1 }

/** Loads a program for a shape on a table's maps. */
export type Load = (
  source: (looping: Looping) => ProgramSource,
  maps: Readonly<Record<string, number>>,
  shape: Shape,
) => number

export interface XdpTable {
  readonly directory: string
  readonly facts: TableFacts
  readonly load: Load
}

/** How an interface meets packets at XDP, if at all. */
export function xdpMode(directory: string, ifindex: number): XdpMode | undefined {
  return MODES.find(mode => existsSync(linkPath(directory, mode, ifindex)))
}

/**
 * Puts the director to work at an interface's XDP, with a program of the given shape; what was there of ours makes way. A
 * driver that takes no program is a Failure, which says what else can be done.
 */
export function attachXdp(table: XdpTable, interfaces: readonly Link[], link: Link, mode: XdpMode, shape: Shape): void {
  const { directory } = table
  const { ifindex, name, mac } = link
  if (mac === undefined) throw new Failure(`${name} has no Ethernet frames, which XDP goes by: it stays at tc`)
  detachLink(directory, ifindex)
  const maps = openMaps(directory) ?? makeMaps(directory)
  try {
    reshapeMaps(table, maps, shape)
    const arrival = { mac, virtual: link.kind !== undefined }
    const program = loadSource(
      dispatcher(XDP, code => admitToXdp(code, arrival)),
      maps,
    )
    try {
      const attached = createLink(program, ifindex, 'XDP', MODE_FLAG[mode])
      pin(attached, linkPath(directory, mode, ifindex))
      closeSync(attached)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      forgetUnused(directory)
      throw new Failure(refusalText(name, mode, error))
    } finally {
      closeSync(program)
    }
  } finally {
    closeMaps(maps)
  }
  refreshTargets(directory, interfaces)
}

function refusalText(name: string, mode: XdpMode, error: KernelError): string {
  if (error.code === 'EBUSY') return `${name} has another XDP program: it stays at tc until that is gone`
  const why =
    mode === 'native' ? 'its driver takes no XDP program; generic XDP works on every interface' : error.message
  return `${name} stays at tc: ${why} (${error.code})`
}

/** Leaves an interface to tc. */
export function detachXdp(directory: string, interfaces: readonly Link[], ifindex: number): void {
  detachLink(directory, ifindex)
  forgetUnused(directory)
  refreshTargets(directory, interfaces)
}

/** Puts a program of another shape to work, if XDP is in use at all. */
export function reshapeXdp(table: XdpTable, shape: Shape): void {
  const maps = openMaps(table.directory)
  if (maps === undefined) return
  try {
    reshapeMaps(table, maps, shape)
  } finally {
    closeMaps(maps)
  }
}

/** Finds out anew which interfaces take what XDP sends; forgets links to interfaces that are gone. */
export function refreshTargets(directory: string, interfaces: readonly Link[]): void {
  const maps = openMaps(directory)
  if (maps === undefined) return
  try {
    const pins = linkPins(directory)
    for (const name of pins) if (isDetached(join(directory, name))) unlinkSync(join(directory, name))
    // In the stack, a frame that leaves is a packet again: every interface takes it.
    const native = linkPins(directory).some(name => name.startsWith('xdp-native-'))
    const targets = native
      ? xdpTransmitters(interfaces)
      : interfaces.map(({ ifindex }) => ({ ifindex, sendsBack: true }))
    updateElement(maps[XDP_TARGETS_MAP]!, new Uint8Array(4), encodeXdpTargets(targets))
  } finally {
    closeMaps(maps)
  }
}

type Maps = Readonly<Record<string, number>>

function openMaps(directory: string): Maps | undefined {
  const programs = openPinned(join(directory, 'xdp-programs'))
  const targets = openPinned(join(directory, 'xdp-targets'))
  if (programs !== undefined && targets !== undefined) return { [PROGRAMS_MAP]: programs, [XDP_TARGETS_MAP]: targets }
  for (const fd of [programs, targets]) if (fd !== undefined) closeSync(fd)
  return undefined
}

function makeMaps(directory: string): Maps {
  const sizes = { keyBytes: 4, valueBytes: 4, entries: PROGRAM_SLOTS }
  const programs = createMap({ name: 'sluice_xdp', type: MAP_TYPE.PROG_ARRAY, ...sizes })
  const shape = { keyBytes: 4, valueBytes: XDP_TARGETS_BYTES, entries: 1, mappable: true }
  const targets = createMap({ name: 'sluice_targets', type: MAP_TYPE.ARRAY, ...shape })
  for (const name of ['xdp-programs', 'xdp-targets']) {
    const path = join(directory, name)
    // Left over from somebody who was killed while making them.
    if (existsSync(path)) unlinkSync(path)
  }
  pin(programs, join(directory, 'xdp-programs'))
  pin(targets, join(directory, 'xdp-targets'))
  return { [PROGRAMS_MAP]: programs, [XDP_TARGETS_MAP]: targets }
}

function closeMaps(maps: Maps): void {
  for (const fd of Object.values(maps)) closeSync(fd)
}

/** SCTP is left to tc, as are packets without ports. */
function reshapeMaps({ facts, load }: XdpTable, maps: Maps, shape: Shape): void {
  const protocols = shape.protocols.filter(protocol => protocol !== 'sctp')
  for (const { slot, source } of generation(XDP, facts, { ...shape, protocols })) {
    if (slot === PROGRAM_SLOT.portless) continue
    const program = load(source, maps, shape)
    try {
      updateElement(maps[PROGRAMS_MAP]!, word(slot), word(program))
    } finally {
      closeSync(program)
    }
  }
}

function detachLink(directory: string, ifindex: number): void {
  for (const mode of MODES) {
    const path = linkPath(directory, mode, ifindex)
    if (existsSync(path)) unlinkSync(path)
  }
}

/** When no interface is left, edits need no longer make programs for XDP. */
function forgetUnused(directory: string): void {
  if (linkPins(directory).length > 0) return
  for (const name of ['xdp-programs', 'xdp-targets']) {
    const path = join(directory, name)
    if (existsSync(path)) unlinkSync(path)
  }
}

function linkPins(directory: string): readonly string[] {
  return readdirSync(directory).filter(name => /^xdp-(native|generic)-/.test(name))
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

function linkPath(directory: string, mode: XdpMode, ifindex: number): string {
  return join(directory, `xdp-${mode}-${ifindex}`)
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}
