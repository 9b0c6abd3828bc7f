/** `IP 10.0.0.1 > 224.0.0.18: VRRPv2, …`: packets of both families, and whatever they carry. */
import { ipBytes } from '../bytes/address.ts'
import { pseudoHeaderSum } from '../bytes/checksum.ts'
import { decodeAuthenticationHeader, IP_PROTOCOL_AH } from './ah.ts'
import type { Carried } from './carried.ts'
import { decodeIcmp } from './icmp.ts'
import {
  decodeIpv4,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_IPIP,
  IP_PROTOCOL_IPV6,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
} from './ipv4.ts'
import { decodeIpv6, IP_PROTOCOL_ICMPV6, IP_PROTOCOL_NO_NEXT_HEADER } from './ipv6.ts'
import { printIcmp, printIcmpv6 } from './print-icmp.ts'
import type { PrintOptions } from './print-options.ts'
import { printTcp, printUdp } from './print-transport.ts'
import { printVrrp } from './print-vrrp.ts'
import { IP_PROTOCOL_VRRP } from './vrrp.ts'

/** Packets in packets end somewhere: deeper than this, nobody reads on. */
const DEPTH_MAX = 4

export function printIpv4(bytes: Uint8Array, options: PrintOptions = {}, depth = 0): string {
  const decoded = decodeIpv4(bytes)
  if (!decoded.ok) return decoded.drop === 'short' ? 'IP [|ip]' : `IP bad-${decoded.drop}, length ${bytes.length}`
  const { source, destination, protocol, payload, payloadLength, fragmentOffset } = decoded.value
  const carried = { source, destination, protocol, payload, length: payloadLength }
  if (fragmentOffset > 0) return `IP ${source} > ${destination}: ip-proto-${protocol}`
  return printCarried('IP', carried, options, depth)
}

export function printIpv6(bytes: Uint8Array, options: PrintOptions = {}, depth = 0): string {
  const decoded = decodeIpv6(bytes)
  if (!decoded.ok) return decoded.drop === 'short' ? 'IP6 [|ip6]' : `IP6 bad-${decoded.drop}, length ${bytes.length}`
  const { source, destination, protocol, payload, payloadLength, fragment } = decoded.value
  const carried = { source, destination, protocol, payload, length: payloadLength }
  if (fragment !== undefined) {
    return `IP6 ${source} > ${destination}: frag (${fragment.offset}|${payloadLength})`
  }
  return printCarried('IP6', carried, options, depth)
}

function printCarried(family: 'IP' | 'IP6', carried: Carried, options: PrintOptions, depth: number): string {
  const { source, destination, protocol, payload, length } = carried
  const missing = length - payload.length
  const truncated = missing > 0 ? `truncated-ip - ${missing} bytes missing! ` : ''
  const between = `${family} ${truncated}${source} > ${destination}`
  switch (protocol) {
    case IP_PROTOCOL_TCP:
      return `${family} ${truncated}${printTcp(carried)}`
    case IP_PROTOCOL_UDP:
      return `${family} ${truncated}${printUdp(carried)}`
    case IP_PROTOCOL_VRRP:
      return `${between}: ${printVrrp(carried, options)}`
    case IP_PROTOCOL_AH:
      return `${between}: ${printAuthenticated(carried, options)}`
    case IP_PROTOCOL_ICMP: {
      const message = decodeIcmp(payload, 0)
      return `${between}: ${message.ok ? printIcmp(message.value, length) : `ICMP [|icmp], length ${length}`}`
    }
    case IP_PROTOCOL_ICMPV6: {
      const pseudo = pseudoHeaderSum(ipBytes(source), ipBytes(destination), IP_PROTOCOL_ICMPV6, payload.length)
      const message = decodeIcmp(payload, pseudo)
      return `${between}: ${message.ok ? printIcmpv6(message.value, length) : `ICMP6, [|icmp6], length ${length}`}`
    }
    case IP_PROTOCOL_IPIP:
      return `${between}: ${depth < DEPTH_MAX ? printIpv4(payload, options, depth + 1) : '…'}`
    case IP_PROTOCOL_IPV6:
      return `${between}: ${depth < DEPTH_MAX ? printIpv6(payload, options, depth + 1) : '…'}`
    case IP_PROTOCOL_NO_NEXT_HEADER:
      return `${between}: no next header`
    default:
      return `${between}: ip-proto-${protocol} ${length}`
  }
}

function printAuthenticated(carried: Carried, options: PrintOptions): string {
  const decoded = decodeAuthenticationHeader(carried.payload)
  if (!decoded.ok) return '[|AH]'
  const { nextHeader, spi, sequence, icv, payload } = decoded.value
  const header = `AH(spi=0x${spi.toString(16).padStart(8, '0')},seq=0x${sequence.toString(16)},icv=0x${digits(icv)})`
  if (nextHeader !== IP_PROTOCOL_VRRP) return `${header}: ip-proto-${nextHeader} ${payload.length}`
  return `${header}: ${printVrrp({ ...carried, payload, length: payload.length }, options)}`
}

function digits(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
