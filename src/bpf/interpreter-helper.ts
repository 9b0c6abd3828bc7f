/** The helpers that need no kernel (include/uapi/linux/bpf.h says what each does). Those left out are the caller's. */
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import { HELPER, type HelperKey } from './helper.ts'
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
/** sizeof(struct bpf_timer) */
const TIMER_LENGTH = 16
const LOOP_ROUNDS_MAX = 1n << 23n

const BUILT_IN: Readonly<Partial<Record<HelperKey, HelperFunction>>> = {
  mapLookup: (caller, map, key) => {
    const model = caller.map(map)
    const value = model.lookup(caller.memory.bytes(key, model.keyBytes, 'read'))
    return value === undefined ? 0 : caller.memory.addressOf(value, 'a value of a map')
  },
  mapUpdate: ({ map, memory }, address, key, value, flags) => {
    const model = map(address)
    const bytes = memory.bytes(value, model.valueBytes, 'read')
    return model.update(memory.bytes(key, model.keyBytes, 'read'), bytes, Number(flags))
  },
  mapDelete: ({ map, memory }, address, key) => {
    const model = map(address)
    return model.delete(memory.bytes(key, model.keyBytes, 'read'))
  },
  ktime: ({ machine }) => machine.ktimeNs ?? 0n,
  jiffies: ({ machine }) => machine.jiffies ?? 0n,
  random: ({ random }) => random(),
  processorId: ({ machine }) => machine.processor ?? 0,
  storeBytes: ({ memory, packet }, _context, offset, from, length) =>
    packet.store(Number(BigInt.asUintN(32, offset)), memory.bytes(from, int(length), 'read')),
  pullData: ({ packet }, _context, length) => packet.pull(Number(BigInt.asUintN(32, length))),
  adjustHead: ({ packet }, _context, bytes) => packet.adjustHead(int(bytes)),
  checksumDifference: ({ memory }, from, fromLength, to, toLength, seed) => {
    const [minus, plus] = [int(fromLength), int(toLength)]
    if (minus % 4 !== 0 || plus % 4 !== 0) return -EINVAL
    const start = Number(BigInt.asUintN(32, seed))
    const removed = (sum: number) => sumWords(memory.bytes(from, minus, 'read'), sum)
    const added = plus === 0 ? start : sumWords(memory.bytes(to, plus, 'read'), start)
    if (minus === 0) return fold(added, 16)
    if (plus === 0) return fold(complement(removed(complement(start))), 16)
    return fold(fold(added + complement(removed(0)), 32), 16)
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
  loop: ({ invoke }, rounds, callback, context, flags) => {
    if (flags !== 0n) return -EINVAL
    const limit = BigInt.asUintN(32, rounds)
    if (limit > LOOP_ROUNDS_MAX) return -E2BIG
    for (let round = 0n; round < limit; round++) if (invoke(callback, round, context) !== 0n) return round + 1n
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

/** One's complement sum of little-endian words of 32 bits, as the kernel adds them. */
function sumWords(bytes: Uint8Array, start: number): number {
  const view = viewOf(bytes)
  let sum = start
  for (let i = 0; i < bytes.length; i += 4) sum = fold(sum + view.getUint32(i, true), 32)
  return sum
}

function complement(sum: number): number {
  return ~sum >>> 0
}

/** What does not fit the bits is added to them again. */
function fold(sum: number, bits: 16 | 32): number {
  let folded = sum
  while (folded >= 2 ** bits) folded = (folded % 2 ** bits) + Math.floor(folded / 2 ** bits)
  return folded
}
