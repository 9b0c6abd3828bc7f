/** Routes and rules of the daemon in the kernel. They carry keepalived's protocol number, as `ip route` shows it. */

import { links } from '../kernel/link.ts'
import { Poller } from '../kernel/poller.ts'
import { addRoute, deleteRoute, routes } from '../kernel/route.ts'
import { type RouteEvent, RouteMonitor } from '../kernel/route-monitor.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { addRule, deleteRule, type Rule, rules } from '../kernel/rule.ts'
import type { Route } from '../netlink/route.ts'
import { RTPROT_KEEPALIVED as PROTOCOL } from '../netlink/rtnetlink.ts'
import type { WantedRoute } from '../reconcile/routing-words.ts'
import type { RoutingKernel } from './routing-keeper.ts'

/** What IPv6 routes get that say no metric (IP6_RT_PRIO_USER). */
const IPV6_METRIC = 1024

/** Calls back when a route or rule of ours went away, whoever took it. */
export function kernelRouting(onGone: () => void): RoutingKernel {
  const socket = new RouteSocket()
  let watched = false
  // Only where there are any: a machine that speaks BGP has a million of them, and news of each.
  const watch = () => {
    if (watched) return
    watched = true
    const monitor = new RouteMonitor(['route', 'rule'])
    new Poller().watch(monitor.fd, () => {
      let gone = false
      for (let news = monitor.receive(); news !== undefined; news = monitor.receive())
        for (const event of news) if (event.type === 'overrun' || isLoss(event)) gone = true
      if (gone) onGone()
    })
  }
  const indexOf = (name: string) => links(socket).find(link => link.name === name)?.ifindex
  const change = (wanted: WantedRoute) => {
    const { nextHops, interface: name, ...rest } = wanted
    const hops = nextHops.map(({ gateway, interface: device, weight }) => ({
      gateway,
      ifindex: device === undefined ? 0 : (indexOf(device) ?? 0),
      weight,
    }))
    return {
      ...rest,
      protocol: PROTOCOL,
      ...(hops.length > 0 && { nextHops: hops }),
      ...(name !== undefined && { link: name }),
    }
  }
  return {
    hasRoute: wanted => {
      const ifindex = wanted.interface === undefined ? undefined : indexOf(wanted.interface)
      const { family, table } = wanted
      return routes(socket, { family, table }).some(route => isSame(wanted, ifindex, route))
    },
    addRoute: wanted => {
      watch()
      addRoute(socket, change(wanted))
    },
    deleteRoute: wanted => deleteRoute(socket, change(wanted)),
    hasRule: wanted =>
      rules(socket, { family: wanted.family }).some(rule => rule.protocol === PROTOCOL && sameRule(wanted, rule)),
    addRule: wanted => {
      watch()
      addRule(socket, { ...wanted, protocol: PROTOCOL })
    },
    deleteRule: wanted => deleteRule(socket, { ...wanted, protocol: PROTOCOL }),
  }
}

function isLoss(event: RouteEvent): boolean {
  if (event.type === 'rule') return event.gone && event.rule.protocol === PROTOCOL
  return event.type === 'route' && event.gone && event.route.protocol === PROTOCOL
}

function isSame(wanted: WantedRoute, ifindex: number | undefined, route: Route): boolean {
  const metric = wanted.metric ?? (wanted.family === 6 ? IPV6_METRIC : 0)
  return (
    route.protocol === PROTOCOL &&
    route.type === wanted.type &&
    route.prefix === wanted.prefix &&
    route.destination === wanted.destination &&
    (route.metric ?? 0) === metric &&
    route.gateway === wanted.gateway &&
    (ifindex === undefined || route.ifindex === ifindex) &&
    route.nextHops.length === wanted.nextHops.length
  )
}

function sameRule(wanted: Rule, rule: Rule): boolean {
  const text = ({ priority, table, source, destination, mark, inputInterface, outputInterface }: Rule) =>
    JSON.stringify([
      priority,
      table,
      source && [source.address, source.prefix],
      destination && [destination.address, destination.prefix],
      mark && [mark.value, mark.mask],
      inputInterface,
      outputInterface,
    ])
  return text(wanted) === text(rule)
}
