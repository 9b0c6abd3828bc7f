/**
 * Routes (linux/rtnetlink.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+---------------+---------------+
 *  |    family     | dst. prefix   | source prefix |      TOS      |
 *  +---------------+---------------+---------------+---------------+
 *  | table, low 8  |   protocol    |     scope     |  type, RTN_…  |
 *  +---------------+---------------+---------------+---------------+
 *  |                         flags, RTNH_F_…                       |
 *  +---------------------------------------------------------------+
 *  |                       attributes, RTA_… …                     |
 *  +---------------------------------------------------------------+
 *
 * A route over several next hops has, in RTA_MULTIPATH, for each of them
 *
 *  +-------------------------------+---------------+---------------+
 *  |  length, with its attributes  |     flags     |  weight - 1   |
 *  +-------------------------------+---------------+---------------+
 *  |                       interface index                         |
 *  +---------------------------------------------------------------+
 *  |                  attributes: RTA_GATEWAY …                    |
 *  +---------------------------------------------------------------+
 */
import { type Ip, type IpFamily, ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'
import {
  AF_INET,
  AF_INET6,
  addressFamily,
  RT_TABLE_MAIN,
  RTPROT_BOOT,
  type Scope,
  scopeName,
  scopeNumber,
} from './rtnetlink.ts'

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'

export interface NextHop {
  readonly gateway: Ip | undefined
  readonly ifindex: number
  /** 1 to 256; traffic is shared in proportion. */
  readonly weight: number
}

export interface Route {
  readonly family: IpFamily
  /** Undefined: the default route. */
  readonly destination: Ip | undefined
  readonly prefix: number
  readonly type: RouteType
  readonly gateway: Ip | undefined
  readonly ifindex: number | undefined
  /** Empty unless there are several. */
  readonly nextHops: readonly NextHop[]
  readonly table: number
  readonly scope: Scope
  readonly protocol: number
  readonly metric: number | undefined
  /** The source address that packets of our own take. */
  readonly source: Ip | undefined
}

/** A route to add or delete. Table `main`, protocol `boot`, and the scope that fits its type, unless said otherwise. */
export interface RouteChange {
  /** Needed only where no address tells it. */
  readonly family?: IpFamily | undefined
  /** Undefined: the default route. */
  readonly destination?: Ip | undefined
  readonly prefix?: number | undefined
  readonly type?: RouteType | undefined
  readonly gateway?: Ip | undefined
  readonly ifindex?: number | undefined
  readonly nextHops?: readonly NextHop[] | undefined
  readonly table?: number | undefined
  readonly scope?: Scope | undefined
  readonly protocol?: number | undefined
  readonly metric?: number | undefined
  readonly source?: Ip | undefined
  /** The gateway is on the segment although no address of ours says so. */
  readonly onLink?: boolean | undefined
}

const TYPES: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
}
const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name as RouteType]))

const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_MULTIPATH = 9
const RTA_TABLE = 15
const RTNH_F_ONLINK = 4

const HEADER_LENGTH = 12
const NEXT_HOP_LENGTH = 8

/** The body of RTM_NEWROUTE. */
export function encodeRoute(route: RouteChange): Uint8Array {
  return encode(route, scopeNumber(route.scope ?? fittingScope(route)))
}

/** The body of RTM_DELROUTE; without a scope it means a route of any scope. */
export function encodeRouteDeletion(route: RouteChange): Uint8Array {
  return encode(route, scopeNumber(route.scope ?? 'nowhere'))
}

function encode(route: RouteChange, scope: number): Uint8Array {
  const table = route.table ?? RT_TABLE_MAIN
  const header = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, addressFamily(routeFamily(route)))
  view.setUint8(1, route.prefix ?? (route.destination === undefined ? 0 : ipFamily(route.destination) === 4 ? 32 : 128))
  view.setUint8(4, table < 256 ? table : 0)
  view.setUint8(5, route.protocol ?? RTPROT_BOOT)
  view.setUint8(6, scope)
  view.setUint8(7, TYPES[route.type ?? 'unicast'])
  view.setUint32(8, route.onLink === true ? RTNH_F_ONLINK : 0, true)
  return nla.attributes(
    header,
    nla.ip(RTA_DST, route.destination),
    nla.ip(RTA_GATEWAY, route.gateway),
    nla.u32(RTA_OIF, route.ifindex),
    nla.bytes(RTA_MULTIPATH, route.nextHops === undefined ? undefined : nla.attributes(...route.nextHops.map(nextHop))),
    nla.u32(RTA_TABLE, table),
    nla.u32(RTA_PRIORITY, route.metric),
    nla.ip(RTA_PREFSRC, route.source),
  )
}

function nextHop({ gateway, ifindex, weight }: NextHop): Uint8Array {
  const attributes = nla.ip(RTA_GATEWAY, gateway)
  const header = new Uint8Array(NEXT_HOP_LENGTH)
  const view = viewOf(header)
  view.setUint16(0, NEXT_HOP_LENGTH + attributes.length, true)
  view.setUint8(3, weight - 1)
  view.setInt32(4, ifindex, true)
  return nla.attributes(header, attributes)
}

function routeFamily(route: RouteChange): IpFamily {
  const address = route.destination ?? route.gateway ?? route.source ?? route.nextHops?.[0]?.gateway
  return route.family ?? (address === undefined ? 4 : ipFamily(address))
}

/** As `ip route` chooses it: what is here is of host scope, what is on the segment of link scope, the rest is global. */
function fittingScope(route: RouteChange): Scope {
  if (routeFamily(route) === 6) return 'global'
  const type = route.type ?? 'unicast'
  if (type === 'local') return 'host'
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link'
  const direct = route.gateway === undefined && route.nextHops === undefined
  return type === 'unicast' && direct ? 'link' : 'global'
}

/** The body of RTM_GETROUTE for a dump. */
export function encodeRouteQuery(family: number): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  header[0] = family
  return header
}

/** From the body of RTM_NEWROUTE or RTM_DELROUTE; undefined if it is no IP route, or too short to be one. */
export function decodeRoute(body: Uint8Array): Route | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const view = viewOf(body)
  const family = view.getUint8(0)
  const type = TYPE_NAMES.get(view.getUint8(7))
  if ((family !== AF_INET && family !== AF_INET6) || type === undefined) return undefined
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  return {
    family: family === AF_INET ? 4 : 6,
    destination: attributes.ip(RTA_DST),
    prefix: view.getUint8(1),
    type,
    gateway: attributes.ip(RTA_GATEWAY),
    ifindex: attributes.u32(RTA_OIF),
    nextHops: decodeNextHops(attributes.bytes(RTA_MULTIPATH)),
    table: attributes.u32(RTA_TABLE) ?? view.getUint8(4),
    scope: scopeName(view.getUint8(6)),
    protocol: view.getUint8(5),
    metric: attributes.u32(RTA_PRIORITY),
    source: attributes.ip(RTA_PREFSRC),
  }
}

function decodeNextHops(bytes: Uint8Array = new Uint8Array(0)): readonly NextHop[] {
  const view = viewOf(bytes)
  const hops: NextHop[] = []
  for (let at = 0; at + NEXT_HOP_LENGTH <= bytes.length; ) {
    const length = view.getUint16(at, true)
    if (length < NEXT_HOP_LENGTH || length > bytes.length - at) break
    hops.push({
      gateway: new Attributes(bytes.subarray(at + NEXT_HOP_LENGTH, at + length)).ip(RTA_GATEWAY),
      ifindex: view.getInt32(at + 4, true),
      weight: view.getUint8(at + 3) + 1,
    })
    at += (length + 3) & ~3
  }
  return hops
}
