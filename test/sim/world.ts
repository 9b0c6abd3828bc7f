/**
 * Virtual time and a virtual network around machines that run the real election loop. Nothing here is real but the code
 * under test: packets are encoded, carried, decoded and judged as they are on a wire.
 */
import type { Ip } from '../../src/bytes/address.ts'
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import type { OutgoingPacket } from '../../src/vrrp/advertise.ts'
import type { Notice } from '../../src/vrrp/notice.ts'
import { type Received, receivedIpv4 } from '../../src/vrrp/received.ts'
import type { Router } from './cluster.ts'
import { Machine } from './machine.ts'
import { Queue } from './queue.ts'

/** What watches over a world. */
export interface Observer {
  /** The delays with which copies of a packet arrive at another machine: none if it is lost, several if it is doubled. */
  carry(from: Machine, to: Machine): readonly number[]
  sent(from: Machine, instance: VrrpInstance): void
  noticed(machine: Machine, notice: Notice): void
  logged(machine: Machine, text: string): void
  /** After every event, when all it caused in this moment is done. */
  settled(): void
}

interface Arrival {
  readonly machine: Machine
  readonly link: string
  readonly received: Received
}

type Task =
  | { readonly wake: Machine; readonly orderedAt: number }
  | { readonly arrival: Arrival }
  /** It gets to run again. */
  | { readonly thawed: Machine }
  | { readonly action: () => void }

export class World {
  readonly machines: Machine[] = []
  nowMs = 0
  readonly #observer: Observer
  readonly #queue = new Queue<Task>()

  constructor(observer: Observer) {
    this.#observer = observer
  }

  add(router: Router): Machine {
    const machine: Machine = new Machine(
      router,
      { send: (instance, source, packet) => this.#transmit(machine, instance, source, packet) },
      () => this.nowMs,
      {
        log: text => this.#observer.logged(machine, text),
        notice: notice => this.#observer.noticed(machine, notice),
      },
    )
    this.machines.push(machine)
    return machine
  }

  at(ms: number, action: () => void): void {
    this.#queue.push(ms, { action })
  }

  /** Has a machine do something as soon as it gets to run, and orders the wakes that follow from it. */
  act(machine: Machine, work: () => void): void {
    if (machine.frozenUntil > this.nowMs) {
      if (machine.pending.length === 0) this.#queue.push(machine.frozenUntil, { thawed: machine })
      machine.pending.push(work)
      return
    }
    work()
    this.orderWake(machine)
  }

  /** It gets to run again now, whatever was said before. */
  thaw(machine: Machine): void {
    machine.frozenUntil = Math.min(machine.frozenUntil, this.nowMs)
    machine.wakeOrderedAt = Number.POSITIVE_INFINITY
    this.#catchUp(machine)
    this.orderWake(machine)
  }

  runUntil(endMs: number): void {
    while (this.#queue.nextAt <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.#queue.nextAt)
      this.#do(this.#queue.pop()!)
      this.#observer.settled()
    }
    this.nowMs = endMs
  }

  orderWake(machine: Machine): void {
    const at = machine.nextWakeAt
    if (at === Number.POSITIVE_INFINITY || at >= machine.wakeOrderedAt) return
    machine.wakeOrderedAt = at
    this.#queue.push(Math.max(at, this.nowMs), { wake: machine, orderedAt: at })
  }

  #do(task: Task): void {
    if ('action' in task) {
      task.action()
      return
    }
    if ('thawed' in task) {
      if (task.thawed.frozenUntil > this.nowMs) this.#queue.push(task.thawed.frozenUntil, task)
      else this.#catchUp(task.thawed)
      return
    }
    const machine = 'wake' in task ? task.wake : task.arrival.machine
    // What arrives at a frozen machine waits in its sockets, and is read when it runs again.
    if ('arrival' in task) this.act(machine, () => this.#arrive(task.arrival))
    else if (machine.frozenUntil > this.nowMs) this.#queue.push(machine.frozenUntil, task)
    else this.#wake(machine, task.orderedAt)
  }

  #catchUp(machine: Machine): void {
    for (const work of machine.pending.splice(0)) this.act(machine, work)
  }

  #wake(machine: Machine, orderedAt: number): void {
    // Another wake was ordered in its place.
    if (orderedAt !== machine.wakeOrderedAt) return
    machine.wakeOrderedAt = Number.POSITIVE_INFINITY
    machine.wake()
    this.orderWake(machine)
  }

  #arrive({ machine, link, received }: Arrival): void {
    if (!machine.alive || !machine.kernel.links.get(link)!.up) return
    machine.receive(link, received)
    this.orderWake(machine)
  }

  #transmit(from: Machine, instance: VrrpInstance, source: Ip, packet: OutgoingPacket): void {
    this.#observer.sent(from, instance)
    const received = receivedFrom(source, packet)
    const link = instance.interface
    for (const machine of this.machines) {
      if (machine === from || !hears(machine, instance, packet)) continue
      for (const delayMs of this.#observer.carry(from, machine)) {
        this.#queue.push(this.nowMs + delayMs, { arrival: { machine, link, received } })
      }
    }
  }
}

function hears(machine: Machine, instance: VrrpInstance, { destination }: OutgoingPacket): boolean {
  if (instance.unicastPeers.length === 0) return true
  return machine.kernel.links.get(instance.interface)?.address === destination
}

function receivedFrom(source: Ip, { destination, hopLimit, payload, datagram }: OutgoingPacket): Received {
  if (datagram === undefined) return { source, destination, hopLimit, payload, authenticated: undefined }
  const received = receivedIpv4(datagram)
  if (!received.ok) throw new Error(`our own datagram is dropped: ${received.drop}`)
  return received.value
}
