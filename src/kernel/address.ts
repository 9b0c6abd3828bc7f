/** Addresses of interfaces: listing, adding and deleting them. */
import type { Ip, IpFamily } from '../bytes/address.ts'
import {
  type AddressChange,
  decodeAddress,
  encodeAddressChange,
  encodeAddressQuery,
  type InterfaceAddress,
} from '../netlink/address.ts'
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../netlink/message.ts'
import { AF_UNSPEC, addressFamily, RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from '../netlink/rtnetlink.ts'
import { type LinkReference, linkIndex } from './link.ts'
import type { RouteSocket } from './route-socket.ts'

export type { InterfaceAddress } from '../netlink/address.ts'

/** An address, and what may be said of it besides. */
export type NewAddress = Omit<AddressChange, 'ifindex'>

/** All addresses, or those of one family or one interface. IPv4 is in the order in which the kernel prefers them. */
export function addresses(
  route: RouteSocket,
  only: { readonly family?: IpFamily; readonly link?: LinkReference } = {},
): readonly InterfaceAddress[] {
  const family = only.family === undefined ? AF_UNSPEC : addressFamily(only.family)
  const ifindex = only.link === undefined ? undefined : linkIndex(route, only.link)
  return route
    .dump('list addresses', RTM_GETADDR, encodeAddressQuery(family, ifindex))
    .flatMap(({ body }) => decodeAddress(body) ?? [])
}

/** EEXIST if the interface has it already. */
export function addAddress(route: RouteSocket, link: LinkReference, address: NewAddress): void {
  change(route, 'add', RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link, address)
}

/** Adds it, or changes lifetimes and flags of the one that is there. */
export function replaceAddress(route: RouteSocket, link: LinkReference, address: NewAddress): void {
  change(route, 'set', RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, link, address)
}

/** EADDRNOTAVAIL if the interface does not have it. */
export function deleteAddress(route: RouteSocket, link: LinkReference, address: { address: Ip; prefix: number }): void {
  change(route, 'delete', RTM_DELADDR, 0, link, address)
}

function change(
  route: RouteSocket,
  verb: string,
  type: number,
  flags: number,
  link: LinkReference,
  address: NewAddress,
): void {
  const operation = `${verb} ${address.address}/${address.prefix} ${verb === 'delete' ? 'of' : 'on'} ${link}`
  const ifindex = linkIndex(route, link)
  route.request(operation, type, flags, encodeAddressChange({ ...address, ifindex }))
}
