/**
 * The structure a program is handed with its packet: `__sk_buff` for tc, `xdp_md` for xdp (include/uapi/linux/bpf.h).
 * Programs read `data` and `data_end` from it as 32-bit fields and get whole addresses; the other fields are numbers.
 */
import type { ProgramType } from './compile.ts'
import type { ByteSize } from './instruction.ts'
import { type Fields, Refusal } from './interpreter-memory.ts'

/** What a test may say of a packet beside its bytes. Everything that is not said is zero. */
export interface ContextFields {
  readonly mark?: number
  readonly priority?: number
  readonly packetType?: number
  /** The Ethernet type, as people write it: 0x0800. Without it, what the frame says. */
  readonly protocol?: number
  readonly ifindex?: number
  readonly ingressIfindex?: number
  readonly gsoSegments?: number
  readonly gsoSize?: number
  readonly wireLength?: number
}

type FieldName = keyof ContextFields | 'length' | 'data' | 'dataEnd'

const OFFSETS: Readonly<Record<ProgramType, Readonly<Partial<Record<FieldName, number>>>>> = {
  tc: {
    length: 0,
    packetType: 4,
    mark: 8,
    protocol: 16,
    priority: 32,
    ingressIfindex: 36,
    ifindex: 40,
    data: 76,
    dataEnd: 80,
    wireLength: 160,
    gsoSegments: 164,
    gsoSize: 176,
  },
  xdp: { data: 0, dataEnd: 4, ingressIfindex: 12 },
}
const LENGTHS: Readonly<Record<ProgramType, number>> = { tc: 192, xdp: 24 }

/** First byte and end of what a program may write: mark, priority, tc_index, cb, tc_classid. */
const WRITABLE: Readonly<Record<ProgramType, readonly (readonly [number, number])[]>> = {
  tc: [
    [8, 12],
    [32, 36],
    [44, 68],
    [72, 76],
  ],
  xdp: [],
}

/** The structure's bytes, as the interpreter starts from them and as a test run in the kernel takes them. */
export function contextBytes(type: ProgramType, fields: ContextFields): Uint8Array {
  const bytes = new Uint8Array(LENGTHS[type])
  const view = new DataView(bytes.buffer)
  for (const [name, value] of Object.entries(fields) as [keyof ContextFields, number][]) {
    const offset = OFFSETS[type][name]
    if (offset === undefined) throw new RangeError(`the context of an ${type} program has no ${name}`)
    view.setUint32(offset, name === 'protocol' ? swap16(value) : value, true)
  }
  return bytes
}

/** Where the packet is now, for the fields that say so. */
export interface PacketPlace {
  readonly start: bigint
  readonly end: bigint
  readonly length: number
  readonly etherType: number
}

export class Context implements Fields {
  readonly bytes: Uint8Array
  private readonly type: ProgramType
  private readonly place: () => PacketPlace
  private readonly protocolGiven: boolean

  constructor(type: ProgramType, fields: ContextFields, place: () => PacketPlace) {
    this.type = type
    this.bytes = contextBytes(type, fields)
    this.place = place
    this.protocolGiven = fields.protocol !== undefined
  }

  load(offset: number, size: ByteSize): bigint {
    if (offset < 0 || offset + size > this.bytes.length) throw new Refusal(`the context has no byte ${offset}`)
    const field = OFFSETS[this.type]
    if (offset === field.data || offset === field.dataEnd) {
      if (size !== 4) throw new Refusal(`data and data_end are read as 4 bytes, not ${size}`)
      return offset === field.data ? this.place().start : this.place().end
    }
    if (offset === field.length) return BigInt(this.place().length)
    if (offset === field.protocol && !this.protocolGiven) return BigInt(swap16(this.place().etherType))
    let value = 0n
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[offset + i]!)
    return value
  }

  store(offset: number, size: ByteSize, value: bigint): void {
    if (!WRITABLE[this.type].some(([start, end]) => offset >= start && offset + size <= end))
      throw new Refusal(`byte ${offset} of the context is not for writing`)
    for (let i = 0; i < size; i++) this.bytes[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff)
}
