/**
 * Virtual time and a virtual network around machines that run the real elections. Nothing here is real but the code
 * under test: packets are encoded, carried, decoded and judged as they are on a wire.
 */

import { Queue } from '../../../test/sim/queue.ts'
import type { Ip } from '../../bytes/address.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../../model/vrrp-instance.ts'
import { encodeAdvertise, type OutgoingPacket } from '../advertise.ts'
import type { Advertise, Effect } from '../effect.ts'
import { type Received, receivedIpv4 } from '../received.ts'
import { type Clock, Router } from './router.ts'

/** The delays with which copies of a packet arrive at another machine: none if it is lost, several if it is doubled. */
export type Carry = (from: Router, to: Router, link: string) => readonly number[]

export type Observe = (machine: Router, instance: VrrpInstance, effect: Effect) => void

interface Arrival {
  readonly machine: Router
  readonly link: string
  readonly received: Received
}

type Task =
  | { readonly wake: Router; readonly orderedAt: number }
  | { readonly arrival: Arrival }
  | { readonly action: () => void }

export class Segment {
  readonly machines: Map<string, Router> = new Map()
  nowMs = 0
  carry: Carry = () => [0]
  observe: Observe = () => {}
  /** After every event, when all it caused in this moment is done. */
  settled: () => void = () => {}
  readonly #queue = new Queue<Task>()

  add(
    name: string,
    address: Ip,
    instances: readonly VrrpInstance[],
    groups: readonly VrrpSyncGroup[] = [],
    clock: Clock = { offsetMs: 0, rate: 1 },
  ): Router {
    const machine = new Router(name, instances, groups, address, clock, (from, instance, effect) => {
      this.observe(from, instance, effect)
      if (effect.type === 'advertise') this.#transmit(from, instance, effect)
    })
    this.machines.set(name, machine)
    return machine
  }

  /** Puts a packet on a machine's wire as if a stranger had sent it. */
  inject(machine: Router, link: string, received: Received): void {
    this.#arrive({ machine, link, received })
  }

  at(ms: number, action: () => void): void {
    this.#queue.push(ms, { action })
  }

  /** Does something to a machine now, and orders the wakes that follow from it. */
  act(machine: Router, action: () => void): void {
    action()
    this.#orderWake(machine)
  }

  runUntil(endMs: number): void {
    while (this.#queue.nextAt <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.#queue.nextAt)
      this.#do(this.#queue.pop()!)
      this.settled()
    }
    this.nowMs = endMs
  }

  #do(task: Task): void {
    if ('action' in task) {
      task.action()
      return
    }
    const machine = 'wake' in task ? task.wake : task.arrival.machine
    if (machine.frozenUntil > this.nowMs) this.#queue.push(machine.frozenUntil, task)
    else if ('arrival' in task) this.#arrive(task.arrival)
    else this.#wake(machine, task.orderedAt)
  }

  #wake(machine: Router, orderedAt: number): void {
    // Another wake was ordered in its place.
    if (orderedAt !== machine.wakeOrderedAt) return
    machine.wakeOrderedAt = Number.POSITIVE_INFINITY
    if (machine.alive) machine.wake(this.nowMs)
    this.#orderWake(machine)
  }

  #arrive({ machine, link, received }: Arrival): void {
    if (!machine.alive || !machine.links.get(link)?.up) return
    machine.receive(link, received, this.nowMs)
    this.#orderWake(machine)
  }

  #orderWake(machine: Router): void {
    const at = machine.nextWakeAt
    if (at === Number.POSITIVE_INFINITY || at >= machine.wakeOrderedAt) return
    machine.wakeOrderedAt = at
    this.#queue.push(Math.max(at, this.nowMs), { wake: machine, orderedAt: at })
  }

  #transmit(from: Router, instance: VrrpInstance, effect: Advertise): void {
    if (!from.links.get(instance.interface)?.up) return
    for (const packet of encodeAdvertise(instance, effect)) {
      const received = receivedFrom(effect.source, packet)
      for (const machine of this.machines.values()) {
        if (machine === from || !hears(machine, instance, packet)) continue
        for (const delayMs of this.carry(from, machine, instance.interface)) {
          const arrival = { machine, link: instance.interface, received }
          this.#queue.push(this.nowMs + delayMs, { arrival })
        }
      }
    }
  }
}

function hears(machine: Router, instance: VrrpInstance, { destination }: OutgoingPacket): boolean {
  const link = machine.links.get(instance.interface)
  return link !== undefined && (instance.unicastPeers.length === 0 || link.address === destination)
}

function receivedFrom(source: Ip, { destination, hopLimit, payload, datagram }: OutgoingPacket): Received {
  if (datagram === undefined) return { source, destination, hopLimit, payload, authenticated: undefined }
  const received = receivedIpv4(datagram)
  if (!received.ok) throw new Error(`our own datagram is dropped: ${received.drop}`)
  return received.value
}
