/**
 * BTF, the kernel's type format (Documentation/bpf/btf.rst): as much of it as a program needs. A callback must be known
 * as a static function; a timer must be known where it lies in its map; the lines of the source make the verifier's
 * messages and the kernel's dumps name the TypeScript.
 *
 *   header, 24 bytes                types                    strings
 *  +------------------------------+------------------------+---------------------------+
 *  | 0xeb9f 1 0 24 off len off len | 12 bytes + kind's own … | 0-terminated, first empty |
 *  +------------------------------+------------------------+---------------------------+
 */

import { basename } from 'node:path'
import type { CompiledProgram } from './compile.ts'
import type { Position } from './position.ts'

const MAGIC = 0xeb9f
const HEADER_LENGTH = 24
const KIND = { INT: 1, STRUCT: 4, FUNC: 12, FUNC_PROTO: 13, ARRAY: 3, PTR: 2 } as const
const LINKAGE = { STATIC: 0, GLOBAL: 1 } as const

/** Collects types and strings; a type's number is its place, from 1 on. */
export class Btf {
  private readonly types: number[][] = []
  private strings = '\0'
  private readonly places = new Map<string, number>([['', 0]])

  string(text: string): number {
    const known = this.places.get(text)
    if (known !== undefined) return known
    const place = Buffer.byteLength(this.strings)
    this.strings += `${text}\0`
    this.places.set(text, place)
    return place
  }

  /** An unsigned integer type of whole bytes. */
  integer(name: string, bytes: number): number {
    return this.type(name, KIND.INT, 0, bytes, [bytes * 8])
  }

  array(element: number, index: number, length: number): number {
    return this.type('', KIND.ARRAY, 0, 0, [element, index, length])
  }

  /** Members with their byte offsets. */
  struct(name: string, bytes: number, members: readonly { name: string; type: number; offset: number }[]): number {
    return this.type(
      name,
      KIND.STRUCT,
      members.length,
      bytes,
      members.flatMap(member => [this.string(member.name), member.type, member.offset * 8]),
    )
  }

  /** A function of so many parameters of one type, which it returns as well. */
  function(name: string, type: number, parameters: number, linkage: 'static' | 'global'): number {
    const list = Array.from({ length: parameters }, (_, i) => [this.string(`r${i + 1}`), type]).flat()
    const prototype = this.type('', KIND.FUNC_PROTO, parameters, type, list)
    return this.type(name, KIND.FUNC, linkage === 'static' ? LINKAGE.STATIC : LINKAGE.GLOBAL, prototype, [])
  }

  /** The bytes for `BPF_BTF_LOAD`. */
  encode(): Uint8Array {
    const types = new Uint8Array(Uint32Array.from(this.types.flat()).buffer)
    const strings = Buffer.from(this.strings)
    const bytes = new Uint8Array(HEADER_LENGTH + types.length + strings.length)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, MAGIC, true)
    view.setUint8(2, 1)
    view.setUint32(4, HEADER_LENGTH, true)
    view.setUint32(8, 0, true)
    view.setUint32(12, types.length, true)
    view.setUint32(16, types.length, true)
    view.setUint32(20, strings.length, true)
    bytes.set(types, HEADER_LENGTH)
    bytes.set(strings, HEADER_LENGTH + types.length)
    return bytes
  }

  /** name_off, info (kind in bits 24 to 28, count in the low half), size or type, then what the kind adds. */
  private type(name: string, kind: number, count: number, sizeOrType: number, more: readonly number[]): number {
    return this.types.push([this.string(name), (kind << 24) | count, sizeOrType, ...more])
  }
}

/** What `BPF_PROG_LOAD` takes beside the instructions: types, and records of 8 and 16 bytes that point into them. */
export interface ProgramTypes {
  readonly btf: Uint8Array
  readonly functions: Uint8Array
  readonly lines: Uint8Array
}

export const FUNCTION_RECORD_LENGTH = 8
export const LINE_RECORD_LENGTH = 16

/** The types of a program's functions, and its lines where it was compiled with positions. */
export function programTypes(program: CompiledProgram): ProgramTypes {
  const btf = new Btf()
  const word = btf.integer('long', 8)
  const functions = program.functions.map(({ name, start, parameters }, index) => [
    start,
    btf.function(name, word, parameters, index === 0 ? 'global' : 'static'),
  ])
  const lines: number[] = []
  const starts = new Set(program.functions.map(({ start }) => start))
  let last = ''
  for (const [at, { instruction, ...line }] of program.lines.entries()) {
    // The kernel wants a record at the start of every function, where the compiler may have put a move of its own.
    const position = starts.has(at) ? firstPosition(program, at) : line.position
    if (position === undefined || (at > 0 && instruction.opcode === 0)) continue
    const here = `${position.file}:${position.line}:${position.column}`
    if (here === last && !starts.has(at)) continue
    last = here
    // bits 10 and up are the line, the rest is the column
    lines.push(
      at,
      btf.string(basename(position.file)),
      btf.string(`${basename(position.file)}:${position.line}`),
      (position.line << 10) | Math.min(position.column, 1023),
    )
  }
  return {
    btf: btf.encode(),
    functions: new Uint8Array(Uint32Array.from(functions.flat()).buffer),
    lines: new Uint8Array(Uint32Array.from(lines).buffer),
  }
}

function firstPosition(program: CompiledProgram, start: number): Position | undefined {
  return program.lines.slice(start).find(({ position }) => position !== undefined)?.position
}
