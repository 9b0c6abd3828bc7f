/** Network interfaces: what there is; making, changing and deleting them. */
import { constants } from 'node:os'
import type { Mac } from '../bytes/address.ts'
import {
  decodeLink,
  encodeLinkChange,
  encodeLinkQuery,
  type Link,
  type LinkChange,
  type LinkKind,
  type MacvlanMode,
} from '../netlink/link.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/message.ts'
import { RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK } from '../netlink/rtnetlink.ts'
import { isKernelError } from './errors.ts'
import { refused } from './libc.ts'
import type { Namespace } from './namespace.ts'
import { RouteSocket } from './route-socket.ts'

export type { Link, LinkStatistics } from '../netlink/link.ts'

/** An interface by its index, or by the name it has at the moment of the call. */
export type LinkReference = number | string

/** What can be said of an interface when it is made or changed. What is left out stays as it is. */
export interface LinkSettings {
  readonly name?: string
  readonly mac?: Mac
  readonly mtu?: number
  readonly up?: boolean
  readonly arp?: boolean
  readonly multicast?: boolean
  /** The bridge that it joins as a port; `null` takes it out. */
  readonly master?: LinkReference | null
  /** Where it is made, or moves to. It comes down and loses its addresses on the way. */
  readonly namespace?: Namespace
}

export interface NewLink extends LinkSettings {
  readonly name: string
}

/** Every interface of the namespace. */
export function links(route: RouteSocket): readonly Link[] {
  const messages = route.dump('list network interfaces', RTM_GETLINK, encodeLinkQuery())
  return messages.flatMap(({ body }) => decodeLink(body) ?? [])
}

/** The interface, or undefined if there is none. */
export function findLink(route: RouteSocket, reference: LinkReference): Link | undefined {
  const wanted = typeof reference === 'number' ? { ifindex: reference } : { name: reference }
  try {
    const [answer] = route.request(`look up ${linkText(reference)}`, RTM_GETLINK, 0, encodeLinkQuery(wanted))
    return answer === undefined ? undefined : decodeLink(answer.body)
  } catch (error) {
    if (isKernelError(error, 'ENODEV')) return undefined
    throw error
  }
}

/** The interface. ENODEV if there is none. */
export function getLink(route: RouteSocket, reference: LinkReference): Link {
  const link = findLink(route, reference)
  if (link === undefined) throw refused(`look up ${linkText(reference)}`, constants.errno.ENODEV)
  return link
}

/** The index of an interface. ENODEV if there is none of that name. */
export function linkIndex(route: RouteSocket, reference: LinkReference): number {
  return typeof reference === 'number' ? reference : getLink(route, reference).ifindex
}

/** A cable with two ends, each an interface, each in a namespace of its own if so wished. */
export function createVeth(route: RouteSocket, end: NewLink, peer: NewLink): void {
  // The kernel makes the peer first, and can neither switch it on before the cable is whole nor find its master from here.
  const { up, master, ...made } = peer
  create(route, end, { type: 'veth', peer: linkChange(route, made) })
  const rest: LinkSettings = { ...(up !== undefined && { up }), ...(master !== undefined && { master }) }
  if (peer.namespace === undefined) {
    setLink(route, peer.name, rest)
  } else {
    using there = new RouteSocket(peer.namespace)
    setLink(there, peer.name, rest)
  }
}

/** A switch. Its ports are the interfaces that have it as their master. */
export function createBridge(route: RouteSocket, bridge: NewLink, multicastSnooping?: boolean): void {
  create(route, bridge, { type: 'bridge', multicastSnooping })
}

/** An interface with a hardware address of its own on top of another one. */
export function createMacvlan(route: RouteSocket, macvlan: NewLink, parent: LinkReference, mode: MacvlanMode): void {
  create(route, macvlan, { type: 'macvlan', mode }, linkIndex(route, parent))
}

/** Changes what is given. */
export function setLink(route: RouteSocket, reference: LinkReference, settings: LinkSettings): void {
  const change = { ...linkChange(route, settings), ifindex: linkIndex(route, reference) }
  route.request(`change ${linkText(reference)}`, RTM_NEWLINK, 0, encodeLinkChange(change))
}

/** Deletes it, and a veth's other end with it. ENODEV if there is none. */
export function deleteLink(route: RouteSocket, reference: LinkReference): void {
  const ifindex = linkIndex(route, reference)
  route.request(`delete ${linkText(reference)}`, RTM_DELLINK, 0, encodeLinkChange({ ifindex }))
}

function create(route: RouteSocket, link: NewLink, kind: LinkKind, parent?: number): void {
  const change = { ...linkChange(route, link), kind, parent }
  const operation = `create the ${kind.type} ${link.name}`
  route.request(operation, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, encodeLinkChange(change))
}

function linkChange(route: RouteSocket, settings: LinkSettings): LinkChange {
  const { master, namespace, ...rest } = settings
  return {
    ...rest,
    master: master === undefined ? undefined : master === null ? 0 : linkIndex(route, master),
    namespaceFd: namespace?.fd,
  }
}

function linkText(reference: LinkReference): string {
  return typeof reference === 'number' ? `interface ${reference}` : reference
}
