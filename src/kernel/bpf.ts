/**
 * bpf(2): maps, programs, pins, links and test runs (include/uapi/linux/bpf.h, union bpf_attr).
 *
 * Every command takes one structure of little-endian fields, zero where nothing is said; `attribute` writes it from a
 * list of offset and value. Pointers in it are addresses of our own memory, kept referenced until the call returns.
 */
import { closeSync, readFileSync } from 'node:fs'
import { FUNCTION_RECORD_LENGTH, LINE_RECORD_LENGTH, programTypes } from '../bpf/btf.ts'
import { type CompiledProgram, compile, link, type ProgramSource, type ProgramType } from '../bpf/compile.ts'
import type { Position } from '../bpf/position.ts'
import { refusalText } from '../bpf/verifier-log.ts'
import { KernelError } from './errors.ts'
import { addressOf, bpf, call, MAP_SHARED, type Mapping, map, PROT_READ, PROT_WRITE, uninterrupted } from './libc.ts'

const COMMAND = {
  MAP_CREATE: 0,
  MAP_LOOKUP: 1,
  MAP_UPDATE: 2,
  MAP_DELETE: 3,
  MAP_NEXT_KEY: 4,
  PROG_LOAD: 5,
  OBJ_PIN: 6,
  OBJ_GET: 7,
  PROG_TEST_RUN: 10,
  PROG_GET_FD_BY_ID: 13,
  OBJ_GET_INFO: 15,
  BTF_LOAD: 18,
  LINK_CREATE: 28,
  LINK_UPDATE: 29,
} as const

export const MAP_TYPE = { HASH: 1, ARRAY: 2, PROG_ARRAY: 3 } as const
const MAP_FLAG_MMAPABLE = 1 << 10

const PROGRAM_TYPE: Readonly<Record<ProgramType, number>> = { tc: 3, xdp: 6 }
export const ATTACH_TYPE = { XDP: 37, TCX_INGRESS: 46, TCX_EGRESS: 47 } as const

/** The verifier writes its verdict here; a program of some thousand instructions fits easily at level 1. */
const LOG_BYTES = 4 << 20
/** Says that helpers which the kernel keeps for GPL programs may be called. */
const LICENSE = new TextEncoder().encode('Dual MIT/GPL\0')

export interface MapShape {
  readonly name: string
  readonly type: number
  readonly keyBytes: number
  readonly valueBytes: number
  readonly entries: number
  /** For arrays: the value can be mapped into memory with `mapMemory`. */
  readonly mappable?: boolean
  /** For values with a timer: their BTF, and the numbers of the key's and the value's type in it. */
  readonly types?: { readonly btf: number; readonly key: number; readonly value: number }
}

/** A new map; the caller owns the descriptor. */
export function createMap(shape: MapShape): number {
  const bytes = attribute(72, [
    [0, shape.type],
    [4, shape.keyBytes],
    [8, shape.valueBytes],
    [12, shape.entries],
    [16, shape.mappable === true ? MAP_FLAG_MMAPABLE : 0],
    [48, shape.types?.btf ?? 0],
    [52, shape.types?.key ?? 0],
    [56, shape.types?.value ?? 0],
  ])
  name(bytes, 28, shape.name)
  return call(`create the map ${shape.name}`, bpf(COMMAND.MAP_CREATE, bytes, bytes.length))
}

/** Sets one element, whether or not it was there. */
export function updateElement(fd: number, key: Uint8Array, value: Uint8Array): void {
  const bytes = attribute(32, [
    [0, fd],
    [8, addressOf(key)],
    [16, addressOf(value)],
  ])
  call('update a map', bpf(COMMAND.MAP_UPDATE, bytes, bytes.length))
}

/** One element's value into `value`; false if the map has no such key. */
export function lookupElement(fd: number, key: Uint8Array, value: Uint8Array): boolean {
  const bytes = attribute(32, [
    [0, fd],
    [8, addressOf(key)],
    [16, addressOf(value)],
  ])
  try {
    call('look up a map', bpf(COMMAND.MAP_LOOKUP, bytes, bytes.length))
    return true
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ENOENT') return false
    throw error
  }
}

