/**
 * One life of a cluster: times of trouble (loss, delay, doubled and reordered packets, partitions, pulled cables, killed,
 * stopped and frozen daemons) and times of peace in turn. What must hold always is checked after every event; what must
 * hold in peace, from the moment on when the protocol promises it:
 *
 *   - two routers active at once have heard each other within an interval, and one has stepped back
 *   - somebody is active when the longest limit of silence is over
 *   - it is the best of those that are there, where all preempt
 */
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import { desiredAddresses } from '../../src/vrrp/desired.ts'
import type { Effect } from '../../src/vrrp/effect.ts'
import { faults } from '../../src/vrrp/faults.ts'
import { type Cluster, drawCluster, type Router } from './cluster.ts'
import type { Machine } from './machine.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

/** Far more than the longest life of the largest cluster has. */
const EVENTS_MAX = 200_000

export class BrokenPromise extends Error {}

interface Weather {
  readonly loss: number
  readonly delayMs: readonly [number, number]
  readonly doubling: number
}

export class Scenario {
  readonly #random: Random
  readonly #cluster: Cluster
  readonly #world = new World()
  readonly #record: (line: string) => void
  readonly #separated = new Set<string>()
  readonly #lastAdvert = new Map<string, number>()
  /** Who is active, by instance name; and since when it is more than one. */
  readonly #active = new Map<string, Set<Machine>>()
  readonly #crowdedSince = new Map<string, number>()
  readonly #machines: readonly Machine[]
  #weather: Weather
  #events = 0
  #peaceSince = Number.POSITIVE_INFINITY
  #changed = new Set<Machine>()

