/**
 * What an interface's own dispatcher asks before the director sees a frame at XDP. It is written for the one interface:
 * its hardware address is in the program.
 *
 * XDP does not know whom a frame is for, as tc does: what is not for this very address passes, be it a neighbour's on a
 * port of a bridge, a virtual MAC's or everybody's.
 *
 * What a stack on this same machine sends through a virtual interface may have a checksum that is only begun: the sum of
 * the pseudo-header, to be completed by nobody. The kernel knows that of its own packets (CHECKSUM_PARTIAL), a frame sent
 * from XDP has lost it. Such packets are left to tc; one in 65,536 others looks the same and goes that way, too.
 */
import type { Code } from '../../bpf/code.ts'
import type { Pointer, Value } from '../../bpf/value.ts'
import { type Mac, macBytes } from '../../bytes/address.ts'
import { narrowWords, readAddress } from './address.ts'
import {
  ETHERNET,
  ETHERNET_BYTES,
  IPV4,
  IPV4_BYTES,
  IPV4_PLAIN,
  IPV6,
  IPV6_BYTES,
  PROTOCOL,
  RAW_ETHERTYPE,
  TCP_CHECKSUM,
  UDP_CHECKSUM,
} from './headers.ts'
import { CONTEXT_BYTES, XDP } from './hook.ts'

export interface Arrival {
  readonly mac: Mac
  /** A virtual interface, whose other end may be a stack that leaves checksums begun. */
  readonly virtual: boolean
}

/** Comes back with a frame for the director. */
export function admitToXdp(code: Code, { mac, virtual }: Arrival): void {
  const pass = () => code.exit(XDP.pass)
  const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
  const [data, end] = [fields.get(XDP.data), fields.get(XDP.dataEnd)]
  code.guard(data.add(ETHERNET_BYTES).le(end), pass)
  const frame = code.pointer(data, ETHERNET_BYTES, true)
  const bytes = macBytes(mac)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const ours = frame.get(ETHERNET.target).eq(view.getUint32(0, true))
  code.guard(ours.and(frame.get(ETHERNET.targetEnd).eq(view.getUint16(4, true))), pass)
  if (!virtual) return
  const type = frame.get(ETHERNET.type)
  const headers = (ipBytes: number) => {
    const bytes = ETHERNET_BYTES + ipBytes + UDP_CHECKSUM[0] + 2
    code.guard(data.add(bytes).le(end), pass)
    return code.pointer(data, bytes, true).at(ETHERNET_BYTES)
  }
  const guardSum = (ip: Pointer, ipBytes: number, protocol: Value, pseudo: Value) => {
    const begun = folded(pseudo)
    const udp = ip.get([ipBytes + UDP_CHECKSUM[0], 'u16'])
    code.when(protocol.eq(PROTOCOL.udp), () => code.guard(udp.ne(begun), pass))
    code.when(protocol.eq(PROTOCOL.tcp), () => {
      const bytes = ETHERNET_BYTES + ipBytes + TCP_CHECKSUM[0] + 2
      code.guard(data.add(bytes).le(end), pass)
      const sum = code.pointer(data, bytes, true).get([bytes - 2, 'u16'])
      code.guard(sum.ne(begun), pass)
    })
  }
  code.when(type.eq(RAW_ETHERTYPE.ipv4), () => {
    const ip = headers(IPV4_BYTES)
    code.guard(ip.get(IPV4.versionAndLength).eq(IPV4_PLAIN), pass)
    const protocol = ip.get(IPV4.protocol)
    const length = ip.get(IPV4.totalLength).sub(IPV4_BYTES).and(0xffff).swap(16)
    guardSum(ip, IPV4_BYTES, protocol, pseudoSum(ip, 4, protocol, length))
  })
  code.when(type.eq(RAW_ETHERTYPE.ipv6), () => {
    const ip = headers(IPV6_BYTES)
    const protocol = ip.get(IPV6.nextHeader)
    // Behind extension headers, tc finds its way as well.
    code.guard(protocol.eq(PROTOCOL.tcp).or(protocol.eq(PROTOCOL.udp)), pass)
    guardSum(ip, IPV6_BYTES, protocol, pseudoSum(ip, 6, protocol, ip.get([4, 'u16'])))
  })
}

function pseudoSum(ip: Pointer, family: 4 | 6, protocol: Value, length: Value): Value {
  const { source, destination } = family === 4 ? IPV4 : IPV6
  const words = [...readAddress(ip, source, family), ...readAddress(ip, destination, family)]
  return [...(family === 4 ? words : narrowWords(words)), protocol.shl(8), length].reduce((sum, word) => sum.add(word))
}

/** 32-bit words and more, added up, as a sum of 16 bits. */
function folded(sum: Value): Value {
  const once = sum.and(0xffff).add(sum.shr(16).and(0xffff)).add(sum.shr(32))
  const twice = once.and(0xffff).add(once.shr(16))
  return twice.and(0xffff).add(twice.shr(16))
}
