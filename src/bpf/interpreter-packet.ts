/** The packet of a run: its bytes, the part that the program can touch, and the room in front of it. */
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import type { Memory } from './interpreter-memory.ts'

const { EFAULT, EINVAL, ENOMEM } = constants.errno
/** Not among the errors of user space, but helpers return it. */
const ENOTSUPP = 524

/** Bytes an xdp program may grow the packet by: 256 of headroom less the kernel's own record of the frame. */
const HEADROOM = 256 - 40
const ETHERNET_LENGTH = 14
const OFFSET_MAX = 0xffff
/** A packet of the kernel's largest single piece of memory, 16384 bytes less its bookkeeping. */
const LENGTH_MAX = 16384 - 320
const ROOM_MAX = 0xfff
/** Where skb_adjust_room makes room: behind the network header, or in front of it. */
const ROOM = { network: 0, mac: 1 } as const

export class PacketBuffer {
  /** The packet as a whole. */
  bytes: Uint8Array
  start: bigint
  private readonly memory: Memory
  private headroom: number = HEADROOM
  private linear: number

  constructor(memory: Memory, packet: Uint8Array, linear: number) {
    this.memory = memory
    this.bytes = packet.slice()
    this.linear = Math.min(linear, packet.length)
    this.start = this.place()
  }

  get length(): number {
    return this.bytes.length
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
    if (this.headroom + bytes < 0 || this.length - bytes < ETHERNET_LENGTH) return -EINVAL
    this.headroom += bytes
    this.splice(0, bytes, 'xdp_adjust_head has moved it')
    return 0
  }

  /** skb_change_tail: a new length; what is added is zero. */
  changeTail(length: number): number {
    if (length < ETHERNET_LENGTH || length > LENGTH_MAX) return -EINVAL
    const whole = new Uint8Array(length)
    whole.set(this.bytes.subarray(0, length))
    this.bytes = whole
    this.linear = length
    this.move('skb_change_tail may have moved it')
    return 0
  }

  /** skb_adjust_room: makes room of zeros before or behind the network header, or takes some away. */
  adjustRoom(bytes: number, mode: number): number {
    if (Math.abs(bytes) > ROOM_MAX) return -EFAULT
    const network = NETWORK_LENGTHS.get(this.etherType)
    if (network === undefined) return -ENOTSUPP
    if (mode !== ROOM.network && mode !== ROOM.mac) return -ENOTSUPP
    if (bytes < 0 && this.length + bytes < ETHERNET_LENGTH + network) return -ENOTSUPP
    this.splice(ETHERNET_LENGTH + (mode === ROOM.mac ? 0 : network), -bytes, 'skb_adjust_room has moved it')
    return 0
  }

  /** skb_store_bytes. */
  store(offset: number, bytes: Uint8Array): number {
    if (offset > OFFSET_MAX || offset + bytes.length > this.length) return -EFAULT
    this.bytes.set(bytes, offset)
    this.move('skb_store_bytes may have moved it')
    return 0
  }

  /** l4_csum_replace, and the like: gives `change` the 16 bits at an offset, as they lie, and keeps what it makes of them. */
  replace(offset: number, change: (field: number) => number): number {
    if (offset > OFFSET_MAX || offset % 2 !== 0 || offset + 2 > this.length) return -EFAULT
    const view = viewOf(this.bytes)
    view.setUint16(offset, change(view.getUint16(offset, true)), true)
    this.move('l4_csum_replace may have moved it')
    return 0
  }

  /** Takes so many bytes out at an offset, or, for a negative number, puts zeros in. */
  private splice(offset: number, bytes: number, why: string): void {
    const whole = new Uint8Array(this.length - bytes)
    whole.set(this.bytes.subarray(0, offset))
    whole.set(this.bytes.subarray(offset + Math.max(bytes, 0)), offset + Math.max(-bytes, 0))
    this.bytes = whole
    this.linear -= bytes
    this.move(why)
  }

  private move(why: string): void {
    this.memory.remove(this.start, why)
    this.start = this.place()
  }

  private place(): bigint {
    return this.memory.place({ name: 'the packet', bytes: this.bytes.subarray(0, this.linear) })
  }
}

/** Of IPv4 and IPv6, without options: what skb_adjust_room takes for the network header. */
const NETWORK_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x0800, 20],
  [0x86dd, 40],
])
