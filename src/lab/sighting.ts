/** What can be seen on the segment of elections: who claims an address by ARP, and who advertises. */
import { type Ip, ipFromBytes, type Mac } from '../bytes/address.ts'
import { ARP_REPLY, ARP_REQUEST, decodeArp } from '../wire/arp.ts'
import { decodeEthernet } from '../wire/ethernet.ts'
import { decodeAdvertisement } from '../wire/vrrp.ts'

export type Sighting = ArpSighting | AdvertSighting

/** Somebody says that `address` is at `mac`. */
export interface ArpSighting {
  readonly kind: 'arp'
  /** By the clock of `performance.now()`. */
  readonly at: number
  readonly mac: Mac
  readonly address: Ip
  /** Unasked, to whom it may concern: a gratuitous ARP. */
  readonly gratuitous: boolean
}

export interface AdvertSighting {
  readonly kind: 'advert'
  readonly at: number
  readonly source: Ip
  readonly priority: number
}

/** Undefined for a frame that claims nothing: a question is none. */
export function sightArp(frame: Uint8Array, at: number): ArpSighting | undefined {
  const ethernet = decodeEthernet(frame)
  const arp = ethernet.ok ? decodeArp(ethernet.value.payload) : undefined
  if (arp === undefined || !arp.ok) return undefined
  const { operation, senderMac: mac, senderIp: address, targetIp } = arp.value
  const gratuitous = address === targetIp
  const claims = operation === ARP_REPLY || (operation === ARP_REQUEST && gratuitous)
  return claims ? { kind: 'arp', at, mac, address, gratuitous } : undefined
}

/** From an IPv4 packet of protocol 112, its header on. */
export function sightAdvert(packet: Uint8Array, at: number): AdvertSighting | undefined {
  const headerLength = ((packet[0] ?? 0) & 0xf) * 4
  const advertisement = decodeAdvertisement(packet.subarray(headerLength), 4)
  if (!advertisement.ok) return undefined
  return { kind: 'advert', at, source: ipFromBytes(packet.subarray(12, 16)), priority: advertisement.value.priority }
}
