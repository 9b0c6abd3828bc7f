/**
 * Addresses of interfaces (linux/if_addr.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+---------------+---------------+
 *  |    family     | prefix length | flags, low 8  |     scope     |
 *  +---------------+---------------+---------------+---------------+
 *  |                       interface index                         |
 *  +---------------------------------------------------------------+
 *  |                       attributes, IFA_… …                     |
 *  +---------------------------------------------------------------+
 *
 * IFA_LOCAL is the address and IFA_ADDRESS the other end of a point-to-point link. IPv4 writes both even where they are
 * equal; IPv6 writes only IFA_ADDRESS then.
 */
import { type Ip, ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'
import { addressFamily, type Scope, scopeName, scopeNumber } from './rtnetlink.ts'

export interface InterfaceAddress {
  readonly ifindex: number
  readonly address: Ip
  readonly prefix: number
  readonly scope: Scope
  /** The other end of a point-to-point link. */
  readonly peer: Ip | undefined
  readonly broadcast: Ip | undefined
  readonly label: string | undefined
  readonly flags: number
  /** Who added it, RTPROT_…; kernels before 5.18 do not tell. */
  readonly protocol: number | undefined
  /** IPv6: nobody may use it yet, its uniqueness is still being checked … */
  readonly tentative: boolean
  /** … or it was found on another machine. */
  readonly duplicate: boolean
}

/** What to add or delete. A delete looks at the address, the prefix and the interface. */
export interface AddressChange {
  readonly ifindex: number
  readonly address: Ip
  readonly prefix: number
  readonly scope?: Scope | undefined
  readonly peer?: Ip | undefined
  readonly broadcast?: Ip | undefined
  /** An alias such as `eth0:1`; it must begin with the interface's name. */
  readonly label?: string | undefined
  /** IFA_F_NODAD and the like. */
  readonly flags?: number | undefined
  readonly protocol?: number | undefined
  /** Seconds for which new connections may use it as their source; 0: never, unless they ask for it. */
  readonly preferredS?: number | undefined
}

export const IFA_F_SECONDARY = 0x01
/** IPv6: usable at once, without asking the segment whether somebody has it. */
export const IFA_F_NODAD = 0x02
export const IFA_F_DADFAILED = 0x08
export const IFA_F_DEPRECATED = 0x20
export const IFA_F_TENTATIVE = 0x40
export const IFA_F_PERMANENT = 0x80
/** Without the route to its network. */
export const IFA_F_NOPREFIXROUTE = 0x200
export const IFA_F_HOMEADDRESS = 0x10
export const IFA_F_MANAGETEMPADDR = 0x100
export const IFA_F_MCAUTOJOIN = 0x400

const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_LABEL = 3
const IFA_BROADCAST = 4
const IFA_CACHEINFO = 6
const IFA_FLAGS = 8
const IFA_PROTO = 11
const FOREVER = 0xffff_ffff

const HEADER_LENGTH = 8

/** The body of RTM_NEWADDR and RTM_DELADDR. */
export function encodeAddressChange(change: AddressChange): Uint8Array {
  const family = ipFamily(change.address)
  const header = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, addressFamily(family))
  view.setUint8(1, change.prefix)
  view.setUint8(2, (change.flags ?? 0) & 0xff)
  view.setUint8(3, scopeNumber(change.scope ?? 'global'))
  view.setUint32(4, change.ifindex, true)
  return nla.attributes(
    header,
    nla.ip(IFA_LOCAL, family === 4 || change.peer !== undefined ? change.address : undefined),
    nla.ip(IFA_ADDRESS, change.peer ?? change.address),
    nla.ip(IFA_BROADCAST, change.broadcast),
    nla.text(IFA_LABEL, change.label),
    nla.u32(IFA_FLAGS, change.flags),
    nla.u8(IFA_PROTO, change.protocol),
    nla.bytes(IFA_CACHEINFO, change.preferredS === undefined ? undefined : lifetimes(change.preferredS)),
  )
}

/** struct ifa_cacheinfo: preferred and valid seconds, then two time stamps that only the kernel writes. */
function lifetimes(preferredS: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(preferredS, FOREVER, 0, 0).buffer)
}

/** The body of RTM_GETADDR, which is always a dump: of one family or of both, of one interface if the kernel is strict. */
export function encodeAddressQuery(family: number, ifindex = 0): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  header[0] = family
  viewOf(header).setUint32(4, ifindex, true)
  return header
}

/** From the body of RTM_NEWADDR or RTM_DELADDR; undefined if it is of another family, or too short to be one. */
export function decodeAddress(body: Uint8Array): InterfaceAddress | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const view = viewOf(body)
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  const other = attributes.ip(IFA_ADDRESS)
  const address = attributes.ip(IFA_LOCAL) ?? other
  if (address === undefined) return undefined
  const flags = attributes.u32(IFA_FLAGS) ?? view.getUint8(2)
  return {
    ifindex: view.getUint32(4, true),
    address,
    prefix: view.getUint8(1),
    scope: scopeName(view.getUint8(3)),
    peer: other === address ? undefined : other,
    broadcast: attributes.ip(IFA_BROADCAST),
    label: attributes.text(IFA_LABEL),
    flags,
    protocol: attributes.u8(IFA_PROTO),
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    duplicate: (flags & IFA_F_DADFAILED) !== 0,
  }
}
