/** Which addresses this machine has, kept up to date by the kernel's own news. */
import type { Ip } from '../bytes/address.ts'
import { addresses } from '../kernel/address.ts'
import { Poller } from '../kernel/poller.ts'
import { RouteMonitor } from '../kernel/route-monitor.ts'
import { RouteSocket } from '../kernel/route-socket.ts'

export interface OwnAddresses {
  has(address: Ip): boolean
}

/** Calls back after addresses came or went. */
export function watchOwnAddresses(onChange: () => void): OwnAddresses {
  const monitor = new RouteMonitor(['address'])
  let own = readAddresses()
  new Poller().watch(monitor.fd, () => {
    while (monitor.receive() !== undefined);
    own = readAddresses()
    onChange()
  })
  return { has: address => own.has(address) }
}

function readAddresses(): ReadonlySet<Ip> {
  using route = new RouteSocket()
  return new Set(addresses(route).map(({ address }) => address))
}
