/**
 * ARP for IPv4 over Ethernet (RFC 826).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+---------------+---------------+
 *  |       hardware type 1         |     protocol type 0x0800      |
 *  +---------------+---------------+---------------+---------------+
 *  |  hw length 6  | proto length 4|           operation           |
 *  +---------------+---------------+---------------+---------------+
 *  |  sender hardware address, 6 bytes …                           |
 *  |  sender protocol address, 4 bytes …                           |
 *  |  target hardware address, 6 bytes …                           |
 *  |  target protocol address, 4 bytes …                           |
 *  +---------------------------------------------------------------+
 *
 * Bytes after these 28 are Ethernet padding and are not looked at.
 */
import { type Ip, ipBytes, ipFromBytes, type Mac, macBytes, macFromBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const ARP_REQUEST = 1
export const ARP_REPLY = 2

export const ARP_LENGTH = 28
const FIXED_LENGTH = 8
const HARDWARE_ETHERNET = 1
const PROTOCOL_IPV4 = 0x0800

export interface Arp {
  /** ARP_REQUEST, ARP_REPLY, or whatever else came. */
  readonly operation: number
  readonly senderMac: Mac
  readonly senderIp: Ip
  readonly targetMac: Mac
  readonly targetIp: Ip
}

export type ArpDrop = 'short' | 'hardware-type' | 'protocol-type' | 'address-length'

export function decodeArp(bytes: Uint8Array): Decoded<Arp, ArpDrop> {
  if (bytes.length < ARP_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  if (view.getUint16(0) !== HARDWARE_ETHERNET) return { ok: false, drop: 'hardware-type' }
  if (view.getUint16(2) !== PROTOCOL_IPV4) return { ok: false, drop: 'protocol-type' }
  if (bytes[4] !== 6 || bytes[5] !== 4) return { ok: false, drop: 'address-length' }
  const value = {
    operation: view.getUint16(6),
    senderMac: macFromBytes(bytes.subarray(8, 14)),
    senderIp: ipFromBytes(bytes.subarray(14, 18)),
    targetMac: macFromBytes(bytes.subarray(18, 24)),
    targetIp: ipFromBytes(bytes.subarray(24, 28)),
  }
  return { ok: true, value }
}

export function encodeArp(arp: Arp): Uint8Array {
  const fixed = new Uint8Array(FIXED_LENGTH)
  const view = viewOf(fixed)
  view.setUint16(0, HARDWARE_ETHERNET)
  view.setUint16(2, PROTOCOL_IPV4)
  view.setUint8(4, 6)
  view.setUint8(5, 4)
  view.setUint16(6, arp.operation)
  return concat(fixed, macBytes(arp.senderMac), ipBytes(arp.senderIp), macBytes(arp.targetMac), ipBytes(arp.targetIp))
}
