/** The ARP and NDP table: reading it, binding addresses for good, answering for others. */
import type { Ip, IpFamily, Mac } from '../bytes/address.ts'
import { NLM_F_CREATE, NLM_F_REPLACE } from '../netlink/message.ts'
import {
  decodeNeighbour,
  encodeNeighbourChange,
  encodeNeighbourQuery,
  type Neighbour,
  type NeighbourChange,
  type NeighbourState,
} from '../netlink/neighbour.ts'
import { AF_UNSPEC, addressFamily, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../netlink/rtnetlink.ts'
import { type LinkReference, linkIndex } from './link.ts'
import type { RouteSocket } from './route-socket.ts'

export type { Neighbour, NeighbourState } from '../netlink/neighbour.ts'

/** What the namespace knows of its neighbours; with `proxy`, the addresses that it answers for. */
export function neighbours(
  route: RouteSocket,
  only: { readonly family?: IpFamily; readonly link?: LinkReference; readonly proxy?: boolean } = {},
): readonly Neighbour[] {
  const family = only.family === undefined ? AF_UNSPEC : addressFamily(only.family)
  const ifindex = only.link === undefined ? undefined : linkIndex(route, only.link)
  return route
    .dump('list neighbours', RTM_GETNEIGH, encodeNeighbourQuery(family, only.proxy))
    .flatMap(({ body }) => decodeNeighbour(body) ?? [])
    .filter(neighbour => ifindex === undefined || neighbour.ifindex === ifindex)
}

/** Sets the hardware address of a neighbour: for good, unless another state is said. */
export function setNeighbour(
  route: RouteSocket,
  link: LinkReference,
  address: Ip,
  mac: Mac,
  state: NeighbourState = 'permanent',
): void {
  change(route, `bind ${address} to ${mac} on ${link}`, RTM_NEWNEIGH, link, { address, mac, state })
}

/** Asks the segment for a neighbour's hardware address now, without a packet that needs it. */
export function resolveNeighbour(route: RouteSocket, link: LinkReference, address: Ip): void {
  change(route, `resolve ${address} on ${link}`, RTM_NEWNEIGH, link, { address, use: true })
}

/** Answers ARP requests or neighbour solicitations for an address of a host elsewhere. */
export function addProxyNeighbour(route: RouteSocket, link: LinkReference, address: Ip): void {
  change(route, `answer for ${address} on ${link}`, RTM_NEWNEIGH, link, { address, proxy: true })
}

/** Forgets it. ENOENT if it is not there. */
export function deleteNeighbour(route: RouteSocket, link: LinkReference, address: Ip, proxy = false): void {
  change(route, `forget ${address} on ${link}`, RTM_DELNEIGH, link, { address, proxy })
}

function change(
  route: RouteSocket,
  operation: string,
  type: number,
  link: LinkReference,
  neighbour: Omit<NeighbourChange, 'ifindex'>,
): void {
  const flags = type === RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0
  route.request(operation, type, flags, encodeNeighbourChange({ ...neighbour, ifindex: linkIndex(route, link) }))
}
