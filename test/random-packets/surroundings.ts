/** The network around a director under test: one segment, where everybody it may send to has a hardware address. */
import { ip, ipFamily, type Mac } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createVeth, setLink } from '../../src/kernel/link.ts'
import { setNeighbour } from '../../src/kernel/neighbour.ts'
import { addRoute } from '../../src/kernel/route.ts'
import type { RouteSocket } from '../../src/kernel/route-socket.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { Cast } from './packets.ts'

/** All but the last server and the last client, whose addresses the kernel would have to ask for. */
export function surround(route: RouteSocket, { clients, servers }: Cast): void {
  createVeth(route, { name: 'lan' }, { name: 'far' })
  for (const name of ['lan', 'far']) setLink(route, name, { up: true })
  writeSysctl('net.ipv4.conf.lo.forwarding', 1)
  writeSysctl('net.ipv6.conf.lo.forwarding', 1)
  addAddress(route, 'lan', { address: ip('10.0.0.1'), prefix: 8 })
  addAddress(route, 'lan', { address: ip('2001:db8::1'), prefix: 32 })
  for (const [i, address] of [...clients, ...servers.map(server => server.address)].entries()) {
    if (address === clients.at(-1) || address === servers.at(-1)?.address) continue
    setNeighbour(
      route,
      'lan',
      address,
      `02:00:00:00:${ipFamily(address) === 4 ? '04' : '06'}:${(16 + i).toString(16)}` as Mac,
    )
  }
  setNeighbour(route, 'lan', ip('10.0.0.2'), '02:00:00:00:04:02' as Mac)
  setNeighbour(route, 'lan', ip('2001:db8::2'), '02:00:00:00:06:02' as Mac)
  addRoute(route, { family: 4, gateway: ip('10.0.0.2'), link: 'lan' })
  addRoute(route, { family: 6, gateway: ip('2001:db8::2'), link: 'lan' })
}
