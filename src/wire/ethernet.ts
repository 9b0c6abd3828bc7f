/**
 * Ethernet II frames, with the VLAN tags of IEEE 802.1Q and 802.1ad.
 *
 *  0               6               12          14
 *  +---------------+---------------+-----------+----------------
 *  |  destination  |    source     | EtherType | payload …
 *  +---------------+---------------+-----------+----------------
 *
 * A tag goes between source and EtherType, any number of them, outermost first:
 *
 *  +---------------+-----+---+------------------+
 *  | 0x8100/0x88a8 | pcp | d |     VLAN id      |
 *  +---------------+-----+---+------------------+
 *   16 bits          3     1    12
 *
 * Neither the frame check sequence nor the padding to 60 bytes is seen here: the interface adds and strips the former,
 * and the length of what is inside tells the latter.
 */
import { type Mac, macBytes, macFromBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806
export const ETHERTYPE_VLAN = 0x8100
export const ETHERTYPE_SERVICE_VLAN = 0x88a8
export const ETHERTYPE_IPV6 = 0x86dd

export const ETHERNET_HEADER_LENGTH = 14
const TAG_LENGTH = 4

export interface EthernetFrame {
  readonly destination: Mac
  readonly source: Mac
  /** Outermost first; empty for an untagged frame. */
  readonly tags: readonly VlanTag[]
  readonly etherType: number
  readonly payload: Uint8Array
}

export interface VlanTag {
  readonly protocol: typeof ETHERTYPE_VLAN | typeof ETHERTYPE_SERVICE_VLAN
  /** Priority code point, 0 to 7. */
  readonly priority: number
  readonly dropEligible: boolean
  readonly vlan: number
}

export type EthernetDrop = 'short'

export function decodeEthernet(bytes: Uint8Array): Decoded<EthernetFrame, EthernetDrop> {
  if (bytes.length < ETHERNET_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const tags: VlanTag[] = []
  let offset = 12
  let etherType = view.getUint16(offset)
  while (etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_SERVICE_VLAN) {
    if (bytes.length < offset + TAG_LENGTH + 2) return { ok: false, drop: 'short' }
    const control = view.getUint16(offset + 2)
    const dropEligible = (control & 0x1000) !== 0
    tags.push({ protocol: etherType, priority: control >> 13, dropEligible, vlan: control & 0xfff })
    offset += TAG_LENGTH
    etherType = view.getUint16(offset)
  }
  const destination = macFromBytes(bytes.subarray(0, 6))
  const source = macFromBytes(bytes.subarray(6, 12))
  return { ok: true, value: { destination, source, tags, etherType, payload: bytes.subarray(offset + 2) } }
}

export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const words = new Uint8Array(TAG_LENGTH * frame.tags.length + 2)
  const view = viewOf(words)
  for (const [i, tag] of frame.tags.entries()) {
    view.setUint16(TAG_LENGTH * i, tag.protocol)
    view.setUint16(TAG_LENGTH * i + 2, (tag.priority << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.vlan)
  }
  view.setUint16(words.length - 2, frame.etherType)
  return concat(macBytes(frame.destination), macBytes(frame.source), words, frame.payload)
}
