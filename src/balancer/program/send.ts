/**
 * Direct routing (ipvsadm -g): the packet goes to the real server as it is, but for its TTL and its MAC addresses.
 *
 * Where to, the kernel's own routing and neighbour tables say. Asking them for every packet would cost as much as all
 * the rest, so the answer is kept in the destination's record for a moment; the packet that finds it old asks again,
 * and itself takes the long way through the neighbour table, which keeps the kernel probing a neighbour that is in use.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Value } from '../../bpf/value.ts'
import { DESTINATION } from '../layout.ts'
import { ETHERNET, ETHERNET_BYTES, IPV4 } from './headers.ts'
import type { Hook } from './hook.ts'
import type { Tables } from './tables.ts'

/** `struct bpf_fib_lookup`. */
const FIB = {
  family: [0, 'u8'],
  ifindex: [8, 'u32'],
  source: [16, 'u32'],
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

const AF_INET = 2
/** A route is looked up as for a packet of our own: coming from loopback. Its `forwarding` must be on for that. */
const LOOPBACK = 1
/** How long a next hop is believed: a quarter of a second. */
const HOP_AGE_PER_SECOND = 4

/** Sends the packet by direct routing; every path ends in a verdict. */
export function sendRoute(
  code: Code,
  tables: Tables,
  hook: Hook,
  context: Value,
  packet: Pointer,
  destination: Value,
  now: Value,
): void {
  const server = tables.destination(destination)
  const ip = packet.at(ETHERNET_BYTES)
  code.guard(ip.get(IPV4.ttl).gt(1), () => {
    tables.count('ttl')
    code.exit(hook.drop)
  })
  const age = now.sub32(server.get(DESTINATION.hopStamp))
  const ifindex = server.get(DESTINATION.hopInterface)
  const fresh = age.lt(Math.max(1, Math.floor(tables.facts.hertz / HOP_AGE_PER_SECOND)))
  code.rarely(fresh.and(ifindex.ne(0)).not(), () => sendAfterLookup(code, tables, hook, context, packet, server, now))
  decreaseTtl(code, ip)
  packet.set(ETHERNET.target, server.get(DESTINATION.hopTarget))
  packet.set(ETHERNET.targetEnd, server.get(DESTINATION.hopTargetEnd))
  packet.set(ETHERNET.source, server.get(DESTINATION.hopSource))
  packet.set(ETHERNET.sourceEnd, server.get(DESTINATION.hopSourceEnd))
  code.exit(hook.redirect(code, ifindex))
}

function sendAfterLookup(
  code: Code,
  tables: Tables,
  hook: Hook,
  context: Value,
  packet: Pointer,
  server: Pointer,
  now: Value,
): void {
  const fib = code.frame(FIB_BYTES)
  fib.set(FIB.family, AF_INET)
  fib.set(FIB.ifindex, LOOPBACK)
  fib.set(FIB.destination, server.get(DESTINATION.address))
  const result = code.call(HELPER.fibLookup, context, fib.address(), FIB_BYTES, 0)
  // An address of our own: this machine is the real server, and its stack takes the packet as it came.
  code.rarely(result.eq(FIB_RESULT.NOT_FORWARDED), () => code.exit(hook.pass))
  code.guard(result.eq(FIB_RESULT.SUCCESS).or(result.eq(FIB_RESULT.NO_NEIGHBOUR)), () => {
    tables.count('no-route')
    code.exit(hook.drop)
  })
  code.when(result.eq(FIB_RESULT.SUCCESS), () => {
    // Half a hop must not be used: it has no interface until all of it is there.
    server.set(DESTINATION.hopInterface, 0)
    server.set(DESTINATION.hopTarget, fib.get([FIB.dmac[0], 'u16']).or(fib.get([FIB.dmac[0] + 2, 'u16']).shl(16)))
    server.set(DESTINATION.hopTargetEnd, fib.get([FIB.dmac[0] + 4, 'u16']))
    server.set(DESTINATION.hopSource, fib.get([FIB.smac[0], 'u16']))
    server.set(
      DESTINATION.hopSourceEnd,
      fib.get([FIB.smac[0] + 2, 'u16']).or(fib.get([FIB.smac[0] + 4, 'u16']).shl(16)),
    )
    server.set(DESTINATION.hopStamp, now)
    server.exchange(DESTINATION.hopInterface, fib.get(FIB.ifindex))
  })
  decreaseTtl(code, packet.at(ETHERNET_BYTES))
  if (hook.type === 'xdp') {
    code.exit(hook.pass)
    return
  }
  const neighbour = code.frame(NEIGHBOUR_BYTES)
  neighbour.set(NEIGHBOUR.family, AF_INET)
  neighbour.set(NEIGHBOUR.address, fib.get(FIB.destination))
  code.exit(code.call(HELPER.redirectNeighbour, fib.get(FIB.ifindex), neighbour.address(), NEIGHBOUR_BYTES, 0))
}

/** One less, with the checksum kept right (RFC 1624); in raw order the TTL is the low byte of its word. */
function decreaseTtl(_code: Code, ip: Pointer): void {
  ip.set(IPV4.ttl, ip.get(IPV4.ttl).sub(1))
  const sum = ip.get(IPV4.checksum).add(1)
  ip.set(IPV4.checksum, sum.add(sum.shr(16)).and(0xffff))
}
