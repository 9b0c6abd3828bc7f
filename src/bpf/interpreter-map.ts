/**
 * Maps as a program sees them, in plain memory. `lookup` gives the value itself, not a copy of it: what the program
 * writes there stays. Errors are the kernel's, negative.
 */
import { constants } from 'node:os'
import type { CompiledProgram } from './compile.ts'

export interface MapModel {
  readonly keyBytes: number
  readonly valueBytes: number
  lookup(key: Uint8Array): Uint8Array | undefined
  update(key: Uint8Array, value: Uint8Array, flags: number): number
  delete(key: Uint8Array): number
}

/** The programs that a tail call can go to, by index. */
export interface ProgramArray {
  readonly programs: readonly (CompiledProgram | undefined)[]
}

/** Flags of an update: whatever is there, only if nothing is, only if something is. */
const UPDATE = { any: 0, noExist: 1, exist: 2 } as const
const { E2BIG, EEXIST, EINVAL, ENOENT } = constants.errno

/** All elements are there from the start and cannot go; the key is the index, 4 bytes. */
export class ArrayModel implements MapModel {
  readonly keyBytes = 4
  readonly valueBytes: number
  private readonly values: readonly Uint8Array[]

  constructor(entries: number, valueBytes: number, bytes: Uint8Array = new Uint8Array(entries * valueBytes)) {
    this.valueBytes = valueBytes
    this.values = Array.from({ length: entries }, (_, i) => bytes.subarray(i * valueBytes, (i + 1) * valueBytes))
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.values[indexOf(key)]
  }
  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    const found = this.lookup(key)
    if (found === undefined) return -E2BIG
    if (flags === UPDATE.noExist) return -EEXIST
    found.set(value)
    return 0
  }
  delete(_key: Uint8Array): number {
    return -EINVAL
  }
}

export class HashModel implements MapModel {
  readonly keyBytes: number
  readonly valueBytes: number
  private readonly entries: number
  private readonly values = new Map<string, Uint8Array>()

  constructor(entries: number, keyBytes: number, valueBytes: number) {
    this.entries = entries
    this.keyBytes = keyBytes
    this.valueBytes = valueBytes
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(textOf(key))
  }
  /** A new value takes the place of the old one; who still holds the old one keeps it, as in the kernel. */
  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    const there = this.values.has(textOf(key))
    if (flags === UPDATE.noExist && there) return -EEXIST
    if (flags === UPDATE.exist && !there) return -ENOENT
    if (!there && this.values.size >= this.entries) return -E2BIG
    this.values.set(textOf(key), value.slice())
    return 0
  }
  delete(key: Uint8Array): number {
    return this.values.delete(textOf(key)) ? 0 : -ENOENT
  }
}

function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(0, true)
}

function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key)
}
