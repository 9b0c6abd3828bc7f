/**
 * The memory that a program sees: areas far apart in one space of addresses, so that a pointer which runs out of its
 * area hits nothing. Area n lies around n · 2^40 + 2^39; a pointer before its start is recognised as such.
 */
import type { ByteSize } from './instruction.ts'

/** An access that the kernel would not have let through. The interpreter makes a Fault of it, which says where. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
}

export interface Area {
  readonly name: string
  readonly bytes: Uint8Array
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

interface Placed extends Area {
  readonly view: DataView
  readonly base: number
  /** Why its addresses are no longer good, once they are not. */
  gone: string | undefined
}

export class Memory {
  private readonly areas: (Placed | undefined)[] = [undefined]
  private readonly addresses = new Map<Uint8Array, bigint>()

  /** Places an area; its first byte's address. */
  place(area: Area): bigint {
    const base = this.areas.length * SPAN + HALF
    const { buffer, byteOffset, byteLength } = area.bytes
    this.areas.push({ ...area, view: new DataView(buffer, byteOffset, byteLength), base, gone: undefined })
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
    this.at(address).area.gone = why
  }

  load(address: bigint, size: ByteSize): bigint {
    const { area, offset } = this.at(address)
    if (area.fields !== undefined) return area.fields.load(offset, size)
    checkBounds(area, offset, size, 'reads')
    checkWritten(area, offset, size)
    switch (size) {
      case 1:
        return BigInt(area.view.getUint8(offset))
      case 2:
        return BigInt(area.view.getUint16(offset, true))
      case 4:
        return BigInt(area.view.getUint32(offset, true))
      case 8:
        return area.view.getBigUint64(offset, true)
    }
  }

  store(address: bigint, size: ByteSize, value: bigint): void {
    const { area, offset } = this.at(address)
    if (area.fields !== undefined) {
      area.fields.store(offset, size, value)
      return
    }
    checkBounds(area, offset, size, 'writes')
    area.written?.fill(1, offset, offset + size)
    switch (size) {
      case 1:
        area.view.setUint8(offset, Number(value & 0xffn))
        return
      case 2:
        area.view.setUint16(offset, Number(value & 0xffffn), true)
        return
      case 4:
        area.view.setUint32(offset, Number(value & 0xffff_ffffn), true)
        return
      case 8:
        area.view.setBigUint64(offset, value, true)
    }
  }

  /** The bytes themselves, for a helper that reads or writes them. */
  bytes(address: bigint, length: number, access: 'read' | 'write'): Uint8Array {
    const { area, offset } = this.at(address)
    if (area.fields !== undefined) throw new Refusal(`a helper is given the ${area.name}`)
    checkBounds(area, offset, length, access === 'read' ? 'has a helper read' : 'has a helper write')
    if (access === 'read') checkWritten(area, offset, length)
    else area.written?.fill(1, offset, offset + length)
    return area.bytes.subarray(offset, offset + length)
  }

  private at(address: bigint): { area: Placed; offset: number } {
    const number = address < ADDRESS_MAX ? Number(address) : 0
    const area = this.areas[Math.floor(number / SPAN)]
    if (area === undefined) throw new Refusal(`0x${address.toString(16)} is not the address of anything`)
    if (area.gone !== undefined) throw new Refusal(`points into ${area.name}, but ${area.gone}`)
    return { area, offset: number - area.base }
  }
}

function checkBounds(area: Area, offset: number, size: number, doing: string): void {
  if (offset >= 0 && offset + size <= area.bytes.length) return
  throw new Refusal(`${doing} bytes ${offset} to ${offset + size} of ${area.name}, which has ${area.bytes.length}`)
}

function checkWritten(area: Area, offset: number, size: number): void {
  if (area.written === undefined) return
  for (let at = offset; at < offset + size; at++)
    if (area.written[at] === 0) throw new Refusal(`reads byte ${at} of ${area.name}, which nothing has written`)
}
