/**
 * Announcements: frames by which the owner of an address tells the whole segment where it lives now, unasked, so that
 * nobody goes on sending to the owner before. Both are byte for byte what keepalived sends.
 *
 * For IPv4 a gratuitous ARP request (RFC 5227 section 3): the address as both sender's and target's, and all ones as the
 * target's hardware address. For IPv6 an unsolicited neighbour advertisement (RFC 4861 sections 4.4 and 7.2.6), from the
 * address itself to all nodes:
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |   type 136    |    code 0     |           checksum            |
 *  +-+-+-+---------+---------------+-------------------------------+
 *  |R|S|O|                         0                               |
 *  +-+-+-+---------------------------------------------------------+
 *  |                    the address, 16 bytes …                    |
 *  +---------------+---------------+-------------------------------+
 *  | option type 2 |   length 1    |   hardware address, 6 bytes … |
 *  +---------------+---------------+-------------------------------+
 *   R: a router speaks   S: it was asked, which nobody did   O: forget the address known before
 */
import { type Ip, ip, ipBytes, ipFamily, MAC_BROADCAST, type Mac, macBytes, parseMac } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/view.ts'
import { ARP_REQUEST, encodeArp } from '../wire/arp.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, encodeEthernet } from '../wire/ethernet.ts'

/**
 * The frame that says that `address` lives at `mac`. `router`: this machine forwards IPv6; a host that hears otherwise
 * takes it out of its list of routers.
 */
export function encodeAnnouncement(address: Ip, mac: Mac, router = false): Uint8Array {
  return ipFamily(address) === 4 ? gratuitousArp(address, mac) : unsolicitedAdvertisement(address, mac, router)
}

function gratuitousArp(address: Ip, mac: Mac): Uint8Array {
  const arp = { operation: ARP_REQUEST, senderMac: mac, senderIp: address, targetMac: MAC_BROADCAST, targetIp: address }
  const frame = { destination: MAC_BROADCAST, source: mac, tags: [], etherType: ETHERTYPE_ARP }
  return encodeEthernet({ ...frame, payload: encodeArp(arp) })
}

const ALL_NODES: Ip = ip('ff02::1')
const ALL_NODES_MAC: Mac = parseMac('33:33:00:00:00:01')!
const ICMPV6 = 58
const NEIGHBOUR_ADVERTISEMENT = 136
const ROUTER = 0x80
const OVERRIDE = 0x20
const TARGET_HARDWARE_ADDRESS = 2
/** Whoever receives it with less knows that it crossed a router, and drops it (RFC 4861 section 7.1.2). */
const HOP_LIMIT = 255

function unsolicitedAdvertisement(address: Ip, mac: Mac, router: boolean): Uint8Array {
  const [source, destination] = [ipBytes(address), ipBytes(ALL_NODES)]
  const message = concat(
    Uint8Array.of(NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, OVERRIDE | (router ? ROUTER : 0), 0, 0, 0),
    source,
    Uint8Array.of(TARGET_HARDWARE_ADDRESS, 1),
    macBytes(mac),
  )
  viewOf(message).setUint16(2, checksum(message, pseudoHeaderSum(source, destination, ICMPV6, message.length)))
  // Version 6, no traffic class, no flow label; payload length; next header and hop limit.
  const header = concat(Uint8Array.of(0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT), source, destination)
  const frame = { destination: ALL_NODES_MAC, source: mac, tags: [], etherType: ETHERTYPE_IPV6 }
  return encodeEthernet({ ...frame, payload: concat(header, message) })
}
