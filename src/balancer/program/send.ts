/**
 * Out to the real server, or back to the client.
 *
 * Where to, the kernel's own routing and neighbour tables say. Asking them for every packet would cost as much as all
 * the rest, so the answer is kept in the destination's record for a moment; the packet that finds it old asks again,
 * and itself takes the long way through the neighbour table, which keeps the kernel probing a neighbour that is in use.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Condition, Pointer, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { DESTINATION } from '../layout.ts'
import { type Address, readAddress, writeAddress } from './address.ts'
import { ETHERNET, IPV4, IPV6 } from './headers.ts'
import type { Hook } from './hook.ts'
import type { Packet } from './parse.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'
import { leaveUntaken } from './xdp-targets.ts'

/** `struct bpf_fib_lookup`. */
const FIB = {
  family: [0, 'u8'],
  /** In: how long the packet is. Out: the MTU of the way. */
  length: [6, 'u16'],
  ifindex: [8, 'u32'],
  source: [16, 'u32'],
  /** 4 or 16 bytes */
  destination: [32, 'u32'],
  smac: [52, 'u32'],
  smacEnd: [56, 'u16'],
  dmac: [58, 'u16'],
  dmacEnd: [60, 'u32'],
} as const
const FIB_BYTES = 64
/** `BPF_FIB_LKUP_RET_…` */
const FIB_RESULT = { SUCCESS: 0, NOT_FORWARDED: 4, NO_NEIGHBOUR: 7 } as const
/** `struct bpf_redir_neigh`. */
const NEIGHBOUR = { family: [0, 'u32'], address: [4, 'u32'] } as const
const NEIGHBOUR_BYTES = 20

const ADDRESS_FAMILY = { 4: 2, 6: 10 } as const
/** A route is looked up as for a packet of our own: coming from loopback. Its `forwarding` must be on for that. */
const LOOPBACK = 1
/** How long a next hop is believed: a quarter of a second. */
const HOP_AGE_PER_SECOND = 4

/** What is done to a packet on its way out. */
export interface Change {
  /** Is told what the way takes at once, 0 or 1 if that is not known, and comes back if the packet may go. */
  readonly admit: (mtu: Value) => void
  /** Writes into the packet, and tells where the frame begins then: the MAC addresses are written after it. */
  readonly write: () => Changed
}

export interface Changed {
  readonly start: Pointer
  /** Is run when nothing in the packet is touched any more. */
  readonly finish: () => void
}

/** A packet that has come far enough ends here (ip_vs decrements the TTL in every forwarding method). */
export function guardTtl(code: Code, packet: Packet, expired: () => void): void {
  code.guard(packet.ip.get(packet.family === 4 ? IPV4.ttl : IPV6.hopLimit).gt(1), expired)
}

/** Sends the packet to a destination's server, whose address is of the given family; every path ends in a verdict. */
export function sendToServer(
  code: Code,
  tables: Tables,
  hook: Hook,
  packet: Packet,
  destination: Value,
  family: IpFamily,
  now: Value,
  change: Change,
): void {
  const server = tables.destination(destination)
  // At XDP, what has no known hop or is too long for it has been left to tc by now.
  if (hook.type === 'tc') {
    code.rarely(isHopKnown(tables, server, now).not(), () => {
      const fib = lookUp(code, tables, hook, packet, readAddress(server, DESTINATION.address, family))
      code.when(fib.result.eq(FIB_RESULT.SUCCESS), () => {
        keepHop(server, fib.answer, now)
        change.admit(mtuOf(fib.answer))
      })
      sendByNeighbour(code, hook, family, fib.answer, change)
    })
    tell(code, 'known-hop', () => ({ destination }))
    change.admit(server.get(DESTINATION.hopMtu))
  }
  const ifindex = server.get(DESTINATION.hopInterface)
  const { start, finish } = change.write()
  start.set(ETHERNET.target, server.get(DESTINATION.hopTarget))
  start.set(ETHERNET.targetEnd, server.get(DESTINATION.hopTargetEnd))
  start.set(ETHERNET.source, server.get(DESTINATION.hopSource))
  start.set(ETHERNET.sourceEnd, server.get(DESTINATION.hopSourceEnd))
  finish()
  code.exit(hook.redirect(code, ifindex))
}

/** True if the next hop on the way to a server was asked for lately. */
export function isHopKnown(tables: Tables, server: Pointer, now: Value): Condition {
  const age = now.sub32(server.get(DESTINATION.hopStamp))
  const fresh = age.lt(Math.max(1, Math.floor(tables.facts.hertz / HOP_AGE_PER_SECOND)))
  return fresh.and(server.get(DESTINATION.hopInterface).ne(0))
}

/** Sends the packet to an address by whatever way the kernel knows. */
export function sendToAddress(
  code: Code,
  tables: Tables,
  hook: Hook,
  packet: Packet,
  address: Address,
  change: Change,
): void {
  sendAlong(code, hook, packet, findWay(code, tables, hook, packet, address), change)
}

