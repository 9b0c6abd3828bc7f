/**
 * What must hold always is checked after every event; what must hold in peace, from the moment on when the protocol
 * promises it:
 *
 *   - two routers active at once have heard each other within an interval, and one has stepped back
 *   - somebody is active when the longest limit of silence is over
 *   - it is the best of those that are there, where all preempt
 */
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import type { Notice } from '../../src/vrrp/notice.ts'
import { type Cluster, SCRIPT } from './cluster.ts'
import type { Machine } from './machine.ts'

/** Far more than the longest life of the largest cluster has. */
const EVENTS_MAX = 400_000

export class BrokenPromise extends Error {}

export class Promises {
  readonly #machines: readonly Machine[]
  readonly #cluster: Cluster
  readonly #now: () => number
  readonly #lastAdvert = new Map<string, { readonly at: number; readonly intervalMs: number }>()
  /** Who is active, by instance name; and since when it is more than one. */
  readonly #active = new Map<string, Set<Machine>>()
  readonly #crowdedSince = new Map<string, number>()
  readonly #changed = new Set<Machine>()
  #events = 0
  #peaceSince = Number.POSITIVE_INFINITY
  #latenessMs = 0

  constructor(machines: readonly Machine[], cluster: Cluster, now: () => number) {
    this.#machines = machines
    this.#cluster = cluster
    this.#now = now
    for (const { name } of cluster.routers[0]!.setup.instances) this.#active.set(name, new Set())
  }

  /** From now on packets arrive, at most so late, and nobody makes trouble. */
  beginPeace(latenessMs: number): void {
    this.#peaceSince = this.#now()
    this.#latenessMs = latenessMs
    this.#crowdedSince.clear()
    for (const machine of this.#machines) this.#changed.add(machine)
    this.check()
  }

  beginTrouble(): void {
    this.#peaceSince = Number.POSITIVE_INFINITY
  }

  /** Two that are both active have heard each other by then, and one has stepped back. */
  get #oneAfterMs(): number {
    // Late packets of the time of trouble may still come in, and AH needs a takeover to bring its counters in step.
    const { intervalMs, limitMs, routers } = this.#cluster
    const ah = routers[0]!.setup.instances[0]!.authentication.type === 'ah'
    return (ah ? limitMs : 0) + 4 * intervalMs
  }