/** Takes one element out; false if the map has no such key. */
export function deleteElement(fd: number, key: Uint8Array): boolean {
  const bytes = attribute(32, [
    [0, fd],
    [8, addressOf(key)],
  ])
  try {
    call('delete from a map', bpf(COMMAND.MAP_DELETE, bytes, bytes.length))
    return true
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ENOENT') return false
    throw error
  }
}

/** The only element of a mappable array as memory shared with the programs that use it. */
export function mapMemory(fd: number, length: number, access: 'read' | 'write' = 'write'): Mapping {
  return map('map the memory of a map', fd, length, access === 'write' ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED)
}

/** Registers types with the kernel; the descriptor goes into a map's shape or a program. */
export function loadBtf(types: Uint8Array): number {
  const log = new Uint8Array(4096)
  const bytes = attribute(32, [
    [0, addressOf(types)],
    [16, types.length],
  ])
  const fd = bpf(COMMAND.BTF_LOAD, bytes, bytes.length)
  if (fd >= 0) return fd
  const again = attribute(32, [
    [0, addressOf(types)],
    [8, addressOf(log)],
    [16, types.length],
    [20, log.length],
    [24, 1],
  ])
  return call('load types', bpf(COMMAND.BTF_LOAD, again, again.length))
}

/** What the verifier said when it refused a program, and which line of TypeScript it is about; `log` is all of it. */
export class VerifierError extends Error {
  override readonly name: string = 'VerifierError'
  readonly log: string
  override readonly cause: KernelError
  constructor(program: CompiledProgram, log: string, cause: KernelError) {
    super(`the kernel refused the program ${program.name}: ${refusalText(program, log, sourceLine) || cause.message}`)
    this.log = log
    this.cause = cause
  }
}

/** The line itself, if the sources are at hand. */
function sourceLine({ file, line }: Position): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1]
  } catch {
    return undefined
  }
}

/**
 * Compiles and loads. Positions cost time, so they are kept only when it turns out that somebody will want to read them:
 * a program that the verifier refuses is compiled and refused once more.
 */
export function loadSource(source: ProgramSource, maps: Readonly<Record<string, number>>): number {
  try {
    return loadProgram(compile(source), maps)
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    return loadProgram(compile(source, { positions: true }), maps)
  }
}

/**
 * Verifies and loads a program; `maps` gives a descriptor for every map it names. The caller owns the descriptor.
 * Throws VerifierError with the verifier's log, which names TypeScript lines if the program was compiled with positions.
 */
export function loadProgram(program: CompiledProgram, maps: Readonly<Record<string, number>>): number {
  const instructions = link(program, maps)
  const types = programTypes(program)
  const btf = loadBtf(types.btf)
  try {
    const load = (log: Uint8Array | undefined) => {
      const bytes = attribute(128, [
        [0, PROGRAM_TYPE[program.type]],
        [4, instructions.length / 8],
        [8, addressOf(instructions)],
        [16, addressOf(LICENSE)],
        [24, log === undefined ? 0 : 1],
        [28, log?.length ?? 0],
        [32, log === undefined ? 0 : addressOf(log)],
        [72, btf],
        [76, FUNCTION_RECORD_LENGTH],
        [80, addressOf(types.functions)],
        [88, types.functions.length / FUNCTION_RECORD_LENGTH],
        ...(types.lines.length === 0
          ? []
          : ([
              [92, LINE_RECORD_LENGTH],
              [96, addressOf(types.lines)],
              [104, types.lines.length / LINE_RECORD_LENGTH],
            ] as [number, number | bigint][])),
      ])
      name(bytes, 48, program.name)
      // The verifier gives up with EAGAIN when a signal comes in (do_check, kernel/bpf/verifier.c).
      return uninterrupted(() => call(`load the program ${program.name}`, bpf(COMMAND.PROG_LOAD, bytes, bytes.length)))
    }
    try {
      return load(undefined)
    } catch (error) {
      if (!(error instanceof KernelError) || error.code === 'EPERM') throw error
      const log = new Uint8Array(LOG_BYTES)
      try {
        return load(log)
      } catch (refusal) {
        if (!(refusal instanceof KernelError)) throw refusal
        throw new VerifierError(program, text(log), refusal)
      }
    }
  } finally {
    closeSync(btf)
  }
}

