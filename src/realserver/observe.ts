import { addresses } from '../kernel/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import { links } from '../kernel/link.ts'
import { routes } from '../kernel/route.ts'
import type { RouteSocket } from '../kernel/route-socket.ts'
import { readSysctl } from '../kernel/sysctl.ts'
import { RT_TABLE_MAIN } from '../netlink/rtnetlink.ts'
import { hostPrefix, type Observation } from './observation.ts'
import { SUPPRESSIONS } from './suppression.ts'

/** What the kernel holds now, in the network namespace of this process. */
export function observe(route: RouteSocket): Observation {
  const interfaces = new Map(links(route).map(link => [link.ifindex, link]))
  const loopback = [...interfaces.values()].find(({ name }) => name === 'lo')
  return {
    loopbackUp: loopback?.up === true,
    addresses: addresses(route).map(({ ifindex, address, prefix }) => ({
      interface: interfaces.get(ifindex)?.name ?? `interface ${ifindex}`,
      address,
      prefix,
    })),
    loopbackRoutes: routes(route, { table: RT_TABLE_MAIN }).flatMap(({ destination, prefix, ifindex }) =>
      destination !== undefined && prefix === hostPrefix(destination) && ifindex === loopback?.ifindex
        ? [destination]
        : [],
    ),
    sysctls: Object.fromEntries(SUPPRESSIONS.flatMap(({ name }) => sysctl(name))),
  }
}

function sysctl(name: string): [string, string][] {
  try {
    return [[name, readSysctl(name)]]
  } catch (error) {
    if (isKernelError(error, 'ENOENT')) return []
    throw error
  }
}
