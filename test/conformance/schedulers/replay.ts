/** Tells a scenario to a service table, packet by packet, and reads from its connections whom it chose. */

import { tcpFrame } from '../../../src/balancer/frame.ts'
import { type Ip, ip } from '../../../src/bytes/address.ts'
import type { ServiceKey } from '../../../src/model/service.ts'
import type { Destination, ServiceTable, VirtualService } from '../../../src/model/virtual-service.ts'
import {
  type Answers,
  type Client,
  clientOf,
  parseStep,
  type Scenario,
  type ServerStep,
  serverAddress,
} from './scenario.ts'

/** A table, the data path that works on it, and time. */
export interface Player {
  readonly table: ServiceTable
  /** Whom the packet went to, if that can be told at once; else the table's connections are asked. */
  receive(frame: Uint8Array, mark: number): Ip | undefined
  readonly tells: boolean
  elapse(seconds: number): void
}

export function replay(scenario: Scenario, { table, receive, tells, elapse }: Player): Answers {
  const key = keyOf(scenario)
  const answers: string[] = []
  const open: Client[] = []
  let opened = 0
  const mark = key.kind === 'mark' ? key.mark : 0
  const segment = ({ address, port, target }: Client, flags: Parameters<typeof tcpFrame>[2]) =>
    receive(tcpFrame({ address, port }, { address: target, port: scenario.port }, flags), mark)
  const destination = ({ id, weight, upper, lower }: ServerStep): Destination => ({
    address: serverAddress(id),
    port: serverPort(scenario),
    forwarding: { method: 'route' },
    weight,
    upperThreshold: upper,
    lowerThreshold: lower,
  })
  for (const text of scenario.steps) {
    const step = parseStep(text)
    switch (step.verb) {
      case 'scheduler': {
        const service: VirtualService = {
          key,
          scheduler: step.scheduler,
          schedulerFlags: step.flags,
          onePacket: false,
          persistence: undefined,
          persistenceEngine: undefined,
        }
        if (table.service(key) === undefined) table.addService(service)
        else table.editService(service)
        break
      }
      case 'add':
        table.addDestination(key, destination(step.server))
        break
      case 'edit':
        table.editDestination(key, destination(step.server))
        break
      case 'remove':
        table.deleteDestination(key, serverAddress(step.id), serverPort(scenario))
        break
      case 'open':
      case 'same': {
        const { verb, count } = step
        const clients = Array.from({ length: count }, () => clientOf(scenario, opened++, verb))
        const hops = clients.map(client => {
          const hop = segment(client, ['syn'])
          segment(client, ['ack'])
          return hop
        })
        const listed = tells ? undefined : serversOf(table, scenario)
        const servers = clients.map((client, i) => (listed === undefined ? hops[i] : listed.get(name(client))))
        open.push(...clients.filter((_, i) => servers[i] !== undefined))
        answers.push(servers.map(server => server?.split('.')[3] ?? '-').join(' '))
        break
      }
      case 'idle':
        for (const client of open.splice(0, step.count)) segment(client, ['fin', 'ack'])
        break
      case 'close':
        table.setTimeouts({ tcpS: 0, tcpFinS: 1, udpS: 0 })
        for (const client of open.splice(0, step.count)) segment(client, ['fin', 'ack'])
        elapse(2)
        table.services()
        table.setTimeouts({ tcpS: 0, tcpFinS: 120, udpS: 0 })
    }
  }
  return answers
}

function keyOf({ address, port }: Scenario): ServiceKey {
  if (address === 'marked') return { kind: 'mark', mark: port, family: 4 }
  return { kind: 'address', protocol: 'TCP', address: ip(`10.1.0.${address}`), port }
}

/** Servers of a marked service have port 0: the client's is kept. */
function serverPort({ address, port }: Scenario): number {
  return address === 'marked' ? 0 : port
}

function name({ address, port }: { readonly address: Ip; readonly port: number }): string {
  return `${address} ${port}`
}

function serversOf(table: ServiceTable, { port }: Scenario): Map<string, Ip> {
  const mine = [...table.connections()].filter(({ virtual }) => virtual.port === port)
  return new Map(mine.map(({ client, destination }) => [name(client), destination.address]))
}
