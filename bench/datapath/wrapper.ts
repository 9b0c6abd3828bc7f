/**
 * A program that can be run on one packet a million times, though each run changes it: before the program proper, the
 * packet is made again what it was. Whatever a tunnel put before it is taken off, every byte of the headers is
 * written anew, and, for many flows, one address is moved on to that of the next flow.
 *
 * Flows come in the order of a linear congruence: each of them once in so many packets, and no prefetcher knows
 * the next. The address is 10.x.y.z; the IP checksum follows it, and TCP's sequence number makes up for it, so that
 * all checksums are right.
 */

import { CONTEXT_BYTES, type Hook } from '../../src/balancer/program/hook.ts'
import type { Code } from '../../src/bpf/code.ts'
import type { ProgramSource } from '../../src/bpf/compile.ts'
import { HELPER } from '../../src/bpf/helper.ts'
import type { Value } from '../../src/bpf/value.ts'

export const BENCH_MAP = 'bench'
export const BENCH_MAP_BYTES = 64
/** The flow that comes next. */
const NEXT = [0, 'u32'] as const

/** Ethernet, IPv4 and TCP without options. */
export const FRAME_BYTES = 54
const IP_CHECKSUM = [24, 'u16'] as const
const SEQUENCE = [38, 'u32'] as const
export const ADDRESS = { source: [26, 'u32'], destination: [30, 'u32'] } as const
const CONGRUENCE = { factor: 1_664_525, summand: 1_013_904_223 } as const
/** skb_adjust_room: between the MAC and the network header. */
const ROOM_MAC = 1

export interface Repetition {
  /** The frame, of 54 bytes, whose varied address is 10.0.0.0. */
  readonly frame: Uint8Array
  /** A power of two. */
  readonly flows: number
  readonly varied: keyof typeof ADDRESS
  /** Bytes that the program puts before the packet. */
  readonly overhead: number
}

/** The program with everything before it that makes it repeatable. */
export function repeatable(source: ProgramSource, hook: Hook, repetition: Repetition): ProgramSource {
  return {
    ...source,
    name: 'bench',
    main: code => {
      restore(code, hook, repetition)
      source.main(code)
    },
  }
}

/** A program that passes everything at once. */
export function empty(hook: Hook): ProgramSource {
  return { name: 'empty', type: hook.type, main: code => code.exit(hook.pass) }
}

function restore(code: Code, hook: Hook, { frame, flows, varied, overhead }: Repetition): void {
  const context = code.parameter(0)
  const stop = () => code.exit(hook.drop)
  const fields = () => code.pointer(context, CONTEXT_BYTES)
  if (overhead > 0) {
    const length = fields().get(hook.dataEnd).sub(fields().get(hook.data))
    code.when(length.gt(FRAME_BYTES), () => {
      if (hook.type === 'xdp') code.call(HELPER.adjustHead, context, overhead)
      else code.call(HELPER.adjustRoom, context, -overhead, ROOM_MAC, 0)
    })
  }
  const data = fields().get(hook.data)
  code.guard(data.add(FRAME_BYTES).le(fields().get(hook.dataEnd)), stop)
  const packet = code.pointer(data, FRAME_BYTES, true)
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_BYTES)
  for (let at = 0; at + 8 <= 48; at += 8) packet.set([at, 'u64'], view.getBigUint64(at, true))
  packet.set([46, 'u64'], view.getBigUint64(46, true))
  if (flows === 1) return

  const state = code.region({ map: BENCH_MAP, bytes: BENCH_MAP_BYTES }, 0, BENCH_MAP_BYTES)
  const flow = state
    .get(NEXT)
    .mul(CONGRUENCE.factor)
    .add(CONGRUENCE.summand)
    .and(flows - 1)
  state.set(NEXT, flow)
  // In raw order the number's bytes follow that of the 10.
  const grown = flow.shl(8)
  packet.set(ADDRESS[varied], grown.add(view.getUint32(ADDRESS[varied][0], true)))
  packet.set(SEQUENCE, grown.xor(0xffff_ffff))
  packet.set(IP_CHECKSUM, lessened(view.getUint16(IP_CHECKSUM[0], true), grown))
}

/** An Internet checksum after its data grew by a number; raw. */
function lessened(checksum: number, by: Value): Value {
  const sum = by
    .and(0xffff)
    .add(by.shr(16))
    .add(checksum ^ 0xffff)
  const once = sum.and(0xffff).add(sum.shr(16))
  return once.and(0xffff).add(once.shr(16)).xor(0xffff)
}
