/** The packet of a run: its bytes, the part that the program can touch, and the room in front of it. */
import { constants } from 'node:os'
import type { Memory } from './interpreter-memory.ts'

const { EINVAL, ENOMEM, EFAULT } = constants.errno

/** Bytes an xdp program may grow the packet by: 256 of headroom less the kernel's own record of the frame. */
const HEADROOM = 256 - 40
const ETHERNET_LENGTH = 14

export class PacketBuffer {
  start: bigint
  private readonly memory: Memory
  private readonly buffer: Uint8Array
  private offset: number = HEADROOM
  private linear: number

  constructor(memory: Memory, packet: Uint8Array, linear: number) {
    this.memory = memory
    this.buffer = new Uint8Array(HEADROOM + packet.length)
    this.buffer.set(packet, HEADROOM)
    this.linear = Math.min(linear, packet.length)
    this.start = this.place()
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(this.offset)
  }
  get length(): number {
    return this.buffer.length - this.offset
  }
  /** Where the bytes end that the program can touch. */
  get end(): bigint {
    return this.start + BigInt(this.linear)
  }
  get etherType(): number {
    return ((this.bytes[12] ?? 0) << 8) | (this.bytes[13] ?? 0)
  }

  /** skb_pull_data: makes `length` bytes touchable, all of them for 0. */
  pull(length: number): number {
    if (length > this.length) return -ENOMEM
    this.linear = Math.max(this.linear, length === 0 ? this.length : length)
    this.move('skb_pull_data may have moved it')
    return 0
  }

  /** xdp_adjust_head: takes bytes off the front, or, for a negative number, puts some there. */
  adjustHead(bytes: number): number {
    if (this.offset + bytes < 0 || this.length - bytes < ETHERNET_LENGTH) return -EINVAL
    this.offset += bytes
    this.linear -= bytes
    this.move('xdp_adjust_head has moved it')
    return 0
  }

  /** skb_store_bytes. */
  store(offset: number, bytes: Uint8Array): number {
    if (offset > 0xffff) return -EFAULT
    if (offset + bytes.length > this.length) return -EFAULT
    this.bytes.set(bytes, offset)
    this.move('skb_store_bytes may have moved it')
    return 0
  }

  private move(why: string): void {
    this.memory.remove(this.start, why)
    this.start = this.place()
  }

  private place(): bigint {
    return this.memory.place({ name: 'the packet', bytes: this.bytes.subarray(0, this.linear) })
  }
}
