/** Fields of records in a table's memory, for the control plane: the counterpart of `Pointer` in the data path. */
import type { Field } from '../bpf/value.ts'

export class Memory {
  readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A field of the record that starts at `record`. */
  get(record: number, [offset, type]: Field): number {
    const at = record + offset
    switch (type) {
      case 'u8':
        return this.view.getUint8(at)
      case 'u16':
        return this.view.getUint16(at, true)
      case 'u32':
        return this.view.getUint32(at, true)
      case 'be16':
        return this.view.getUint16(at)
      case 'be32':
        return this.view.getUint32(at)
      case 'u64':
        return Number(this.view.getBigUint64(at, true))
    }
  }

  set(record: number, [offset, type]: Field, value: number): void {
    const at = record + offset
    switch (type) {
      case 'u8':
        this.view.setUint8(at, value)
        return
      case 'u16':
        this.view.setUint16(at, value, true)
        return
      case 'u32':
        this.view.setUint32(at, value, true)
        return
      case 'be16':
        this.view.setUint16(at, value)
        return
      case 'be32':
        this.view.setUint32(at, value)
        return
      case 'u64':
        this.view.setBigUint64(at, BigInt(value), true)
    }
  }

  getWide(record: number, [offset]: Field): bigint {
    return this.view.getBigUint64(record + offset, true)
  }

  setWide(record: number, [offset]: Field, value: bigint): void {
    this.view.setBigUint64(record + offset, BigInt.asUintN(64, value), true)
  }

  slice(start: number, length: number): Uint8Array {
    return this.bytes.subarray(start, start + length)
  }
}
