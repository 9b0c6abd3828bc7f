/** The network that the measured programs believe in: one interface, behind which every address is a neighbour with a known MAC address. */
import { type Ip, ip, parseMac } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createVeth, setLink } from '../../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace } from '../../src/kernel/namespace.ts'
import { setNeighbour } from '../../src/kernel/neighbour.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'

export const VIP: Ip = ip('192.168.41.249')
export const OWN: Ip = ip('172.16.0.1')
const GATEWAY = ip('172.16.255.254')
export const GATEWAY_MAC = '02:00:00:00:ff:fe'
const SERVERS_MAX = 512

/** The number-th real server's address, and its MAC address. */
export function serverAddress(number: number): Ip {
  return ip(`172.16.${1 + (number >> 8)}.${number & 255}`)
}
export function serverMac(number: number): string {
  return `02:00:00:01:0${1 + (number >> 8)}:${(number & 255).toString(16).padStart(2, '0')}`
}

/** What `work` does in a namespace of its own, which is gone afterwards. */
export function inWorld(work: () => void): void {
  const namespace = createNamespace(`sluice-bench-${process.pid}`)
  try {
    inNamespace(namespace, () => {
      using route = new RouteSocket()
      setLink(route, 'lo', { up: true })
      createVeth(route, { name: 'eth0', up: true }, { name: 'eth1', up: true })
      addAddress(route, 'eth0', { address: OWN, prefix: 16 })
      addRoute(route, { gateway: GATEWAY })
      setNeighbour(route, 'eth0', GATEWAY, parseMac(GATEWAY_MAC)!)
      for (let number = 0; number < SERVERS_MAX; number++)
        setNeighbour(route, 'eth0', serverAddress(number), parseMac(serverMac(number))!)
      writeSysctl('net.ipv4.conf.lo.forwarding', 1)
      work()
    })
  } finally {
    deleteNamespace(namespace.name)
    namespace.close()
  }
}