/** Gives a map, program or link a name in a bpffs, which keeps it alive. */
export function pin(fd: number, path: string): void {
  const where = cString(path)
  const bytes = attribute(24, [
    [0, addressOf(where)],
    [8, fd],
  ])
  call(`pin ${path}`, bpf(COMMAND.OBJ_PIN, bytes, bytes.length))
}

/** Opens what is pinned at `path`, or undefined if nothing is. The caller owns the descriptor. */
export function openPinned(path: string): number | undefined {
  const where = cString(path)
  const bytes = attribute(24, [[0, addressOf(where)]])
  try {
    return call(`open ${path}`, bpf(COMMAND.OBJ_GET, bytes, bytes.length))
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Attaches a program to an interface; the link holds it there until its last pin and descriptor are gone. `flags` are the
 * attach type's own.
 */
export function createLink(program: number, ifindex: number, type: keyof typeof ATTACH_TYPE, flags = 0): number {
  const bytes = attribute(64, [
    [0, program],
    [4, ifindex],
    [8, ATTACH_TYPE[type]],
    [12, flags],
  ])
  return call(`attach a program to interface ${ifindex}`, bpf(COMMAND.LINK_CREATE, bytes, bytes.length))
}

/** Puts another program in place of the attached one, between two packets. */
export function updateLink(link: number, program: number): void {
  const bytes = attribute(32, [
    [0, link],
    [4, program],
  ])
  call('replace an attached program', bpf(COMMAND.LINK_UPDATE, bytes, bytes.length))
}

/** The interface that a TCX or XDP link holds its program at; 0 once that interface is gone (`struct bpf_link_info`). */
export function linkInterface(link: number): number {
  const info = new Uint8Array(64)
  const bytes = attribute(16, [
    [0, link],
    [4, info.length],
    [8, addressOf(info)],
  ])
  call('ask what a link is attached to', bpf(COMMAND.OBJ_GET_INFO, bytes, bytes.length))
  return new DataView(info.buffer).getUint32(16, true)
}

export interface TestRun {
  readonly verdict: number
  readonly packet: Uint8Array
  /** Nanoseconds per run, as the kernel timed them. */
  readonly durationNs: number
}

/** Runs a program on a packet without sending anything (`BPF_PROG_TEST_RUN`). `context` is a __sk_buff or xdp_md to start from. */
export function testRun(
  program: number,
  packet: Uint8Array,
  options: { repeat?: number; context?: Uint8Array; outputBytes?: number } = {},
): TestRun {
  const output = new Uint8Array(options.outputBytes ?? packet.length + 256)
  const context = options.context
  const bytes = attribute(80, [
    [0, program],
    [8, packet.length],
    [12, output.length],
    [16, addressOf(packet)],
    [24, addressOf(output)],
    [32, options.repeat ?? 1],
    ...(context === undefined
      ? []
      : ([
          [40, context.length],
          [48, addressOf(context)],
        ] as [number, number | bigint][])),
  ])
  call('run a program on a packet', bpf(COMMAND.PROG_TEST_RUN, bytes, bytes.length))
  const view = new DataView(bytes.buffer)
  return {
    verdict: view.getUint32(4, true),
    packet: output.subarray(0, view.getUint32(12, true)),
    durationNs: view.getUint32(36, true),
  }
}

/** BPF_F_TEST_XDP_LIVE_FRAMES, of 5.18 */
const LIVE_FRAMES = 1 << 1

/** Runs an XDP program on so many copies of a frame and does with each what it says: sends it, gives it to the stack. */
export function runOnFrames(program: number, frame: Uint8Array, count: number): void {
  const bytes = attribute(80, [
    [0, program],
    [8, frame.length],
    [16, addressOf(frame)],
    [32, count],
    [64, LIVE_FRAMES],
  ])
  call('run a program on live frames', bpf(COMMAND.PROG_TEST_RUN, bytes, bytes.length))
}

/** Bytes of a structure with 32-bit numbers and, as bigint, 64-bit ones at their offsets. */
function attribute(length: number, fields: readonly (readonly [number, number | bigint])[]): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  for (const [offset, value] of fields) {
    if (typeof value === 'bigint') view.setBigUint64(offset, value, true)
    else view.setUint32(offset, value, true)
  }
  return bytes
}

/** Object names have at most 15 letters. */
function name(bytes: Uint8Array, offset: number, text: string): void {
  bytes.set(new TextEncoder().encode(text).subarray(0, 15), offset)
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