/** The way to an address; at XDP, what cannot go that way from there is left to tc. */
export function findWay(code: Code, tables: Tables, hook: Hook, packet: Packet, address: Address): Way {
  const way = lookUp(code, tables, hook, packet, address)
  if (hook.type === 'xdp') {
    const fits = packet.ipBytes.le(mtuOf(way.answer))
    code.guard(way.result.eq(FIB_RESULT.SUCCESS).and(fits), () => code.exit(hook.pass))
    leaveUntaken(code, way.answer.get(FIB.ifindex))
  }
  return way
}

export function sendAlong(code: Code, hook: Hook, packet: Packet, { answer, result }: Way, change: Change): void {
  code.rarely(result.ne(FIB_RESULT.SUCCESS), () => sendByNeighbour(code, hook, packet.family, answer, change))
  change.admit(mtuOf(answer))
  const { start, finish } = change.write()
  start.set(ETHERNET.target, joined(answer, FIB.dmac[0]))
  start.set(ETHERNET.targetEnd, answer.get([FIB.dmac[0] + 4, 'u16']))
  start.set(ETHERNET.source, answer.get([FIB.smac[0], 'u16']))
  start.set(ETHERNET.sourceEnd, joined(answer, FIB.smac[0] + 2))
  const ifindex = answer.get(FIB.ifindex)
  finish()
  code.exit(hook.redirect(code, ifindex))
}

/** What the kernel answered that was asked for a way. */
export interface Way {
  readonly answer: Pointer
  readonly result: Value
}

/** Comes back with a route, and with the neighbour's MAC address if the result is SUCCESS. */
function lookUp(code: Code, tables: Tables, hook: Hook, packet: Packet, address: Address): Way {
  const answer = code.frame(FIB_BYTES)
  answer.set(FIB.family, ADDRESS_FAMILY[address.length === 1 ? 4 : 6])
  // With a length the route's MTU is told; with none the packet is measured against the device's, and refused.
  answer.set(FIB.length, 1)
  answer.set(FIB.ifindex, LOOPBACK)
  writeAddress(answer, FIB.destination, address)
  const result = code.call(HELPER.fibLookup, packet.context, answer.address(), FIB_BYTES, 0)
  tell(code, 'route', () => ({ result }))
  // An address of our own: the stack takes the packet as it came.
  code.rarely(result.eq(FIB_RESULT.NOT_FORWARDED), () => code.exit(hook.local))
  code.guard(result.eq(FIB_RESULT.SUCCESS).or(result.eq(FIB_RESULT.NO_NEIGHBOUR)), () => {
    tables.count('no-route')
    code.exit(hook.drop)
  })
  return { answer, result }
}

/** Half a hop must not be used: it has no interface until all of it is there. */
function keepHop(server: Pointer, answer: Pointer, now: Value): void {
  server.set(DESTINATION.hopInterface, 0)
  server.set(DESTINATION.hopTarget, joined(answer, FIB.dmac[0]))
  server.set(DESTINATION.hopTargetEnd, answer.get([FIB.dmac[0] + 4, 'u16']))
  server.set(DESTINATION.hopSource, answer.get([FIB.smac[0], 'u16']))
  server.set(DESTINATION.hopSourceEnd, joined(answer, FIB.smac[0] + 2))
  server.set(DESTINATION.hopMtu, mtuOf(answer))
  server.set(DESTINATION.hopStamp, now)
  server.exchange(DESTINATION.hopInterface, answer.get(FIB.ifindex))
}

/** A kernel before 5.12 does not tell, and leaves our length of 1, which is no MTU. */
function mtuOf(answer: Pointer): Value {
  return answer.get(FIB.length)
}

/** Lets the kernel find the neighbour's MAC address, asking for it by ARP or neighbour discovery if need be, and write the frame's header. */
function sendByNeighbour(code: Code, hook: Hook, family: IpFamily, answer: Pointer, change: Change): void {
  if (hook.type === 'xdp') {
    // There is no such helper here: the packet goes on, and is handled at tc.
    code.exit(hook.pass)
    return
  }
  const { finish } = change.write()
  const neighbour = code.frame(NEIGHBOUR_BYTES)
  neighbour.set(NEIGHBOUR.family, ADDRESS_FAMILY[family])
  for (let word = 0; word < (family === 4 ? 4 : 16); word += 4)
    neighbour.set([NEIGHBOUR.address[0] + word, 'u32'], answer.get([FIB.destination[0] + word, 'u32']))
  const ifindex = answer.get(FIB.ifindex)
  finish()
  code.exit(code.call(HELPER.redirectNeighbour, ifindex, neighbour.address(), NEIGHBOUR_BYTES, 0))
}

/** Four bytes that begin at an even place. */
function joined(memory: Pointer, offset: number): Value {
  return memory.get([offset, 'u16']).or(memory.get([offset + 2, 'u16']).shl(16))
}