  /** The longest limit of silence after the last late packet, by the slowest of clocks. */
  get somebodyAfterMs(): number {
    return (this.#oneAfterMs + this.#cluster.limitMs) * 1.03 + 1
  }

  /** Something about this machine is otherwise: it is looked at after the event. */
  touch(machine: Machine): void {
    this.#changed.add(machine)
  }

  noticed(machine: Machine, { about, name, state }: Notice): void {
    if (about === 'INSTANCE' && state !== 'MASTER') this.#lastAdvert.delete(`${machine.name} ${name}`)
    this.#changed.add(machine)
  }

  /** An active router that gets to run never leaves more than its interval between two advertisements. */
  sent(machine: Machine, instance: VrrpInstance): void {
    const who = `${machine.name} ${instance.name}`
    const now = this.#now()
    const last = this.#lastAdvert.get(who)
    this.#lastAdvert.set(who, { at: now, intervalMs: instance.advertIntervalMs })
    if (last === undefined || machine.frozenUntil > last.at || machine.startedAt > last.at) return
    const gapMs = now - last.at
    if (gapMs <= last.intervalMs / machine.clock.rate + 1e-3) return
    throw new BrokenPromise(`${who} left ${gapMs.toFixed(3)} ms between two advertisements`)
  }

  check(): void {
    if (++this.#events > EVENTS_MAX) throw new BrokenPromise('a storm: packets beget packets')
    for (const machine of this.#changed) this.#checkMachine(machine)
    this.#changed.clear()
    const sinceMs = this.#now() - this.#peaceSince
    if (sinceMs < 0) return
    for (const [name, active] of this.#active) this.#checkPeace(name, active, sinceMs)
  }

  /** When it has lasted, all is settled, and the best that is there is the active one. */
  endPeace(): void {
    for (const machine of this.#machines) this.#checkMachine(machine)
    if (!this.#cluster.preempts) return
    const able = this.#machines.flatMap(machine => machine.instances.filter(({ state }) => state !== 'FAULT'))
    for (const name of this.#active.keys()) {
      const ours = able.filter(instance => instance.name === name)
      const best = Math.max(...ours.map(({ priority }) => priority))
      const active = ours.find(({ state }) => state === 'MASTER')
      if (active !== undefined && active.priority < best) {
        throw new BrokenPromise(`priority ${active.priority} is active for ${name} though another has ${best}`)
      }
    }
  }

  #checkPeace(instance: string, active: ReadonlySet<Machine>, sinceMs: number): void {
    const now = this.#now()
    if (active.size < 2) this.#crowdedSince.delete(instance)
    else if (!this.#crowdedSince.has(instance)) this.#crowdedSince.set(instance, now)
    const crowdedMs = now - (this.#crowdedSince.get(instance) ?? now)
    if (sinceMs > this.#oneAfterMs && crowdedMs > 2 * this.#latenessMs + 1e-3) {
      throw new BrokenPromise(`${names(active)} are all active for ${instance} since ${crowdedMs.toFixed(3)} ms`)
    }
    if (sinceMs > this.somebodyAfterMs && active.size === 0 && this.#machines.some(canServe)) {
      throw new BrokenPromise(`nobody is active for ${instance} after ${sinceMs.toFixed(0)} ms of peace`)
    }
  }

  /** State, addresses and conditions agree; a sync group is of one mind. */
  #checkMachine(machine: Machine): void {
    const reported = machine.instances
    for (const [name, active] of this.#active) {
      if (reported.some(one => one.name === name && one.state === 'MASTER')) active.add(machine)
      else active.delete(machine)
    }
    // What a frozen process has not heard of yet, or a dead one left behind, is no fault of the elections.
    if (!machine.alive || machine.frozenUntil > this.#now() || machine.pending.length > 0) return
    for (const { name, state, addresses } of reported) {
      // It waits for its script, and for a moment the addresses may be there as a predecessor left them.
      if (state === 'INIT' && this.#now() - machine.startedAt < this.#cluster.limitMs) return
      const held = addresses.filter(({ present }) => present).length
      if (held !== (state === 'MASTER' ? addresses.length : 0)) {
        throw new BrokenPromise(
          `${machine.name} ${name} is ${state} and holds ${held} of ${addresses.length} addresses`,
        )
      }
      if (state === 'MASTER' && !isSound(machine, name)) {
        throw new BrokenPromise(`${machine.name} is active for ${name} in spite of what it lacks`)
      }
    }
    const strays = machine.kernel.virtual.size - reported.flatMap(({ addresses }) => addresses).filter(isPresent).length
    if (strays > 0) throw new BrokenPromise(`${machine.name} has left ${strays} addresses behind`)
    const states = new Set(reported.map(({ state }) => state))
    // A member that a reload has added waits for silence as any router that starts.
    const settled = this.#now() - machine.configuredAt > this.#cluster.limitMs * 1.03
    if (settled && machine.setup.groups.length > 0 && states.has('MASTER') && states.size > 1) {
      throw new BrokenPromise(`${machine.name} has split its sync group: ${[...states].join(' and ')}`)
    }
  }
}

/** Judged by the cables themselves, and not by what the code under test makes of them. */
function isSound(machine: Machine, name: string): boolean {
  const instance = machine.setup.instances.find(one => one.name === name)
  if (instance === undefined) return false
  const link = machine.kernel.links.get(instance.interface)
  const required = instance.track.scripts.filter(({ weight, name: script }) => weight === 0 && script === SCRIPT)
  const scriptsAgree = required.every(({ reverse }) => machine.scriptIsUp !== reverse)
  return link?.up === true && link.address !== undefined && scriptsAgree
}

/** Nothing keeps it from taking part in all of its elections. */
function canServe(machine: Machine): boolean {
  return machine.alive && machine.setup.instances.every(({ name }) => isSound(machine, name))
}

function isPresent({ present }: { readonly present: boolean }): boolean {
  return present
}

function names(machines: Iterable<Machine>): string {
  return [...machines].map(({ name }) => name).join(' and ')
}
