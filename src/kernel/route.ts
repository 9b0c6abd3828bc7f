/** Routes and policy rules: listing, adding and deleting them. */
import type { IpFamily } from '../bytes/address.ts'
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../netlink/message.ts'
import {
  decodeRoute,
  encodeRoute,
  encodeRouteDeletion,
  encodeRouteQuery,
  type Route,
  type RouteChange,
} from '../netlink/route.ts'
import { AF_UNSPEC, addressFamily, RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE } from '../netlink/rtnetlink.ts'
import { type LinkReference, linkIndex } from './link.ts'
import type { RouteSocket } from './route-socket.ts'

export type { NextHop, Route, RouteType } from '../netlink/route.ts'

/** A route, with its interface by name or index. */
export interface NewRoute extends Omit<RouteChange, 'ifindex'> {
  readonly link?: LinkReference
}

/** All routes of all tables, or those of one family or one table. */
export function routes(
  route: RouteSocket,
  only: { readonly family?: IpFamily; readonly table?: number } = {},
): readonly Route[] {
  const family = only.family === undefined ? AF_UNSPEC : addressFamily(only.family)
  return route
    .dump('list routes', RTM_GETROUTE, encodeRouteQuery(family))
    .flatMap(({ body }) => decodeRoute(body) ?? [])
    .filter(({ table }) => only.table === undefined || table === only.table)
}

/** EEXIST if there is one to the same destination with the same metric. */
export function addRoute(route: RouteSocket, added: NewRoute): void {
  change(route, 'add', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, added, encodeRoute)
}

/** Adds it, or puts it in the place of the one to the same destination with the same metric. */
export function replaceRoute(route: RouteSocket, added: NewRoute): void {
  change(route, 'set', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, added, encodeRoute)
}

/** Deletes the first route that has all that is given. ESRCH if none has. */
export function deleteRoute(route: RouteSocket, deleted: NewRoute): void {
  change(route, 'delete', RTM_DELROUTE, 0, deleted, encodeRouteDeletion)
}

function change(
  route: RouteSocket,
  verb: string,
  type: number,
  flags: number,
  { link, ...rest }: NewRoute,
  encode: (change: RouteChange) => Uint8Array,
): void {
  const destination = rest.destination === undefined ? 'default' : `${rest.destination}${prefixText(rest.prefix)}`
  const operation = `${verb} the ${rest.type === undefined ? '' : `${rest.type} `}route ${destination}`
  const ifindex = link === undefined ? undefined : linkIndex(route, link)
  route.request(operation, type, flags, encode({ ...rest, ifindex }))
}

function prefixText(prefix: number | undefined): string {
  return prefix === undefined ? '' : `/${prefix}`
}
