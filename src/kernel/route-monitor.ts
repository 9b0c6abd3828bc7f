/** News of links, addresses, routes, rules and neighbours, as they change (rtnetlink(7) groups). */

import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import { decodeAddress, type InterfaceAddress } from '../netlink/address.ts'
import { decodeLink, type Link } from '../netlink/link.ts'
import { decodeMessages, type Message } from '../netlink/message.ts'
import { decodeNeighbour, type Neighbour } from '../netlink/neighbour.ts'
import { decodeRoute, type Route } from '../netlink/route.ts'
import * as rtnetlink from '../netlink/rtnetlink.ts'
import { decodeRule, type Rule } from '../netlink/rule.ts'
import { bind, call, errno, recv, refused } from './libc.ts'
import { inNamespace, type Namespace } from './namespace.ts'
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  openSocket,
  SO_RCVBUFFORCE,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export type RouteEvent =
  | { readonly type: 'link'; readonly gone: boolean; readonly link: Link }
  | { readonly type: 'address'; readonly gone: boolean; readonly address: InterfaceAddress }
  | { readonly type: 'route'; readonly gone: boolean; readonly route: Route }
  | { readonly type: 'rule'; readonly gone: boolean; readonly rule: Rule }
  | { readonly type: 'neighbour'; readonly gone: boolean; readonly neighbour: Neighbour }
  /** There were more than the kernel kept: what is known is out of date and must be asked for again. */
  | { readonly type: 'overrun' }

export type RouteTopic = 'link' | 'address' | 'route' | 'rule' | 'neighbour'

const GROUPS: Readonly<Record<RouteTopic, readonly number[]>> = {
  link: [rtnetlink.RTNLGRP_LINK],
  address: [rtnetlink.RTNLGRP_IPV4_IFADDR, rtnetlink.RTNLGRP_IPV6_IFADDR],
  route: [rtnetlink.RTNLGRP_IPV4_ROUTE, rtnetlink.RTNLGRP_IPV6_ROUTE],
  rule: [rtnetlink.RTNLGRP_IPV4_RULE, rtnetlink.RTNLGRP_IPV6_RULE],
  neighbour: [rtnetlink.RTNLGRP_NEIGH],
}

const NETLINK_ROUTE = 0
const BUFFER_BYTES = 65_536
/** What the kernel keeps for us: a flood of news from thousands of interfaces fits. */
const RECEIVE_BUFFER_BYTES = 4 << 20

export class RouteMonitor {
  /** For a Poller. */
  readonly fd: number
  readonly #buffer = new Uint8Array(BUFFER_BYTES)

  /** In the current namespace, or in the one given. */
  constructor(topics: readonly RouteTopic[], namespace?: Namespace) {
    this.fd = namespace === undefined ? open(topics) : inNamespace(namespace, () => open(topics))
  }

  /** The next news, or undefined if there is none now. One receive may bring several. */
  receive(): readonly RouteEvent[] | undefined {
    for (;;) {
      const length = recv(this.fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT)
      if (length !== -1) return decodeEvents(this.#buffer.slice(0, length))
      const error = errno()
      if (error === constants.errno.EAGAIN) return undefined
      if (error === constants.errno.ENOBUFS) return [{ type: 'overrun' }]
      if (error !== constants.errno.EINTR) throw refused('receive from a netlink socket', error)
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function open(topics: readonly RouteTopic[]): number {
  const operation = 'listen to changes of the network'
  return openSocket(operation, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE, fd => {
    setOption(fd, 'enlarge the receive buffer of a netlink socket', SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    // struct sockaddr_nl: family, port chosen by the kernel, one bit a group.
    const groups = topics.flatMap(topic => GROUPS[topic]).reduce((bits, group) => bits | (1 << (group - 1)), 0)
    const address = new Uint8Array(12)
    address[0] = AF_NETLINK
    viewOf(address).setUint32(8, groups >>> 0, true)
    call(operation, bind(fd, address, address.length))
  })
}

function decodeEvents(datagram: Uint8Array): readonly RouteEvent[] {
  const decoded = decodeMessages(datagram)
  return decoded.ok ? decoded.value.flatMap(message => decodeEvent(message) ?? []) : [{ type: 'overrun' }]
}

function decodeEvent({ type, body }: Message): RouteEvent | undefined {
  switch (type) {
    case rtnetlink.RTM_NEWLINK:
    case rtnetlink.RTM_DELLINK: {
      const link = decodeLink(body)
      return link && { type: 'link', gone: type === rtnetlink.RTM_DELLINK, link }
    }
    case rtnetlink.RTM_NEWADDR:
    case rtnetlink.RTM_DELADDR: {
      const address = decodeAddress(body)
      return address && { type: 'address', gone: type === rtnetlink.RTM_DELADDR, address }
    }
    case rtnetlink.RTM_NEWROUTE:
    case rtnetlink.RTM_DELROUTE: {
      const route = decodeRoute(body)
      return route && { type: 'route', gone: type === rtnetlink.RTM_DELROUTE, route }
    }
    case rtnetlink.RTM_NEWRULE:
    case rtnetlink.RTM_DELRULE: {
      const rule = decodeRule(body)
      return rule && { type: 'rule', gone: type === rtnetlink.RTM_DELRULE, rule }
    }
    case rtnetlink.RTM_NEWNEIGH:
    case rtnetlink.RTM_DELNEIGH: {
      const neighbour = decodeNeighbour(body)
      return neighbour && { type: 'neighbour', gone: type === rtnetlink.RTM_DELNEIGH, neighbour }
    }
    default:
      return undefined
  }
}
