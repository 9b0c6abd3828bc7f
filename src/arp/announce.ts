/**
 * Announcements: frames by which the owner of an address tells the whole segment where it lives now, unasked, so that
 * nobody goes on sending to the owner before.
 *
 * For IPv4 a gratuitous ARP request (RFC 5227 section 3), in the form that keepalived sends: 42 bytes, the address as both
 * sender's and target's, and all ones as the target's hardware address.
 */
import { type Ip, MAC_BROADCAST, type Mac } from '../bytes/address.ts'
import { ARP_REQUEST, encodeArp } from '../wire/arp.ts'
import { ETHERTYPE_ARP, encodeEthernet } from '../wire/ethernet.ts'

/** The frame that says that `address` lives at `mac`. */
export function encodeGratuitousArp(address: Ip, mac: Mac): Uint8Array {
  const arp = { operation: ARP_REQUEST, senderMac: mac, senderIp: address, targetMac: MAC_BROADCAST, targetIp: address }
  const frame = { destination: MAC_BROADCAST, source: mac, tags: [], etherType: ETHERTYPE_ARP }
  return encodeEthernet({ ...frame, payload: encodeArp(arp) })
}
