/**
 * The memory that a program sees: areas far apart in one space of addresses, so that a pointer which runs out of its
 * area hits nothing. Area n lies around n · 2^40 + 2^39; a pointer before its start is recognised as such.
 */
import { viewOf } from '../bytes/view.ts'
import type { ByteSize } from './instruction.ts'

/** An access that the kernel would not have let through. The interpreter makes a Fault of it, which says where. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
}

export interface Area {
  readonly name: string
  readonly bytes: Uint8Array
  /** Takes only accesses that are aligned to their size. */
  readonly aligned?: true
  /** For memory that starts without a meaning: which bytes have been written. */
  readonly written?: Uint8Array
  /** Takes accesses to a structure whose fields are not as they lie: a packet's context. */
  readonly fields?: Fields
}

export interface Fields {
  load(offset: number, size: ByteSize): bigint
  store(offset: number, size: ByteSize, value: bigint): void
}

const SPAN = 2 ** 40
const HALF = 2 ** 39
/** Numbers above this are no address of ours, and would not be exact. */
const ADDRESS_MAX = 2n ** 52n
/** From so many areas on, the place of one that is gone is used again: a loop may call a function millions of times. */
const AREAS_MANY = 1024

class Placed {
  readonly area: Area
  readonly base: number
  /** Why its addresses are no longer good, once they are not. */
  gone: string | undefined = undefined
  private dataView: DataView | undefined

  constructor(area: Area, base: number) {
    this.area = area
    this.base = base
  }

  /** Made when first wanted: most runs touch few of their areas. */
  get view(): DataView {
    this.dataView ??= viewOf(this.area.bytes)
    return this.dataView
  }
}

export class Memory {
  private readonly areas: (Placed | undefined)[] = [undefined]
  private readonly addresses = new Map<Uint8Array, bigint>()
  /** Bases of areas that are gone. */
  private readonly vacant: number[] = []

  /** Places an area; its first byte's address. */
  place(area: Area): bigint {
    const reused = this.areas.length < AREAS_MANY ? undefined : this.vacant.pop()
    const base = reused ?? this.areas.length * SPAN + HALF
    this.areas[Math.floor(base / SPAN)] = new Placed(area, base)
    return BigInt(base)
  }

  /** The address of bytes that live outside the program: the same for the same array, however often it is asked. */
  addressOf(bytes: Uint8Array, name: string): bigint {
    const known = this.addresses.get(bytes)
    if (known !== undefined) return known
    const address = this.place({ name, bytes })
    this.addresses.set(bytes, address)
    return address
  }

  /** From now on, who uses an address in this area is told `why` it is no longer good. */
  remove(address: bigint, why: string): void {
    const placed = this.at(address)
    placed.gone = why
    this.vacant.push(placed.base)
  }

  load(address: bigint, size: ByteSize): bigint {
    const placed = this.at(address)
    const { area, view } = placed
    const offset = Number(address) - placed.base
    if (area.fields !== undefined) return area.fields.load(offset, size)
    checkBounds(area, offset, size, 'reads')
    checkAligned(area, offset, size)
    checkWritten(area, offset, size)
    switch (size) {
      case 1:
        return BigInt(view.getUint8(offset))
      case 2:
        return BigInt(view.getUint16(offset, true))
      case 4:
        return BigInt(view.getUint32(offset, true))
      case 8:
        return view.getBigUint64(offset, true)
    }
  }

  store(address: bigint, size: ByteSize, value: bigint): void {
    const placed = this.at(address)
    const { area, view } = placed
    const offset = Number(address) - placed.base
    if (area.fields !== undefined) {
      area.fields.store(offset, size, value)
      return
    }
    checkBounds(area, offset, size, 'writes')
    checkAligned(area, offset, size)
    area.written?.fill(1, offset, offset + size)
    switch (size) {
      case 1:
        view.setUint8(offset, Number(value & 0xffn))
        return
      case 2:
        view.setUint16(offset, Number(value & 0xffffn), true)
        return
      case 4:
        view.setUint32(offset, Number(value & 0xffff_ffffn), true)
        return
      case 8:
        view.setBigUint64(offset, value, true)
    }
  }

  /** The bytes themselves, for a helper that reads or writes them. */
  bytes(address: bigint, length: number, access: 'read' | 'write'): Uint8Array {
    const { area, base } = this.at(address)
    const offset = Number(address) - base
    if (area.fields !== undefined) throw new Refusal(`a helper is given the ${area.name}`)
    checkBounds(area, offset, length, access === 'read' ? 'has a helper read' : 'has a helper write')
    if (access === 'read') checkWritten(area, offset, length)
    else area.written?.fill(1, offset, offset + length)
    return area.bytes.subarray(offset, offset + length)
  }

  /** All the bytes that were placed together with the one at this address. */
  around(address: bigint): Uint8Array {
    return this.at(address).area.bytes
  }

  private at(address: bigint): Placed {
    const placed = address < ADDRESS_MAX ? this.areas[Math.floor(Number(address) / SPAN)] : undefined
    if (placed === undefined) throw new Refusal(`0x${address.toString(16)} is not the address of anything`)
    if (placed.gone !== undefined) throw new Refusal(`points into ${placed.area.name}, but ${placed.gone}`)
    return placed
  }
}

function checkBounds(area: Area, offset: number, size: number, doing: string): void {
  if (offset >= 0 && offset + size <= area.bytes.length) return
  throw new Refusal(`${doing} bytes ${offset} to ${offset + size} of ${area.name}, which has ${area.bytes.length}`)
}

function checkAligned(area: Area, offset: number, size: number): void {
  if (area.aligned && offset % size !== 0) throw new Refusal(`touches ${size} bytes of ${area.name} at ${offset}`)
}

function checkWritten(area: Area, offset: number, size: number): void {
  if (area.written === undefined) return
  for (let at = offset; at < offset + size; at++)
    if (area.written[at] === 0) throw new Refusal(`reads byte ${at} of ${area.name}, which nothing has written`)
}
