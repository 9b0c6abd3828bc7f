/** Where the packet leaves: the interface, the next hop, its MAC address, and what the way takes at once. */
import { type Ip, ipFamily } from '../bytes/address.ts'
import type { Step } from './explanation.ts'
import { decodeFibLookup, FIB_LOCAL, FIB_NO_NEIGHBOUR, FIB_REFUSALS, FIB_SUCCESS } from './fib-lookup.ts'
import { type Host, interfaceName } from './host.ts'
import type { Trial } from './trial.ts'

/** What every way takes (RFC 791): less is a number that the kernel did not tell. */
const MTU_MIN = 68

export function routeSteps({ told }: Trial, host: Host): readonly Step[] {
  return told.flatMap(({ event, values, server, route }): readonly Step[] => {
    if (event === 'known-hop' && server?.hop !== undefined) {
      const { ifindex, mac, mtu } = server.hop
      const text = `${server.address} by ${interfaceName(host, ifindex)}, next hop ${mac}${mtuText(mtu)}`
      return [
        { about: 'route', lines: [text, 'as the kernel said for another packet, less than a quarter of a second ago'] },
      ]
    }
    if (event === 'route' && route !== undefined)
      return [{ about: 'route', lines: [routeText(route.result, decodeFibLookup(route.parameters), host)] }]
    if (event === 'too-long') return [{ about: 'route', lines: [tooLongText(values.mtu!, values.overhead!)] }]
    if (event === 'segmented')
      return [{ about: 'route', lines: ['it stands for several segments, which are not too long'] }]
    return []
  })
}

function routeText(result: number, hop: ReturnType<typeof decodeFibLookup>, host: Host): string {
  const where = `by ${interfaceName(host, hop.ifindex)}, next hop ${hop.address}`
  switch (result) {
    case FIB_SUCCESS:
      return `${where} at ${hop.mac}${neighbourText(host, hop.ifindex, hop.address)}${mtuText(hop.mtu)}`
    case FIB_NO_NEIGHBOUR:
      return `${where}${neighbourText(host, hop.ifindex, hop.address)}: the kernel asks for its MAC address first, by ${ipFamily(hop.address) === 4 ? 'ARP' : 'neighbour discovery'}`
    case FIB_LOCAL:
      return `${hop.address} is an address of this machine: the stack has it`
    default:
      return FIB_REFUSALS[result]?.text ?? `the kernel gave no way (${result})`
  }
}

/** ` (stale)`: how well the kernel knows it. */
function neighbourText(host: Host, ifindex: number, address: Ip): string {
  const known = host.neighbours.find(each => each.ifindex === ifindex && each.address === address)
  return known === undefined ? '' : ` (${known.state})`
}

function mtuText(mtu: number): string {
  return mtu < MTU_MIN ? '' : `, ${mtu} bytes at once`
}

function tooLongText(mtu: number, overhead: number): string {
  const own = overhead === 0 ? '' : `, ${overhead} of which are the tunnel's`
  return `the packet is longer than the ${mtu} bytes that go at once${own}`
}
