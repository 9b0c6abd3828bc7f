/** A small network for tests: a director whose table runs in the interpreter, and the machine around it. */
import type { InterpretedTable } from '../balancer/interpreted-table.ts'
import { TC } from '../balancer/program/hook.ts'
import { type Ip, ip, ipBytes, type Mac } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import type { Host, HostInterface } from './host.ts'
import { parseQuestion, type QuestionOptions } from './question.ts'
import type { Standing } from './standing.ts'
import { tracedPrograms } from './trial.ts'

export const VIP: Ip = ip('192.168.41.249')
export const ETH0: HostInterface = {
  ifindex: 3,
  name: 'eth0',
  mac: '02:00:00:00:00:02' as Mac,
  mtu: 1500,
  up: true,
  attached: true,
}
const ETH1: HostInterface = { ...ETH0, ifindex: 2, name: 'eth1', mac: '02:00:00:00:00:01' as Mac }

/** Every address is a neighbour on eth1, as the interpreted table has it. */
export const HOST: Host = hostWith(1500)

/** Ways take so many bytes at once. */
export function hostWith(mtu: number): Host {
  return {
    interfaces: [ETH0, ETH1],
    addresses: [{ address: VIP, ifindex: ETH0.ifindex }],
    neighbours: [{ ifindex: ETH1.ifindex, address: ip('10.0.0.11'), mac: undefined, state: 'reachable' }],
    routers: [],
    lookUpRoute: parameters => {
      const isIpv6 = parameters[0] === 10
      const address = parameters.slice(32, isIpv6 ? 48 : 36)
      const view = viewOf(parameters)
      view.setUint16(6, mtu, true)
      view.setUint32(8, ETH1.ifindex, true)
      parameters.set([0x02, 0, 0, 0, 0, 1], 52)
      parameters.set([0x02, isIpv6 ? 6 : 0, ...address.slice(-4)], 58)
      return { result: 0, parameters }
    },
  }
}

/** What the table holds now. */
export function standingOf({ backing }: InterpretedTable): Standing {
  return { facts: backing.facts, memory: backing.memory, jiffies: backing.ticks }
}

/** Explains a packet in the words of the command line. */
export function ask(
  table: InterpretedTable,
  words: string,
  options: QuestionOptions = {},
  host: Host = HOST,
  by: HostInterface = ETH0,
): Explanation {
  const standing = standingOf(table)
  return explain(parseQuestion(words.split(' '), options), by, host, standing, tracedPrograms(standing, TC))
}

/** The MAC address that a neighbour has in this network. */
export function macOf(address: Ip): string {
  return ['02', '00', ...Array.from(ipBytes(address), byte => byte.toString(16).padStart(2, '0'))].join(':')
}
