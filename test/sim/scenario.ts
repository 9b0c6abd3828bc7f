/**
 * One life of a cluster: times of trouble (loss, delay, doubled and reordered packets, partitions, pulled cables, killed,
 * stopped and frozen daemons, reloads, clocks that jump) and times of peace in turn. What must hold is in `promises.ts`.
 */
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import type { Notice } from '../../src/vrrp/notice.ts'
import { type Cluster, drawCluster, type Router, type Setup } from './cluster.ts'
import type { Machine } from './machine.ts'
import { BrokenPromise, Promises } from './promises.ts'
import { Random } from './random.ts'
import { type Observer, World } from './world.ts'

const HOUR_MS = 3_600_000

interface Weather {
  readonly loss: number
  readonly delayMs: readonly [number, number]
  readonly doubling: number
}

export class Scenario implements Observer {
  readonly #random: Random
  readonly #cluster: Cluster
  readonly #world: World = new World(this)
  readonly #promises: Promises
  readonly #record: ((line: string) => void) | undefined
  readonly #separated = new Set<string>()
  readonly #machines: readonly Machine[]
  readonly #homes: ReadonlyMap<Machine, Router>
  #weather: Weather

  constructor(seed: number, record?: (line: string) => void) {
    this.#random = new Random(seed)
    this.#cluster = drawCluster(this.#random)
    this.#record = record
    this.#weather = this.#fair()
    this.#homes = new Map(this.#cluster.routers.map(router => [this.#world.add(router), router]))
    this.#machines = this.#world.machines
    this.#promises = new Promises(this.#machines, this.#cluster, () => this.#world.nowMs)
    for (const router of this.#cluster.routers) record?.(describe(router))
  }

  /** Throws BrokenPromise. */
  play(): void {
    try {
      for (const machine of this.#machines) {
        this.#world.at(this.#random.between(0, this.#cluster.limitMs), () => this.#start(machine))
      }
      for (let rounds = this.#random.chance(0.2) ? 2 : 1; rounds > 0; rounds--) {
        this.#trouble()
        this.#peace()
      }
    } catch (error) {
      this.#note(`BROKEN: ${error instanceof Error ? error.message : error}`)
      throw error
    }
  }

  #trouble(): void {
    const random = this.#random
    const { intervalMs, limitMs } = this.#cluster
    const durationMs = random.between(0.3, 2.5) * limitMs
    const begin = this.#world.nowMs
    this.#promises.beginTrouble()
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
    const machine = this.#random.pick(this.#machines)
    const link = this.#random.pick([...machine.kernel.links.values()])
    const deeds: readonly (readonly [string, () => void])[] = [
      [link.up ? 'loses a cable' : 'gets its cable back', () => this.#plug(machine, link, !link.up)],
      [
        link.address === undefined ? 'gets its address back' : 'loses its address',
        () => this.#renumber(machine, link, link.address === undefined),
      ],
      ['is killed', () => this.#kill(machine)],
      machine.alive
        ? ['is stopped', () => this.#world.act(machine, () => machine.stop())]
        : ['is started', () => this.#start(machine)],
      ['is started again', () => this.#restart(machine)],
      ['freezes', () => this.#freeze(machine)],
      ['is cut off', () => this.#partition(machine)],
      ['is reloaded', () => this.#reload(machine, this.#altered(machine))],
      [`has a script that says ${machine.scriptIsUp ? 'no' : 'yes'}`, () => this.#track(machine, !machine.scriptIsUp)],
      ['has another time', () => this.#jump(machine)],
      ['is robbed of an address', () => this.#rob(machine)],
    ]
    const [text, deed] = this.#random.pick(deeds)
    this.#note(`${machine.name} ${text}`)
    this.#promises.touch(machine)
    deed()
  }

  #plug(machine: Machine, link: { up: boolean }, up: boolean): void {
    link.up = up
    this.#world.act(machine, () => machine.changed())
  }

  #renumber(machine: Machine, link: { address: unknown }, has: boolean): void {
    link.address = has ? machine.address : undefined
    this.#world.act(machine, () => machine.changed())
  }

  #start(machine: Machine): void {
    if (machine.alive) return
    this.#note(`${machine.name} starts`)
    this.#world.thaw(machine)
    this.#world.act(machine, () => machine.start())
    this.#promises.touch(machine)
    if (!tracks(machine)) return
    // The first run of the script takes a while.
    const runMs = this.#random.between(0, 0.5) * this.#cluster.intervalMs
    this.#world.at(this.#world.nowMs + runMs, () => this.#world.act(machine, () => machine.track()))
  }

  #kill(machine: Machine): void {
    machine.kill()
    this.#promises.touch(machine)
  }

  #restart(machine: Machine): void {
    this.#kill(machine)
    this.#start(machine)
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

  #track(machine: Machine, up: boolean): void {
    if (tracks(machine)) this.#world.act(machine, () => machine.track(up))
  }

  #jump(machine: Machine): void {
    machine.jump(this.#random.between(0, 2) * this.#cluster.limitMs)
    machine.wallClockOffMs = this.#random.pick([0, -HOUR_MS, HOUR_MS])
    this.#world.act(machine, () => {})
  }

  /** Somebody deletes a virtual address behind the daemon's back. */
  #rob(machine: Machine): void {
    const [address] = machine.kernel.virtual.values()
    if (address !== undefined) machine.kernel.remove(address)
    this.#world.act(machine, () => machine.changed())
  }

  #reload(machine: Machine, setup: Setup): void {
    this.#world.act(machine, () => {
      machine.reload(setup)
      this.#promises.touch(machine)
      // Its trackers are known to the process that runs them.
      if (tracks(machine)) machine.track()
    })
  }

  /** Another priority, an instance less, or another virtual address; an owner stays one. */
  #altered(machine: Machine): Setup {
    const random = this.#random
    const { instances, groups } = this.#homes.get(machine)!.setup
    const priority = random.integer(1, 254)
    const fewer = instances.length > 1 && random.chance(0.3)
    // Members of a group have one priority, or they have no winner.
    const promoted = random.chance(0.5)
    const altered = (fewer ? instances.slice(1) : instances).map((instance): VrrpInstance => {
      if (promoted && instance.priority !== 255) return { ...instance, priority }
      const [virtual] = instance.addresses
      return { ...instance, excludedAddresses: [{ ...virtual!, address: machine.address, prefix: 31 }] }
    })
    return { instances: altered, groups: fewer ? [] : groups }
  }

  /** Everything is mended; only a few may stay down, but then for good. */
  #peace(): void {
    this.#separated.clear()
    this.#weather = this.#fair()
    this.#note('peace')
    for (const machine of this.#machines) {
      this.#world.thaw(machine)
      for (const link of machine.kernel.links.values()) {
        link.up = true
        link.address = machine.address
      }
      machine.wallClockOffMs = 0
      const { setup } = this.#homes.get(machine)!
      if (machine.setup !== setup) this.#reload(machine, setup)
      this.#world.act(machine, () => machine.changed())
      this.#track(machine, true)
      if (!machine.alive && this.#random.chance(0.8)) this.#start(machine)
    }
    this.#promises.beginPeace(this.#weather.delayMs[1])
    this.#world.runUntil(this.#world.nowMs + 1.1 * this.#promises.somebodyAfterMs)
    this.#promises.endPeace()
  }

  #fair(): Weather {
    return { loss: 0, delayMs: [0, Math.min(1, this.#cluster.intervalMs / 20)], doubling: 0 }
  }

  carry(from: Machine, to: Machine): readonly number[] {
    const random = this.#random
    const { loss, delayMs, doubling } = this.#weather
    if (this.#separated.size > 0 && this.#separated.has(`${from.name} ${to.name}`)) return []
    if (loss > 0 && random.chance(loss)) return []
    const delay = random.between(...delayMs)
    return doubling > 0 && random.chance(doubling) ? [delay, random.between(...delayMs)] : [delay]
  }

  sent(machine: Machine, instance: VrrpInstance): void {
    this.#promises.sent(machine, instance)
  }

  noticed(machine: Machine, notice: Notice): void {
    this.#promises.noticed(machine, notice)
  }

  logged(machine: Machine, text: string): void {
    this.#note(`${machine.name} ${text}`)
  }

  settled(): void {
    this.#promises.check()
  }

  #note(text: string): void {
    this.#record?.(`${this.#world.nowMs.toFixed(3).padStart(12)} ${text}`)
  }
}

export { BrokenPromise }

function tracks({ setup }: Machine): boolean {
  return setup.instances.some(({ track }) => track.scripts.length > 0)
}

function describe({ name, setup, clock }: Router): string {
  const { version, family, priority, advertIntervalMs, preempt, preemptDelayMs, ...rest } = setup.instances[0]!
  const { authentication, signature, unicastPeers, track } = rest
  const words = [
    `version ${version} IPv${family}`,
    `priority ${priority}`,
    `interval ${advertIntervalMs} ms`,
    preempt ? `preempts after ${preemptDelayMs} ms` : 'does not preempt',
    `auth ${signature === undefined ? authentication.type : 'hmac'}`,
    unicastPeers.length > 0 ? 'unicast' : 'multicast',
    `${setup.instances.length} instances`,
    ...track.scripts.map(({ weight, reverse }) => `script of weight ${weight}${reverse ? ' reverse' : ''}`),
    `clock ×${clock.rate.toFixed(4)}`,
  ]
  return `${name}: ${words.join(', ')}`
}
