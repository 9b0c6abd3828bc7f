import type { XdpTarget } from '../balancer/program/xdp-targets.ts'
import {
  decodeFamily,
  decodeTransmits,
  encodeNetdevFamilyQuery,
  encodeNetdevQuery,
  GENL_ID_CTRL,
} from '../netlink/netdev.ts'
import { isKernelError } from './errors.ts'
import type { Link } from './link.ts'
import { NETLINK_GENERIC, RouteSocket } from './route-socket.ts'

/**
 * The interfaces that take frames which native XDP sends. A kernel before 6.3 cannot be asked: there, all real cards are
 * taken for such, and no virtual interface.
 */
export function xdpTransmitters(interfaces: readonly Link[]): readonly XdpTarget[] {
  using generic = new RouteSocket(undefined, NETLINK_GENERIC)
  const family = netdevFamily(generic)
  return interfaces
    .filter(({ ifindex, name, kind }) =>
      family === undefined ? kind === undefined : transmits(generic, family, ifindex, name),
    )
    .map(({ ifindex, kind }) => ({ ifindex, sendsBack: kind === undefined }))
}

function netdevFamily(generic: RouteSocket): number | undefined {
  try {
    const [answer] = generic.request('ask for the netdev family', GENL_ID_CTRL, 0, encodeNetdevFamilyQuery())
    return answer === undefined ? undefined : decodeFamily(answer.body)
  } catch (error) {
    if (!isKernelError(error, 'ENOENT', 'EOPNOTSUPP')) throw error
    return undefined
  }
}

function transmits(generic: RouteSocket, family: number, ifindex: number, name: string): boolean {
  try {
    const [answer] = generic.request(`ask what ${name} can do`, family, 0, encodeNetdevQuery(ifindex))
    return answer !== undefined && decodeTransmits(answer.body)
  } catch (error) {
    // It is gone again already.
    if (!isKernelError(error, 'ENODEV')) throw error
    return false
  }
}
