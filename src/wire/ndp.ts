/**
 * Neighbour solicitations and advertisements (RFC 4861 sections 4.3 and 4.4): IPv6's ARP, inside ICMPv6.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |  type 135/136 |    code 0     |           checksum            |
 *  +-+-+-+---------+---------------+-------------------------------+
 *  |R|S|O|                         0                               |
 *  +-+-+-+---------------------------------------------------------+
 *  |  target address, 16 bytes …                                   |
 *  +---------------+---------------+-------------------------------+
 *  | option 1 or 2 |   length, 8s  |  its value …                  |
 *  +---------------+---------------+-------------------------------+
 *
 * R: the sender is a router. S: it was asked. O: what it says is newer than what is known. Option 1 is the link-layer
 * address of who asks, option 2 of who answers.
 */
import { type Ip, ipBytes, ipFromBytes, type Mac, macBytes, macFromBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import type { Icmp } from './icmp.ts'

export const NDP_SOLICITATION = 135
export const NDP_ADVERTISEMENT = 136

const ROUTER = 0x80000000
const SOLICITED = 0x40000000
const OVERRIDE = 0x20000000
const SOURCE_LINK_ADDRESS = 1
const TARGET_LINK_ADDRESS = 2
const TARGET_LENGTH = 16
const LINK_ADDRESS_OPTION_LENGTH = 8

export type Neighbour = NeighbourSolicitation | NeighbourAdvertisement

export interface NeighbourSolicitation {
  readonly kind: 'solicitation'
  readonly target: Ip
  /** Of who asks; undefined if it probes whether an address is free. */
  readonly mac: Mac | undefined
}

export interface NeighbourAdvertisement {
  readonly kind: 'advertisement'
  readonly target: Ip
  readonly mac: Mac | undefined
  readonly router: boolean
  readonly solicited: boolean
  readonly override: boolean
}

export type NeighbourDrop = 'type' | 'short' | 'option'

export function decodeNeighbour(message: Icmp): Decoded<Neighbour, NeighbourDrop> {
  const { type, word, payload } = message
  if (type !== NDP_SOLICITATION && type !== NDP_ADVERTISEMENT) return { ok: false, drop: 'type' }
  if (payload.length < TARGET_LENGTH) return { ok: false, drop: 'short' }
  const target = ipFromBytes(payload.subarray(0, TARGET_LENGTH))
  const wanted = type === NDP_SOLICITATION ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS
  let mac: Mac | undefined
  for (let offset = TARGET_LENGTH; offset < payload.length; ) {
    const length = (payload[offset + 1] ?? 0) * 8
    // RFC 4861 section 4.6: an option of length 0 makes the whole packet invalid.
    if (length === 0 || offset + length > payload.length) return { ok: false, drop: 'option' }
    if (payload[offset] === wanted) mac = macFromBytes(payload.subarray(offset + 2, offset + 8))
    offset += length
  }
  if (type === NDP_SOLICITATION) return { ok: true, value: { kind: 'solicitation', target, mac } }
  const flags = {
    router: (word & ROUTER) !== 0,
    solicited: (word & SOLICITED) !== 0,
    override: (word & OVERRIDE) !== 0,
  }
  return { ok: true, value: { kind: 'advertisement', target, mac, ...flags } }
}

/** As a message for `encodeIcmp`. It goes out with a hop limit of 255. */
export function neighbourMessage(neighbour: Neighbour): Icmp {
  const solicitation = neighbour.kind === 'solicitation'
  const head = Uint8Array.of(solicitation ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS, LINK_ADDRESS_OPTION_LENGTH / 8)
  const option = neighbour.mac === undefined ? [] : [head, macBytes(neighbour.mac)]
  return {
    type: solicitation ? NDP_SOLICITATION : NDP_ADVERTISEMENT,
    code: 0,
    word: solicitation ? 0 : flagWord(neighbour),
    payload: concat(ipBytes(neighbour.target), ...option),
  }
}

function flagWord({ router, solicited, override }: NeighbourAdvertisement): number {
  return ((router ? ROUTER : 0) | (solicited ? SOLICITED : 0) | (override ? OVERRIDE : 0)) >>> 0
}
