/** The machine around the table, as far as an explanation is about it. */
import type { Ip, Mac } from '../bytes/address.ts'
import type { RouteAnswer } from './trial.ts'

export interface Host {
  readonly interfaces: readonly HostInterface[]
  readonly addresses: readonly { readonly address: Ip; readonly ifindex: number }[]
  readonly neighbours: readonly HostNeighbour[]
  /** What a daemon that runs here says of the routers it plays; none if no daemon runs. */
  readonly routers: readonly HostRouter[]
  /** Asks the kernel for a way, as the data path does; gets a copy of the parameters. */
  readonly lookUpRoute: (parameters: Uint8Array) => RouteAnswer
}

export interface HostInterface {
  readonly ifindex: number
  readonly name: string
  /** Undefined where it is no Ethernet address. */
  readonly mac: Mac | undefined
  readonly mtu: number
  readonly up: boolean
  /** Our program meets what comes in there. */
  readonly attached: boolean
  /** At XDP, before, meets it a program that does the same or leaves it to this one. */
  readonly xdp?: 'native' | 'generic' | undefined
}

export interface HostNeighbour {
  readonly ifindex: number
  readonly address: Ip
  readonly mac: Mac | undefined
  readonly state: string
}

export interface HostRouter {
  readonly name: string
  /** As keepalived says it: MASTER, BACKUP, FAULT. */
  readonly state: string
  readonly addresses: readonly Ip[]
}

/** `eth0`, or `interface 7` for one that is gone. */
export function interfaceName(host: Host, ifindex: number): string {
  return host.interfaces.find(each => each.ifindex === ifindex)?.name ?? `interface ${ifindex}`
}
