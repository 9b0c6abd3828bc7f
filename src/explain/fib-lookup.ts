/**
 * `struct bpf_fib_lookup` (include/uapi/linux/bpf.h), as the data path asks it for a next hop and the kernel fills it in.
 *
 *   0  family, u8     6  length; out: the way's MTU, u16     8  ifindex, u32
 *  16  source         32  destination; out: the next hop     52, 58  source and destination MAC
 */
import { type Ip, type IpFamily, ipBytes, ipFamily, ipFromBytes, type Mac, macFromBytes } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'

export const FIB_BYTES = 64
const ADDRESS_FAMILY = { 4: 2, 6: 10 } as const
/** As for a packet of our own, coming from loopback. */
const LOOPBACK = 1

export interface NextHop {
  readonly ifindex: number
  readonly address: Ip
  readonly mac: Mac
  readonly source: Mac
  /** 0 or 1 if the kernel did not say. */
  readonly mtu: number
}

/** The question for a way to an address. */
export function encodeFibLookup(address: Ip): Uint8Array {
  const bytes = new Uint8Array(FIB_BYTES)
  const view = viewOf(bytes)
  view.setUint8(0, ADDRESS_FAMILY[ipFamily(address)])
  view.setUint16(6, 1, true)
  view.setUint32(8, LOOPBACK, true)
  bytes.set(ipBytes(address), 32)
  return bytes
}

/** The answer; MAC addresses are zero unless the result was success. */
export function decodeFibLookup(bytes: Uint8Array): NextHop {
  const view = viewOf(bytes)
  const family: IpFamily = view.getUint8(0) === ADDRESS_FAMILY[6] ? 6 : 4
  return {
    ifindex: view.getUint32(8, true),
    address: ipFromBytes(bytes.slice(32, family === 4 ? 36 : 48)),
    mac: macFromBytes(bytes.subarray(58, 64)),
    source: macFromBytes(bytes.subarray(52, 58)),
    mtu: view.getUint16(6, true),
  }
}

/** `BPF_FIB_LKUP_RET_…`: what it means where it is no success, and what can be done. */
export const FIB_REFUSALS: Readonly<Record<number, { readonly text: string; readonly remedy: string }>> = {
  1: { text: 'the route to it is a black hole', remedy: 'see: ip route get' },
  2: { text: 'there is no route to it, or one that says unreachable', remedy: 'add a route: ip route add' },
  3: { text: 'the route to it is prohibited', remedy: 'see: ip route, ip rule' },
  5: {
    text: 'forwarding is off on lo, from which routes are looked up',
    remedy: 'switch it on: sysctl -w net.ipv4.conf.lo.forwarding=1 (net.ipv6 for IPv6)',
  },
  6: { text: 'the route to it leads into a tunnel of the routing table', remedy: 'route it by a plain interface' },
  8: { text: 'the packet is too long for the route', remedy: 'see the MTU of the route' },
  9: { text: 'there is no source address for the route', remedy: 'give the interface an address' },
}

export const FIB_SUCCESS = 0
/** An address of this machine. */
export const FIB_LOCAL = 4
/** The way is known, the neighbour's hardware address is not. */
export const FIB_NO_NEIGHBOUR = 7
