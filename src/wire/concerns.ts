/** What a frame is about, as far as somebody who watches an election or an address wants to know. */

import { IP_PROTOCOL_AH } from './ah.ts'
import { decodeEthernet, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './ethernet.ts'
import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6, IP_PROTOCOL_ICMPV6 } from './ipv6.ts'
import { IP_PROTOCOL_VRRP } from './vrrp.ts'

export type Topic = 'vrrp' | 'arp'

const NEIGHBOUR_SOLICITATION = 135
const NEIGHBOUR_ADVERTISEMENT = 136

/** Advertisements, also under AH; ARP and its kin of IPv6, neighbour discovery. */
export function topicOf(frame: Uint8Array): Topic | undefined {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok) return undefined
  const { etherType, payload } = ethernet.value
  if (etherType === ETHERTYPE_ARP) return 'arp'
  if (etherType === ETHERTYPE_IPV4) {
    const ip = decodeIpv4(payload)
    return ip.ok && isVrrp(ip.value.protocol) ? 'vrrp' : undefined
  }
  if (etherType !== ETHERTYPE_IPV6) return undefined
  const ip = decodeIpv6(payload)
  if (!ip.ok) return undefined
  if (isVrrp(ip.value.protocol)) return 'vrrp'
  const [type] = ip.value.payload
  const neighbourly = type === NEIGHBOUR_SOLICITATION || type === NEIGHBOUR_ADVERTISEMENT
  return ip.value.protocol === IP_PROTOCOL_ICMPV6 && neighbourly ? 'arp' : undefined
}

function isVrrp(protocol: number): boolean {
  return protocol === IP_PROTOCOL_VRRP || protocol === IP_PROTOCOL_AH
}
