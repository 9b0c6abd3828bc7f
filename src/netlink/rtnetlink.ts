/** The vocabulary of rtnetlink (linux/rtnetlink.h, linux/if_addr.h): message types, groups, and words for their numbers. */
import type { IpFamily } from '../bytes/address.ts'

export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const RTM_NEWADDR = 20
export const RTM_DELADDR = 21
export const RTM_GETADDR = 22
export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26
export const RTM_NEWNEIGH = 28
export const RTM_DELNEIGH = 29
export const RTM_GETNEIGH = 30
export const RTM_NEWRULE = 32
export const RTM_DELRULE = 33
export const RTM_GETRULE = 34
export const RTM_NEWQDISC = 36
export const RTM_DELQDISC = 37
export const RTM_GETQDISC = 38
export const RTM_NEWTFILTER = 44
export const RTM_DELTFILTER = 45
export const RTM_GETTFILTER = 46

/** Whom to listen to. */
export const RTNLGRP_LINK = 1
export const RTNLGRP_NEIGH = 3
export const RTNLGRP_IPV4_IFADDR = 5
export const RTNLGRP_IPV4_ROUTE = 7
export const RTNLGRP_IPV4_RULE = 8
export const RTNLGRP_IPV6_IFADDR = 9
export const RTNLGRP_IPV6_ROUTE = 11
export const RTNLGRP_IPV6_RULE = 19

export const AF_UNSPEC = 0
export const AF_INET = 2
export const AF_BRIDGE = 7
export const AF_INET6 = 10

/** Who put a route, a rule or an address there; 18 is keepalived's own number (RTPROT_KEEPALIVED). */
export const RTPROT_KERNEL = 2
export const RTPROT_BOOT = 3
export const RTPROT_STATIC = 4
export const RTPROT_KEEPALIVED = 18

export const RT_TABLE_MAIN = 254
export const RT_TABLE_LOCAL = 255

/** How far an address or a route is valid. */
export type Scope = 'global' | 'site' | 'link' | 'host' | 'nowhere'
const SCOPES: Readonly<Record<Scope, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 }

export function scopeNumber(scope: Scope): number {
  return SCOPES[scope]
}

/** A number without a name counts as the next wider scope that has one. */
export function scopeName(number: number): Scope {
  if (number >= 255) return 'nowhere'
  if (number >= 254) return 'host'
  if (number >= 253) return 'link'
  return number >= 200 ? 'site' : 'global'
}

export function addressFamily(family: IpFamily): number {
  return family === 4 ? AF_INET : AF_INET6
}
