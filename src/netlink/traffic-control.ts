/**
 * Traffic control, as far as it takes to run a BPF program on every packet of an interface (linux/rtnetlink.h,
 * linux/pkt_cls.h): the `clsact` queueing discipline, and a `bpf` filter on its ingress or egress.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |    family     |       0       |               0               |
 *  +---------------+---------------+-------------------------------+
 *  |                       interface index                         |
 *  +---------------------------------------------------------------+
 *  |                            handle                             |
 *  +---------------------------------------------------------------+
 *  |                            parent                             |
 *  +-------------------------------+-------------------------------+
 *  |  EtherType, network order     |           priority            |  filters; else 0
 *  +-------------------------------+-------------------------------+
 *  |                       attributes, TCA_… …                     |
 *  +---------------------------------------------------------------+
 */
import { viewOf } from '../bytes/view.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'

/** The discipline's place, and the places of filters within it: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_…). */
const TC_H_CLSACT = 0xffff_fff1
const CLSACT_HANDLE = 0xffff_0000
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const

const TCA_KIND = 1
const TCA_OPTIONS = 2
const TCA_BPF_FD = 6
const TCA_BPF_NAME = 7
const TCA_BPF_FLAGS = 8
const TCA_BPF_ID = 11
/** The program's return value is the verdict on the packet. */
const TCA_BPF_FLAG_ACT_DIRECT = 1
const ETH_P_ALL = 3

const HEADER_LENGTH = 20

export type Direction = keyof typeof PARENTS

/** Where a filter sits. Filters of lower priority run first; a handle tells apart filters of one priority. */
export interface FilterPlace {
  readonly ifindex: number
  readonly direction: Direction
  readonly priority: number
  readonly handle: number
}

export interface BpfFilter extends FilterPlace {
  readonly name: string | undefined
  /** The program, as the kernel numbers them. */
  readonly programId: number | undefined
}

/** The body of RTM_NEWQDISC and RTM_DELQDISC for `clsact`. */
export function encodeClsact(ifindex: number): Uint8Array {
  return nla.attributes(header(ifindex, CLSACT_HANDLE, TC_H_CLSACT), nla.text(TCA_KIND, 'clsact'))
}

/** The body of RTM_NEWTFILTER: run the program behind a descriptor on every packet, and do what it returns. */
export function encodeBpfFilter(place: FilterPlace, programFd: number, name: string): Uint8Array {
  return nla.attributes(
    encodeFilterPlace(place),
    nla.text(TCA_KIND, 'bpf'),
    nla.nested(
      TCA_OPTIONS,
      nla.u32(TCA_BPF_FD, programFd),
      nla.text(TCA_BPF_NAME, name),
      nla.u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT),
    ),
  )
}

/** The body of RTM_DELTFILTER for a `bpf` filter. */
export function encodeBpfFilterDeletion(place: FilterPlace): Uint8Array {
  return nla.attributes(encodeFilterPlace(place), nla.text(TCA_KIND, 'bpf'))
}

/** The body of RTM_GETTFILTER for a dump of one direction. */
export function encodeFilterQuery(ifindex: number, direction: Direction): Uint8Array {
  return header(ifindex, 0, PARENTS[direction])
}

/** From the body of RTM_NEWTFILTER; undefined if it is no `bpf` filter on `clsact`, or too short to be one. */
export function decodeBpfFilter(body: Uint8Array): BpfFilter | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const view = viewOf(body)
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  const handle = view.getUint32(8, true)
  const parent = view.getUint32(12, true)
  const direction = parent === PARENTS.ingress ? 'ingress' : parent === PARENTS.egress ? 'egress' : undefined
  if (direction === undefined || attributes.text(TCA_KIND) !== 'bpf' || handle === 0) return undefined
  const options = attributes.nested(TCA_OPTIONS)
  return {
    ifindex: view.getInt32(4, true),
    direction,
    priority: view.getUint16(18, true),
    handle,
    name: options?.text(TCA_BPF_NAME),
    programId: options?.u32(TCA_BPF_ID),
  }
}

function encodeFilterPlace(place: FilterPlace): Uint8Array {
  const bytes = header(place.ifindex, place.handle, PARENTS[place.direction])
  const view = viewOf(bytes)
  view.setUint16(16, ETH_P_ALL, false)
  view.setUint16(18, place.priority, true)
  return bytes
}

function header(ifindex: number, handle: number, parent: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(bytes)
  view.setInt32(4, ifindex, true)
  view.setUint32(8, handle, true)
  view.setUint32(12, parent, true)
  return bytes
}
