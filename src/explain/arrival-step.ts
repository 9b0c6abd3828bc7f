/** How the packet comes to the program, or why it does not. */

import type { VirtualService } from '../model/virtual-service.ts'
import type { Step, Verdict } from './explanation.ts'
import type { Host, HostInterface } from './host.ts'
import type { Question } from './question.ts'

/** What is to be seen of the interface, and of who holds the address that the packet is for. */
export function arrivalStep(
  question: Question,
  host: Host,
  by: HostInterface,
  services: readonly VirtualService[],
): Step {
  return {
    about: 'arrival',
    lines: [
      `${by.name} is ${by.up ? 'up' : 'DOWN'}${by.attached ? ' and has the program' : ', WITHOUT the program'}`,
      ...(by.xdp === undefined
        ? []
        : [`the one at XDP (${by.xdp}) comes first: it does the same, or leaves the packet to this one`]),
      ...addressLines(question, host, services),
    ],
  }
}

/** Why a packet that comes in here never meets the program; undefined if it does. */
export function unmet(by: HostInterface): Verdict | undefined {
  if (!by.up)
    return {
      action: 'unmet',
      text: `${by.name} is down: nothing comes in there`,
      remedy: `switch it on: ip link set ${by.name} up`,
      interface: by.name,
    }
  if (!by.attached)
    return {
      action: 'unmet',
      text: `passed to the stack: ${by.name} has no program, what comes in there is not balanced`,
      remedy: 'attach it to every interface that has come since: sluice ipvsadm -L',
      interface: by.name,
    }
  return undefined
}

/** A packet whose address nobody answers for here comes only if a router sends it here. */
function addressLines(
  { destination: { address } }: Question,
  host: Host,
  services: readonly VirtualService[],
): readonly string[] {
  const holder = host.addresses.find(each => each.address === address)
  if (holder !== undefined) {
    const name = host.interfaces.find(each => each.ifindex === holder.ifindex)?.name ?? 'an interface'
    return [`${address} is on ${name}`]
  }
  if (!services.some(({ key }) => key.kind === 'address' && key.address === address))
    return [`${address} is no address of this machine, and of no service: the packet is on its way through`]
  const routers = host.routers.filter(router => router.addresses.includes(address))
  const elsewhere = routers.map(({ name, state }) => `${name}, which has it, is ${state} here`)
  const reason = elsewhere.length === 0 ? 'no daemon here holds it' : elsewhere.join('; ')
  return [
    `${address} is NOT ON THIS MACHINE (${reason}): nobody here answers ARP for it,`,
    'so the packet comes only if a router sends it here; what follows holds if it does',
  ]
}