  constructor(seed: number, record: (line: string) => void = () => {}) {
    this.#random = new Random(seed)
    this.#cluster = drawCluster(this.#random)
    this.#record = record
    this.#weather = this.#fair()
    this.#machines = this.#cluster.routers.map(({ name, address, instances, groups, clock }) =>
      this.#world.add(name, address, instances, groups, clock),
    )
    for (const { name } of this.#cluster.routers[0]!.instances) this.#active.set(name, new Set())
    this.#world.carry = (from, to) => this.#carry(from, to)
    this.#world.observe = (machine, instance, effect) => this.#observe(machine, instance, effect)
    this.#world.settled = () => this.#check()
    for (const router of this.#cluster.routers) record(describe(router))
  }

  /** Throws BrokenPromise. */
  play(): void {
    for (const machine of this.#machines) {
      this.#world.at(this.#random.between(0, this.#cluster.limitMs), () => this.#start(machine))
    }
    for (let round = 0; round < 2; round++) {
      this.#trouble()
      this.#peace()
    }
  }

  #trouble(): void {
    const random = this.#random
    const { intervalMs, limitMs } = this.#cluster
    const durationMs = random.between(0.5, 4) * limitMs
    const begin = this.#world.nowMs
    this.#peaceSince = Number.POSITIVE_INFINITY
    this.#weather = {
      loss: random.pick([0, 0.05, 0.3, 0.8]),
      delayMs: [0, random.pick([0.001, 0.1, 1.5]) * intervalMs],
      doubling: random.pick([0, 0.2]),
    }
    const { loss, delayMs, doubling } = this.#weather
    this.#note(`trouble: loss ${loss}, delay up to ${delayMs[1].toFixed(1)} ms, doubling ${doubling}`)
    for (let deeds = random.integer(0, 6); deeds > 0; deeds--) {
      this.#world.at(begin + random.between(0, durationMs), () => this.#mischief())
    }
    this.#world.runUntil(begin + durationMs)
  }

  #mischief(): void {
    const random = this.#random
    const machine = random.pick(this.#machines)
    const link = random.pick([...machine.links.keys()])
    const { up, address } = machine.links.get(link)!
    const now = this.#world.nowMs
    const home = this.#cluster.routers.find(({ name }) => name === machine.name)!.address
    const deeds: readonly (readonly [string, () => void])[] = [
      [up ? `unplugs ${link}` : `plugs ${link}`, () => machine.plug(link, !up, now)],
      [
        address === undefined ? `gets its address on ${link} back` : `loses its address on ${link}`,
        () => machine.renumber(link, address === undefined ? home : undefined, now),
      ],
      ['is killed', () => this.#kill(machine)],
      machine.alive ? ['is stopped', () => machine.stop(now)] : ['is started', () => this.#start(machine)],
      ['is started again', () => this.#restart(machine)],
      ['freezes', () => this.#freeze(machine)],
      ['is cut off', () => this.#partition(machine)],
      ['has another priority', () => this.#changePriority(machine)],
    ]
    const [text, deed] = random.pick(deeds)
    this.#note(`${machine.name} ${text}`)
    this.#world.act(machine, deed)
  }

  #start(machine: Machine): void {
    if (machine.alive) return
    this.#note(`${machine.name} starts`)
    this.#world.act(machine, () => machine.start(this.#world.nowMs, this.#random.chance(0.5)))
  }

  #kill(machine: Machine): void {
    machine.kill()
    this.#changed.add(machine)
  }

  #restart(machine: Machine): void {
    this.#kill(machine)
    machine.start(this.#world.nowMs, this.#random.chance(0.8))
  }

  #freeze(machine: Machine): void {
    const until = this.#world.nowMs + this.#random.between(0, 2) * this.#cluster.limitMs
    machine.frozenUntil = Math.max(machine.frozenUntil, until)
  }

  #partition(machine: Machine): void {
    const oneWay = this.#random.chance(0.3)
    for (const other of this.#machines) {
      if (other === machine) continue
      this.#separated.add(`${machine.name} ${other.name}`)
      if (!oneWay) this.#separated.add(`${other.name} ${machine.name}`)
    }
  }

  #changePriority(machine: Machine): void {
    const priority = this.#random.integer(-10, 300)
    for (const { name } of machine.instances) machine.step(name, { type: 'priority', priority }, this.#world.nowMs)
  }

  /** Everything is mended; only a few may stay down, but then for good. */
  #peace(): void {
    const random = this.#random
    this.#separated.clear()
    this.#weather = this.#fair()
    this.#note('peace')
    for (const machine of this.#machines) {
      machine.thaw(this.#world.nowMs)
      const { address } = this.#cluster.routers.find(({ name }) => name === machine.name)!
      this.#world.act(machine, () => {
        for (const [link, { up, address: has }] of machine.links) {
          if (!up) machine.plug(link, true, this.#world.nowMs)
          if (has === undefined) machine.renumber(link, address, this.#world.nowMs)
        }
      })
      if (!machine.alive && random.chance(0.8)) this.#start(machine)
    }
    this.#peaceSince = this.#world.nowMs
    this.#crowdedSince.clear()
    for (const machine of this.#machines) this.#changed.add(machine)
    this.#check()
    this.#world.runUntil(this.#peaceSince + 1.5 * this.#somebodyAfterMs)
    this.#checkBest()
  }

  #fair(): Weather {
    return { loss: 0, delayMs: [0, Math.min(1, this.#cluster.intervalMs / 20)], doubling: 0 }
  }

  /** Two that are both active have heard each other by then, and one has stepped back. */
  get #oneAfterMs(): number {
    // Late packets of the time of trouble may still come in, and AH needs a takeover to bring its counters in step.
    const { intervalMs, limitMs, routers } = this.#cluster
    const ah = routers[0]!.instances[0]!.authentication.type === 'ah'
    return (ah ? limitMs : 0) + 4 * intervalMs
  }

  /** The longest limit of silence after the last late packet, by the slowest of clocks. */
  get #somebodyAfterMs(): number {
    return (this.#oneAfterMs + this.#cluster.limitMs) * 1.03 + 1
  }

  #carry(from: Machine, to: Machine): readonly number[] {
    const random = this.#random
    const { loss, delayMs, doubling } = this.#weather
    if (this.#separated.has(`${from.name} ${to.name}`) || random.chance(loss)) return []
    const copies = random.chance(doubling) ? 2 : 1
    return Array.from({ length: copies }, () => random.between(...delayMs))
  }

  #observe(machine: Machine, instance: VrrpInstance, effect: Effect): void {
    if (effect.type === 'apply') this.#changed.add(machine)
    if (effect.type === 'log') this.#note(`${machine.name} ${effect.text}`)
    if (effect.type === 'advertise') this.#checkPace(machine, instance)
    if (effect.type === 'notify' && effect.state !== 'MASTER')
      this.#lastAdvert.delete(`${machine.name} ${instance.name}`)
  }

  /** An active router that gets to run never leaves more than its interval between two advertisements. */
  #checkPace(machine: Machine, instance: VrrpInstance): void {
    const who = `${machine.name} ${instance.name}`
    const now = this.#world.nowMs
    const last = this.#lastAdvert.get(who)
    this.#lastAdvert.set(who, now)
    if (last === undefined || machine.frozenUntil > last || machine.startedAt > last) return
    if (now - last <= instance.advertIntervalMs / machine.clock.rate + 1e-3) return
    throw this.#broken(`${who} left ${(now - last).toFixed(3)} ms between two advertisements`)
  }

  #check(): void {
    if (++this.#events > EVENTS_MAX) throw this.#broken('a storm: packets beget packets')
    if (this.#changed.size > 0) {
      for (const machine of this.#changed) this.#checkMachine(machine)
      this.#changed = new Set()
    }
    const sinceMs = this.#world.nowMs - this.#peaceSince
    if (sinceMs < 0) return
    for (const [name, active] of this.#active) this.#checkPeace(name, active, sinceMs)
  }

  #checkPeace(instance: string, active: ReadonlySet<Machine>, sinceMs: number): void {
    if (active.size < 2) this.#crowdedSince.delete(instance)
    else if (!this.#crowdedSince.has(instance)) this.#crowdedSince.set(instance, this.#world.nowMs)
    const crowdedMs = this.#world.nowMs - (this.#crowdedSince.get(instance) ?? this.#world.nowMs)
    if (sinceMs > this.#oneAfterMs && crowdedMs > 2 * this.#weather.delayMs[1] + 1e-3) {
      throw this.#broken(`${names(active)} are all active for ${instance} since ${crowdedMs.toFixed(3)} ms`)
    }
    if (sinceMs > this.#somebodyAfterMs && active.size === 0 && this.#machines.some(({ alive }) => alive)) {
      throw this.#broken(`nobody is active for ${instance} after ${sinceMs.toFixed(0)} ms of peace`)
    }
  }

  #checkMachine(machine: Machine): void {
    for (const { name } of machine.instances) {
      if (machine.alive && machine.state(name).name === 'active') this.#active.get(name)!.add(machine)
      else this.#active.get(name)!.delete(machine)
    }
    if (!machine.alive) return
    const states = machine.instances.map(({ name }) => machine.state(name))
    for (const instance of machine.instances) {
      const state = machine.state(instance.name)
      const wanted = desiredAddresses(instance, state).length
      const held = machine.held.get(instance.name)?.length ?? 0
      if (wanted !== held) throw this.#broken(`${machine.name} is ${state.name} and holds ${held} addresses`)
      if (state.name === 'active' && faults(instance, state).length > 0) {
        throw this.#broken(`${machine.name} is active in spite of ${faults(instance, state).join(', ')}`)
      }
    }
    const names = new Set(states.map(({ name }) => name))
    if (names.has('active') && names.size > 1) {
      throw this.#broken(`${machine.name} has split its sync group: ${[...names].join(' and ')}`)
    }
  }

  #checkBest(): void {
    if (!this.#cluster.preempts) return
    const able = this.#machines.filter(({ alive }) => alive)
    for (const { name } of this.#cluster.routers[0]!.instances) {
      const best = Math.max(...able.map(machine => machine.state(name).priority))
      const active = able.find(machine => machine.state(name).name === 'active')
      if (active !== undefined && active.state(name).priority < best) {
        throw this.#broken(`${active.name} is active for ${name} though another has priority ${best}`)
      }
    }
  }

  #broken(text: string): BrokenPromise {
    this.#note(`BROKEN: ${text}`)
    return new BrokenPromise(text)
  }

  #note(text: string): void {
    this.#record(`${this.#world.nowMs.toFixed(3).padStart(12)} ${text}`)
  }
}

function names(machines: Iterable<Machine>): string {
  return [...machines].map(({ name }) => name).join(' and ')
}

function describe({ name, instances, clock }: Router): string {
  const { version, priority, advertIntervalMs, preempt, preemptDelayMs, authentication, unicastPeers } = instances[0]!
  const words = [
    `version ${version}`,
    `priority ${priority}`,
    `interval ${advertIntervalMs} ms`,
    preempt ? `preempts after ${preemptDelayMs} ms` : 'does not preempt',
    `auth ${authentication.type}`,
    unicastPeers.length > 0 ? 'unicast' : 'multicast',
    `${instances.length} instances`,
    `clock ×${clock.rate.toFixed(4)}`,
  ]
  return `${name}: ${words.join(', ')}`
}
