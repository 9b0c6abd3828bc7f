/** One machine of the simulated network: its elections, its own clock, its cables. It runs the code that the daemon runs. */
import type { Ip } from '../../bytes/address.ts'
import { type Instant, instant } from '../../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../../model/vrrp-instance.ts'
import { accept } from '../accept.ts'
import { desiredAddresses } from '../desired.ts'
import type { Effect } from '../effect.ts'
import {
  type Elections,
  type ElectionsStep,
  nextWake,
  openElections,
  reloadElections,
  stepElections,
} from '../elections.ts'
import type { Event } from '../event.ts'
import { type Received, routerIdOf } from '../received.ts'
import type { State } from '../state.ts'

/** The machine's clock against the true one: started elsewhere, and a little fast or slow. */
export interface Clock {
  readonly offsetMs: number
  readonly rate: number
}

export type Perform = (machine: Router, instance: VrrpInstance, effect: Effect) => void

export class Router {
  readonly name: string
  readonly clock: Clock
  /** By interface: the cable, and the address on it. */
  readonly links: Map<string, { up: boolean; address: Ip | undefined }> = new Map()
  /** What is on the interfaces, by instance: it outlives the daemon, as it does in the kernel. */
  readonly held: Map<string, readonly Ip[]> = new Map()
  elections: Elections
  /** The process is there. */
  alive = false
  /** When the process was started last, in true time. */
  startedAt: number = Number.NEGATIVE_INFINITY
  /** The process is there but does not get to run until then, in true time. */
  frozenUntil = 0
  /** In true time: the earliest wake that was ordered already. */
  wakeOrderedAt: number = Number.POSITIVE_INFINITY
  readonly #perform: Perform
  #instances: readonly VrrpInstance[]
  #groups: readonly VrrpSyncGroup[]

  constructor(
    name: string,
    instances: readonly VrrpInstance[],
    groups: readonly VrrpSyncGroup[],
    address: Ip,
    clock: Clock,
    perform: Perform,
  ) {
    this.name = name
    this.clock = clock
    this.#perform = perform
    this.#instances = instances
    this.#groups = groups
    this.elections = openElections(instances, groups)
    for (const instance of instances) this.links.set(instance.interface, { up: true, address })
  }

  get instances(): readonly VrrpInstance[] {
    return this.#instances
  }

  state(instance: string): State {
    return this.elections.states.get(instance)!
  }

  start(trueMs: number, resume: boolean): void {
    this.elections = openElections(this.#instances, this.#groups)
    this.alive = true
    this.startedAt = trueMs
    for (const { name, interface: link } of this.#instances) {
      const { up, address } = this.links.get(link)!
      const wasHeld = (this.held.get(name) ?? []).length > 0
      this.step(name, { type: 'start', linkUp: up, address, resume: resume && wasHeld }, trueMs)
    }
  }

  /** As `kill -9` does: nothing is said, and the addresses stay. */
  kill(): void {
    this.alive = false
  }

  stop(trueMs: number): void {
    for (const { name } of this.#instances) this.step(name, { type: 'stop' }, trueMs)
    this.alive = false
  }

  reload(instances: readonly VrrpInstance[], groups: readonly VrrpSyncGroup[], trueMs: number): void {
    this.#instances = instances
    this.#groups = groups
    if (!this.alive) return
    this.#carryOut(reloadElections(this.elections, instances, groups, this.localTime(trueMs)))
    for (const { name, interface: link } of instances) {
      if (this.state(name).name !== 'initialize') continue
      const { up, address } = this.links.get(link)!
      this.step(name, { type: 'start', linkUp: up, address }, trueMs)
    }
  }

  /** Gets to run again now, whatever was said before. */
  thaw(trueMs: number): void {
    if (this.frozenUntil <= trueMs) return
    this.frozenUntil = trueMs
    this.wakeOrderedAt = Number.POSITIVE_INFINITY
  }

  plug(link: string, up: boolean, trueMs: number): void {
    this.links.get(link)!.up = up
    for (const instance of this.#instances) {
      if (this.alive && instance.interface === link) this.step(instance.name, { type: 'link', up }, trueMs)
    }
  }

  renumber(link: string, address: Ip | undefined, trueMs: number): void {
    this.links.get(link)!.address = address
    for (const instance of this.#instances) {
      if (this.alive && instance.interface === link) this.step(instance.name, { type: 'address', address }, trueMs)
    }
  }

  receive(link: string, received: Received, trueMs: number): void {
    const routerId = routerIdOf(received)
    const instance = this.#instances.find(one => one.interface === link && one.routerId === routerId)
    if (instance === undefined) return
    this.step(instance.name, accept(instance, this.state(instance.name), received), trueMs)
  }

  step(instance: string, event: Event, trueMs: number): void {
    if (this.alive) this.#carryOut(stepElections(this.elections, instance, event, this.localTime(trueMs)))
  }

  /** Whatever is due now. */
  wake(trueMs: number): void {
    for (let next = nextWake(this.elections); next !== undefined; next = nextWake(this.elections)) {
      if (next.at > this.localTime(trueMs)) return
      this.step(next.instance, { type: 'wake' }, trueMs)
    }
  }

  /** In true time. */
  get nextWakeAt(): number {
    const next = this.alive ? nextWake(this.elections) : undefined
    return next === undefined ? Number.POSITIVE_INFINITY : (next.at - this.clock.offsetMs) / this.clock.rate
  }

  localTime(trueMs: number): Instant {
    // Rounded up by a hair, so that a deadline computed from local to true time and back is not missed by 1e-12 ms.
    return instant(trueMs * this.clock.rate + this.clock.offsetMs + 1e-6)
  }

  #carryOut({ elections, effects }: ElectionsStep): void {
    this.elections = elections
    for (const { instance, effect } of effects) {
      if (effect.type === 'apply') this.#apply()
      this.#perform(this, instance, effect)
    }
  }

  #apply(): void {
    this.held.clear()
    for (const [name, instance] of this.elections.instances) {
      const addresses = desiredAddresses(instance, this.state(name)).map(({ address }) => address)
      if (addresses.length > 0) this.held.set(name, addresses)
    }
  }
}
