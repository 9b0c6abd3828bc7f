/**
 * Links: network interfaces (linux/if_link.h, linux/if.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |    family     |       0       |   hardware type, ARPHRD_…     |
 *  +---------------+---------------+-------------------------------+
 *  |                       interface index                         |
 *  +---------------------------------------------------------------+
 *  |                       flags, IFF_…                            |
 *  +---------------------------------------------------------------+
 *  |               which of the flags a request changes            |
 *  +---------------------------------------------------------------+
 *  |                       attributes, IFLA_… …                    |
 *  +---------------------------------------------------------------+
 */
import type { Mac } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'
import { AF_UNSPEC } from './rtnetlink.ts'

export interface Link {
  readonly ifindex: number
  readonly name: string
  /** Undefined where the hardware address is no Ethernet address. */
  readonly mac: Mac | undefined
  readonly mtu: number
  /** Switched on by the administrator, IFF_UP. */
  readonly up: boolean
  /**
   * On, and the cable is plugged in: IFF_RUNNING, by which keepalived goes. It follows a new cable within a second; that a
   * cable is lost is told at once.
   */
  readonly running: boolean
  readonly flags: number
  /** ARPHRD_ETHER is 1, ARPHRD_LOOPBACK 772. */
  readonly hardwareType: number
  /** `veth`, `bridge`, `macvlan`; undefined for a real card. */
  readonly kind: string | undefined
  /** The bridge it is a port of. */
  readonly master: number | undefined
  /** The interface it stands on, or a veth's other end, which may be in another namespace. */
  readonly parent: number | undefined
  readonly statistics: LinkStatistics
}

/** Since the interface exists. A veth counts a GSO packet once, with all its bytes. */
export interface LinkStatistics {
  readonly rxPackets: bigint
  readonly txPackets: bigint
  readonly rxBytes: bigint
  readonly txBytes: bigint
  readonly rxErrors: bigint
  readonly txErrors: bigint
  readonly rxDropped: bigint
  readonly txDropped: bigint
}

/** A request about a link. What is undefined stays as it is. */
export interface LinkChange {
  readonly ifindex?: number | undefined
  readonly name?: string | undefined
  readonly mac?: Mac | undefined
  readonly mtu?: number | undefined
  readonly up?: boolean | undefined
  readonly arp?: boolean | undefined
  readonly multicast?: boolean | undefined
  /** Index of the bridge to join; 0 leaves it. */
  readonly master?: number | undefined
  /** Index of the interface a macvlan stands on. */
  readonly parent?: number | undefined
  /** Descriptor of the namespace that it moves to or is made in. */
  readonly namespaceFd?: number | undefined
  readonly kind?: LinkKind | undefined
}

export type LinkKind =
  | { readonly type: 'veth'; readonly peer: LinkChange }
  | { readonly type: 'bridge'; readonly multicastSnooping?: boolean | undefined }
  | { readonly type: 'macvlan'; readonly mode: MacvlanMode }

export type MacvlanMode = 'private' | 'vepa' | 'bridge' | 'passthru'
const MACVLAN_MODES: Readonly<Record<MacvlanMode, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 }

export const IFF_UP = 0x1
export const IFF_RUNNING = 0x40
export const IFF_NOARP = 0x80
export const IFF_MULTICAST = 0x1000

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_LINK = 5
const IFLA_MASTER = 10
const IFLA_LINKINFO = 18
const IFLA_STATS64 = 23
const IFLA_NET_NS_FD = 28
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const VETH_INFO_PEER = 1
const IFLA_MACVLAN_MODE = 1
const IFLA_BR_MCAST_SNOOPING = 23

const HEADER_LENGTH = 16

/** The body of RTM_NEWLINK and RTM_DELLINK. */
export function encodeLinkChange(change: LinkChange): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(header)
  const switches: readonly (readonly [number, boolean | undefined])[] = [
    [IFF_UP, change.up],
    [IFF_NOARP, change.arp === undefined ? undefined : !change.arp],
    [IFF_MULTICAST, change.multicast],
  ]
  const sum = (wanted: (on: boolean) => boolean) =>
    switches.reduce((bits, [bit, on]) => (on !== undefined && wanted(on) ? bits | bit : bits), 0)
  view.setUint8(0, AF_UNSPEC)
  view.setInt32(4, change.ifindex ?? 0, true)
  view.setUint32(
    8,
    sum(on => on),
    true,
  )
  view.setUint32(
    12,
    sum(() => true),
    true,
  )
  return nla.attributes(
    header,
    nla.text(IFLA_IFNAME, change.name),
    nla.mac(IFLA_ADDRESS, change.mac),
    nla.u32(IFLA_MTU, change.mtu),
    nla.u32(IFLA_MASTER, change.master),
    nla.u32(IFLA_LINK, change.parent),
    nla.u32(IFLA_NET_NS_FD, change.namespaceFd),
    change.kind === undefined ? nla.attributes() : encodeKind(change.kind),
  )
}

function encodeKind(kind: LinkKind): Uint8Array {
  return nla.nested(
    IFLA_LINKINFO,
    nla.text(IFLA_INFO_KIND, kind.type),
    nla.nested(IFLA_INFO_DATA, encodeKindData(kind)),
  )
}

function encodeKindData(kind: LinkKind): Uint8Array {
  switch (kind.type) {
    case 'veth':
      return nla.bytes(VETH_INFO_PEER, encodeLinkChange(kind.peer))
    case 'bridge':
      return nla.u8(IFLA_BR_MCAST_SNOOPING, kind.multicastSnooping === undefined ? undefined : +kind.multicastSnooping)
    case 'macvlan':
      return nla.u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[kind.mode])
  }
}

/** The body of RTM_GETLINK: one link by index or name, or for a dump all of them. */
export function encodeLinkQuery(wanted: { readonly ifindex?: number; readonly name?: string } = {}): Uint8Array {
  return encodeLinkChange(wanted)
}

/** From the body of RTM_NEWLINK or RTM_DELLINK; undefined if it is too short to be one. */
export function decodeLink(body: Uint8Array): Link | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const view = viewOf(body)
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  const flags = view.getUint32(8, true)
  return {
    ifindex: view.getInt32(4, true),
    name: attributes.text(IFLA_IFNAME) ?? '',
    mac: attributes.mac(IFLA_ADDRESS),
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    flags,
    hardwareType: view.getUint16(2, true),
    kind: attributes.nested(IFLA_LINKINFO)?.text(IFLA_INFO_KIND),
    master: attributes.u32(IFLA_MASTER),
    parent: attributes.u32(IFLA_LINK),
    statistics: decodeStatistics(attributes.bytes(IFLA_STATS64)),
  }
}

/** struct rtnl_link_stats64: eight and more numbers of 64 bits. */
function decodeStatistics(bytes: Uint8Array = new Uint8Array(0)): LinkStatistics {
  const view = viewOf(bytes)
  const at = (i: number) => (bytes.length < 8 * (i + 1) ? 0n : view.getBigUint64(8 * i, true))
  return {
    rxPackets: at(0),
    txPackets: at(1),
    rxBytes: at(2),
    txBytes: at(3),
    rxErrors: at(4),
    txErrors: at(5),
    rxDropped: at(6),
    txDropped: at(7),
  }
}
