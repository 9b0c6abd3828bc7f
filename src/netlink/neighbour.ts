/**
 * Neighbours: which hardware address an IP address on the segment has, the ARP and NDP table (linux/neighbour.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |    family     |       0       |               0               |
 *  +---------------+---------------+-------------------------------+
 *  |                       interface index                         |
 *  +-------------------------------+---------------+---------------+
 *  |          state, NUD_…         | flags, NTF_…  |     type      |
 *  +-------------------------------+---------------+---------------+
 *  |                       attributes, NDA_… …                     |
 *  +---------------------------------------------------------------+
 */
import { type Ip, ipFamily, type Mac } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'
import { addressFamily } from './rtnetlink.ts'

export type NeighbourState =
  | 'none'
  | 'incomplete'
  | 'reachable'
  | 'stale'
  | 'delay'
  | 'probe'
  | 'failed'
  | 'noarp'
  | 'permanent'

export interface Neighbour {
  readonly ifindex: number
  readonly address: Ip
  /** Undefined while nobody has answered. */
  readonly mac: Mac | undefined
  readonly state: NeighbourState
  /** We answer for this address on behalf of a host elsewhere: proxy ARP. Such an entry has no hardware address. */
  readonly proxy: boolean
}

export interface NeighbourChange {
  readonly ifindex: number
  readonly address: Ip
  readonly mac?: Mac | undefined
  /** `permanent` binds the address to the hardware address: no ARP answer changes it. */
  readonly state?: NeighbourState | undefined
  readonly proxy?: boolean | undefined
  /** Resolve it now, as if a packet were waiting for it. */
  readonly use?: boolean | undefined
}

const STATES: Readonly<Record<NeighbourState, number>> = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
}
const STATE_NAMES = new Map(Object.entries(STATES).map(([name, number]) => [number, name as NeighbourState]))

const NTF_USE = 0x01
export const NTF_PROXY = 0x08
const NDA_DST = 1
const NDA_LLADDR = 2

const HEADER_LENGTH = 12

/** The body of RTM_NEWNEIGH and RTM_DELNEIGH. */
export function encodeNeighbourChange(change: NeighbourChange): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, addressFamily(ipFamily(change.address)))
  view.setInt32(4, change.ifindex, true)
  view.setUint16(8, STATES[change.state ?? 'none'], true)
  view.setUint8(10, (change.proxy === true ? NTF_PROXY : 0) | (change.use === true ? NTF_USE : 0))
  return nla.attributes(header, nla.ip(NDA_DST, change.address), nla.mac(NDA_LLADDR, change.mac))
}

/** The body of RTM_GETNEIGH for a dump; proxy entries are a table of their own. */
export function encodeNeighbourQuery(family: number, proxy = false): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  header[0] = family
  header[10] = proxy ? NTF_PROXY : 0
  return header
}

/** From the body of RTM_NEWNEIGH or RTM_DELNEIGH; undefined if it is no IP neighbour, or too short to be one. */
export function decodeNeighbour(body: Uint8Array): Neighbour | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const view = viewOf(body)
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  const address = attributes.ip(NDA_DST)
  if (address === undefined) return undefined
  return {
    ifindex: view.getInt32(4, true),
    address,
    mac: attributes.mac(NDA_LLADDR),
    state: STATE_NAMES.get(view.getUint16(8, true)) ?? 'none',
    proxy: (view.getUint8(10) & NTF_PROXY) !== 0,
  }
}
