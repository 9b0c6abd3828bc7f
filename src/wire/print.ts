/**
 * Any frame on one line, in the words of `tcpdump -nn`: people know how to read that. It says what it can of whatever
 * bytes it is given; a part that is cut short is named in `[|brackets]`, as tcpdump does.
 */
import { ARP_REPLY, ARP_REQUEST, type Arp, decodeArp } from './arp.ts'
import { decodeEthernet, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { printIpv4, printIpv6 } from './print-ip.ts'
import type { PrintOptions } from './print-options.ts'

/** An Ethernet frame. */
export function printFrame(bytes: Uint8Array, options: PrintOptions = {}): string {
  const decoded = decodeEthernet(bytes)
  if (!decoded.ok) return `[|ether], length ${bytes.length}`
  const { tags, etherType, payload, source, destination } = decoded.value
  const prefix = tags.map(({ vlan, priority }) => `vlan ${vlan}, p ${priority}, `).join('')
  switch (etherType) {
    case ETHERTYPE_IPV4:
      return prefix + printIpv4(payload, options)
    case ETHERTYPE_IPV6:
      return prefix + printIpv6(payload, options)
    case ETHERTYPE_ARP:
      return prefix + printArp(payload)
    default: {
      const type = `ethertype Unknown (0x${etherType.toString(16).padStart(4, '0')})`
      return `${prefix}${source} > ${destination}, ${type}, length ${bytes.length}`
    }
  }
}

export function printArp(bytes: Uint8Array): string {
  const decoded = decodeArp(bytes)
  if (!decoded.ok) return `ARP, [|arp], length ${bytes.length}`
  return `ARP, ${arpWords(decoded.value)}, length ${bytes.length}`
}

function arpWords({ operation, senderMac, senderIp, targetMac, targetIp }: Arp): string {
  switch (operation) {
    case ARP_REQUEST: {
      const known = targetMac === '00:00:00:00:00:00' ? '' : ` (${targetMac})`
      return `Request who-has ${targetIp}${known} tell ${senderIp}`
    }
    case ARP_REPLY:
      return `Reply ${senderIp} is-at ${senderMac}`
    default:
      return `Unknown (${operation})`
  }
}
