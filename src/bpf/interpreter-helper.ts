/** The helpers that need no kernel (include/uapi/linux/bpf.h says what each does). Those left out are the caller's. */
import { constants } from 'node:os'
import { HELPER, type HelperKey } from './helper.ts'
import { checksumDifference, checksumFlags, replaceChecksum } from './interpreter-checksum.ts'
import type { Caller, HelperFunction } from './interpreter-machine.ts'
import { Refusal } from './interpreter-memory.ts'
import type { Timers } from './interpreter-timer.ts'

const { E2BIG, EINVAL } = constants.errno

const TC_ACT_SHOT = 2
const TC_ACT_REDIRECT = 7
const XDP_ABORTED = 0
const XDP_REDIRECT = 4
const BPF_F_INGRESS = 1n
/** sizeof(struct bpf_redir_neigh): a family and an address. */
const NEXT_HOP_LENGTH = 20
/** What skb_adjust_room may be told beside the mode: nine flags, and a length in the highest byte. */
const ADJUST_ROOM_FLAGS = 0x1ffn | (0xffn << 56n)
/** sizeof(struct bpf_timer) */
const TIMER_LENGTH = 16
const LOOP_ROUNDS_MAX = 1n << 23n

const BUILT_IN: Readonly<Partial<Record<HelperKey, HelperFunction>>> = {
  mapLookup: (caller, map, key) => {
    const model = caller.map(map)
    const value = model.lookup(caller.memory.bytes(key, model.keyBytes, 'read'))
    return value === undefined ? 0 : caller.memory.addressOf(value, 'a value of a map')
  },
  mapUpdate: (caller, map, key, value, flags) => {
    const { memory } = caller
    const model = caller.map(map)
    const bytes = memory.bytes(value, model.valueBytes, 'read')
    return model.update(memory.bytes(key, model.keyBytes, 'read'), bytes, Number(flags))
  },
  mapDelete: (caller, map, key) => {
    const model = caller.map(map)
    return model.delete(caller.memory.bytes(key, model.keyBytes, 'read'))
  },
  ktime: ({ machine }) => machine.ktimeNs ?? 0n,
  jiffies: ({ machine }) => machine.jiffies ?? 0n,
  random: caller => caller.random(),
  processorId: ({ machine }) => machine.processor ?? 0,
  storeBytes: ({ memory, packet }, _context, offset, from, length) =>
    packet.store(word(offset), memory.bytes(from, int(length), 'read')),
  pullData: ({ packet }, _context, length) => packet.pull(word(length)),
  adjustHead: ({ packet }, _context, bytes) => packet.adjustHead(int(bytes)),
  adjustRoom: ({ packet }, _context, bytes, mode, flags) =>
    (flags & ~ADJUST_ROOM_FLAGS) === 0n ? packet.adjustRoom(int(bytes), int(mode)) : -EINVAL,
  changeTail: ({ packet }, _context, length, flags) => (flags === 0n ? packet.changeTail(word(length)) : -EINVAL),
  l4ChecksumReplace: ({ packet }, _context, offset, from, to, flags) => {
    if (!checksumFlags(Number(flags), word(from))) return -EINVAL
    return packet.replace(word(offset), field => replaceChecksum(field, word(from), word(to), Number(flags)))
  },
  checksumDifference: ({ memory }, from, fromLength, to, toLength, seed) => {
    const bytes = (address: bigint, length: number) =>
      length === 0 ? new Uint8Array() : memory.bytes(address, length, 'read')
    return checksumDifference(bytes(from, int(fromLength)), bytes(to, int(toLength)), word(seed))
  },
  redirect: (caller, ifindex, flags) => {
    if (caller.type === 'xdp' && flags !== 0n) return XDP_ABORTED
    if ((flags & ~BPF_F_INGRESS) !== 0n) return TC_ACT_SHOT
    caller.redirect({ ifindex: int(ifindex), flags: Number(flags) })
    return caller.type === 'xdp' ? XDP_REDIRECT : TC_ACT_REDIRECT
  },
  redirectNeighbour: (caller, ifindex, nextHop, length, flags) => {
    if (flags !== 0n || (length !== 0n && length < NEXT_HOP_LENGTH)) return TC_ACT_SHOT
    const to = { ifindex: int(ifindex), flags: 0 }
    if (length === 0n) caller.redirect(to)
    else caller.redirect({ ...to, nextHop: caller.memory.bytes(nextHop, NEXT_HOP_LENGTH, 'read').slice() })
    return TC_ACT_REDIRECT
  },
  timerInit: (caller, timer, map) =>
    timersOf(caller).create(timerBytes(caller, timer), caller.memory.around(timer), caller.mapName(map)),
  timerSetCallback: (caller, timer, callback) =>
    timersOf(caller).setCallback(timerBytes(caller, timer), caller.function(callback)),
  timerStart: (caller, timer, delayNs) =>
    timersOf(caller).start(timerBytes(caller, timer), (caller.machine.ktimeNs ?? 0n) + delayNs),
  loop: (caller, rounds, callback, context, flags) => {
    if (flags !== 0n) return -EINVAL
    const limit = BigInt.asUintN(32, rounds)
    if (limit > LOOP_ROUNDS_MAX) return -E2BIG
    for (let round = 0n; round < limit; round++) if (caller.invoke(callback, round, context) !== 0n) return round + 1n
    return limit
  },
}

const keys: ReadonlyMap<number, HelperKey> = new Map(
  Object.entries(HELPER).map(([key, { id }]) => [id, key as HelperKey]),
)

/** The function behind a call: the caller's own, or a built-in one. */
export function helperFunction(caller: Caller, id: number): HelperFunction {
  const key = keys.get(id)
  const found = key === undefined ? undefined : (caller.machine.helpers?.[key] ?? BUILT_IN[key])
  if (found === undefined) throw new Refusal(`calls helper ${key ?? id}, which is not built in and was not given`)
  return found
}

function timersOf({ machine }: Caller): Timers {
  if (machine.timers === undefined) throw new Refusal('sets a timer, and the machine was given none')
  return machine.timers
}

function timerBytes({ memory }: Caller, timer: bigint): Uint8Array {
  return memory.bytes(timer, TIMER_LENGTH, 'write')
}

function int(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

function word(value: bigint): number {
  return Number(BigInt.asUintN(32, value))
}
