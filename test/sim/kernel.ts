/** What of a simulated machine outlives its daemon: cables, addresses, what was noted in files. */
import type { Ip } from '../../src/bytes/address.ts'
import type { ElectionNetwork, InterfaceState } from '../../src/daemon/election-network.ts'
import type { Heartbeat } from '../../src/daemon/heartbeat.ts'
import type { Note } from '../../src/daemon/note.ts'
import type { RoutingKernel } from '../../src/daemon/routing-keeper.ts'
import { KernelError } from '../../src/kernel/errors.ts'
import type { Instant } from '../../src/model/time.ts'
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import { addressKey, type HeldAddress } from '../../src/reconcile/addresses.ts'
import type { OutgoingPacket } from '../../src/vrrp/advertise.ts'

export interface Link {
  up: boolean
  address: Ip | undefined
}

/** What leaves the machine. */
export interface Transmitter {
  send(instance: VrrpInstance, source: Ip, packet: OutgoingPacket): void
}

const ENETDOWN = 100
const EEXIST = 17
const EADDRNOTAVAIL = 99

export class Kernel implements ElectionNetwork {
  readonly links: Map<string, Link> = new Map()
  /** The virtual addresses that are there, by key. */
  readonly virtual: Map<string, HeldAddress> = new Map()
  readonly owned: Note<readonly string[]> = memoryNote()
  readonly ownedRouting: Note<readonly string[]> = memoryNote()
  readonly heartbeat: Heartbeat
  readonly routing: RoutingKernel = NO_ROUTING
  readonly #transmitter: Transmitter

  constructor(links: readonly string[], address: Ip, transmitter: Transmitter) {
    for (const name of links) this.links.set(name, { up: true, address })
    this.#transmitter = transmitter
    const beats = new Map<string, Instant>()
    this.heartbeat = {
      last: name => beats.get(name),
      beat: (name, now) => void beats.set(name, now),
      cease: name => void beats.delete(name),
    }
  }

  listen(): void {}

  look(name: string): InterfaceState | undefined {
    const link = this.links.get(name)
    if (link === undefined) return undefined
    const { up, address } = link
    return { up, addresses: address === undefined ? [] : [{ address, linkLocal: address.includes(':') }] }
  }

  send(instance: VrrpInstance, source: Ip, packet: OutgoingPacket): void {
    if (!this.links.get(instance.interface)!.up) throw new KernelError('send', ENETDOWN, 'Network is down')
    this.#transmitter.send(instance, source, packet)
  }

  announce(): void {}

  held(): readonly HeldAddress[] {
    const own = [...this.links].flatMap(([name, { address }]) =>
      address === undefined ? [] : [{ interface: name, address, prefix: 24 }],
    )
    return [...own, ...this.virtual.values()]
  }

  add(address: HeldAddress): void {
    const key = addressKey(address)
    if (this.virtual.has(key)) throw new KernelError(`add ${key}`, EEXIST, 'File exists')
    this.virtual.set(key, address)
  }

  remove(address: HeldAddress): void {
    const key = addressKey(address)
    if (!this.virtual.delete(key)) throw new KernelError(`delete ${key}`, EADDRNOTAVAIL, 'Cannot assign address')
  }

  close(): void {}
}

const NO_ROUTING: RoutingKernel = {
  hasRoute: () => true,
  addRoute: () => {},
  deleteRoute: () => {},
  hasRule: () => true,
  addRule: () => {},
  deleteRule: () => {},
}

function memoryNote(): Note<readonly string[]> {
  let noted: readonly string[] | undefined
  return {
    read: () => noted,
    write: value => {
      noted = value
    },
    remove: () => {
      noted = undefined
    },
  }
}
