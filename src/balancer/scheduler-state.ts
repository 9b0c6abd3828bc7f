/**
 * What schedulers keep of a service from one choice to the next, as edits change it: ip_vs's init_service, add_dest,
 * upd_dest and del_dest of each scheduler, and what unbinding one throws away.
 */
import { SCHEDULERS, type Scheduler } from '../model/service.ts'
import { TableError } from '../model/virtual-service.ts'
import type { Backing } from './backing.ts'
import { DESTINATION, DESTINATION_BYTES, SERVICE, SERVICE_BYTES, type TableFacts } from './layout.ts'
import { Memory } from './memory.ts'
import { forgetLocalities, isRemembered } from './scheduler-localities.ts'
import { Rings } from './scheduler-rings.ts'
import { DH_ENTRIES } from './schedulers/dh.ts'
import { greatestCommonDivisor, MAGLEV_ENTRIES, maglevTable } from './schedulers/maglev.ts'
import { schedulerNumber } from './schedulers/schedule.ts'
import { SH_ENTRIES } from './schedulers/sh.ts'
import { sysctlField } from './sysctls.ts'

/** An edit of a service's destinations. */
export type Change = 'add' | 'edit' | 'remove'

export class SchedulerState {
  readonly #settings: Memory
  readonly #services: Memory
  readonly #destinations: Memory
  readonly #localities: Memory
  readonly #rings: Rings
  readonly #facts: TableFacts
  readonly #jiffies: () => number

  constructor(backing: Backing) {
    const { memory, facts } = backing
    const jiffies = () => backing.jiffies()
    this.#settings = new Memory(memory.settings)
    this.#services = new Memory(memory.services)
    this.#destinations = new Memory(memory.destinations)
    this.#localities = new Memory(memory.localities)
    this.#rings = new Rings(new Memory(memory.rings), new Memory(memory.ledger), facts, jiffies)
    this.#facts = facts
    this.#jiffies = jiffies
  }

  /** Gives a service a scheduler, in the place of the one it may have. `members` are its destinations, newest first. */
  bind(service: number, scheduler: Scheduler | 'none', members: readonly number[]): void {
    const record = service * SERVICE_BYTES
    const before = this.#of(service)
    const oldRing = this.#services.get(record, SERVICE.ring)
    if (scheduler === 'mh' && members.length > MAGLEV_ENTRIES)
      throw new TableError('EINVAL', `mh has ${MAGLEV_ENTRIES} places, for no more servers than that`)
    const ring = this.#addRing(scheduler, members)
    if (scheduler === 'rr') this.#services.set(record, SERVICE.cursor, 0)
    if (scheduler === 'wrr') {
      const { top, step } = this.#weights(members)
      this.#setWeights(service, top, step)
      this.#setTurn(service, top)
    }
    this.#setPlan(service, scheduler, ring)
    if (oldRing !== 0) this.#rings.release(oldRing)
    if (isLocal(before)) forgetLocalities(this.#localities, this.#facts, service)
  }

  /** Takes the scheduler from a service: nobody is chosen any more. */
  release(service: number): void {
    this.bind(service, 'none', [])
  }

  /** The destinations of a service have changed, or are about to: these are the ones that it has then. */
  changed(service: number, members: readonly number[], change: Change): void {
    const scheduler = this.#of(service)
    if (scheduler === 'wrr') this.#turnChanged(service, members)
    // dh does not look at weights, so an edit does not concern it; mh leaves its table as it was when it cannot hold all.
    const rebuilt = scheduler === 'sh' || (scheduler === 'dh' && change !== 'edit') || scheduler === 'mh'
    if (rebuilt && !(scheduler === 'mh' && members.length > MAGLEV_ENTRIES)) this.#rebuild(service, scheduler, members)
  }

  /** A destination is about to leave: round robin goes on from the one before it in the list, as if it had never been there. */
  leaving(service: number, members: readonly number[], number: number): void {
    const record = service * SERVICE_BYTES
    if (this.#services.get(record, SERVICE.cursor) === number + 1) {
      const before = members[members.indexOf(number) - 1]
      this.#services.set(record, SERVICE.cursor, before === undefined ? 0 : before + 1)
    }
    const rest = members.filter(other => other !== number)
    this.changed(service, rest, 'remove')
  }

  /** True if a removed destination is still in the scheduler's mind, which makes it the same one when it comes back. */
  remembers(service: number, destination: number): boolean {
    const scheduler = this.#of(service)
    if (!isLocal(scheduler)) return false
    const expirationS = this.#settings.get(0, sysctlField(`${scheduler}_expiration`))
    return isRemembered(this.#localities, this.#facts, service, destination, this.#jiffies(), expirationS)
  }

  #of(service: number): Scheduler | 'none' {
    return SCHEDULERS[this.#services.get(service * SERVICE_BYTES, SERVICE.scheduler) - 1] ?? 'none'
  }

  #setPlan(service: number, scheduler: Scheduler | 'none', ring: number): void {
    const plan = BigInt(schedulerNumber(scheduler)) | (BigInt(ring) << 32n)
    this.#services.setWide(service * SERVICE_BYTES, SERVICE.plan, plan)
  }

  // wrr

  /** Its weight is kept, as near as the new weights allow; the walk begins at the list's head. */
  #turnChanged(service: number, members: readonly number[]): void {
    const { top, step } = this.#weights(members)
    const weight = this.#services.get(service * SERVICE_BYTES, SERVICE.turnWeight)
    this.#setWeights(service, top, step)
    if (weight > top || weight === 0) this.#setTurn(service, top)
    else this.#setTurn(service, step > 1 ? Math.floor(weight / step) * step + 1 : weight)
  }

  #weights(members: readonly number[]): { top: number; step: number } {
    const weights = members.map(number => this.#destinations.get(number * DESTINATION_BYTES, DESTINATION.weight))
    const step = weights.reduce(greatestCommonDivisor, 0) || 1
    return { top: Math.max(0, ...weights) - (step - 1), step }
  }

  #setWeights(service: number, top: number, step: number): void {
    this.#services.setWide(service * SERVICE_BYTES, SERVICE.weights, BigInt(top) | (BigInt(step) << 32n))
  }

  #setTurn(service: number, weight: number): void {
    this.#services.setWide(service * SERVICE_BYTES, SERVICE.turn, BigInt(weight) << 32n)
  }

  // sh, dh, mh

  #rebuild(service: number, scheduler: Scheduler, members: readonly number[]): void {
    const old = this.#services.get(service * SERVICE_BYTES, SERVICE.ring)
    const entries = this.#entries(scheduler, members)
    const ring = entries === undefined ? 0 : this.#rings.add(entries)
    if (ring !== undefined) {
      this.#setPlan(service, scheduler, ring)
      if (old !== 0) this.#rings.release(old)
    } else if (old !== 0) this.#rings.overwrite(old, entries!)
    else throw this.#noRoom(scheduler)
  }

  #addRing(scheduler: Scheduler | 'none', members: readonly number[]): number {
    const entries = this.#entries(scheduler, members)
    if (entries === undefined) return 0
    const ring = this.#rings.add(entries)
    if (ring === undefined) throw this.#noRoom(scheduler)
    return ring
  }

  #noRoom(scheduler: string): TableError {
    const kib = this.#facts.capacity.rings
    return new TableError('ENOSPC', `there is no room for a lookup table of ${scheduler}: all ${kib} KiB are in use`)
  }

  /** A scheduler's lookup table, if it has one and there is anybody to name in it: destinations' numbers plus one. */
  #entries(scheduler: Scheduler | 'none', members: readonly number[]): readonly number[] | undefined {
    if (members.length === 0) return undefined
    const weight = (number: number) => this.#destinations.get(number * DESTINATION_BYTES, DESTINATION.weight)
    switch (scheduler) {
      case 'sh':
        return shares(members, SH_ENTRIES, weight)
      case 'dh':
        return shares(members, DH_ENTRIES, () => 1)
      case 'mh': {
        const table = maglevTable(members.map(number => this.#maglevServer(number)))
        return table === undefined ? undefined : Array.from(table, index => members[index]! + 1)
      }
      default:
        return undefined
    }
  }

  #maglevServer(number: number): Parameters<typeof maglevTable>[0][number] {
    const record = number * DESTINATION_BYTES
    const ipv6 = this.#destinations.get(record, DESTINATION.family) === 6
    return {
      address: this.#destinations.slice(record + DESTINATION.address[0], ipv6 ? 16 : 4),
      port: this.#destinations.get(record, [DESTINATION.port[0], 'be16']),
      lastWeight: this.#destinations.get(record, DESTINATION.lastWeight),
    }
  }
}

/** Entries in turn, each destination as many in a row as it has weight, but at least one (ip_vs_sh_reassign). */
function shares(members: readonly number[], entries: number, weight: (number: number) => number): readonly number[] {
  const table: number[] = []
  for (let i = 0; table.length < entries; i++) {
    const number = members[i % members.length]!
    const count = Math.min(Math.max(1, weight(number)), entries - table.length)
    for (let n = 0; n < count; n++) table.push(number + 1)
  }
  return table
}

function isLocal(scheduler: Scheduler | 'none'): scheduler is 'lblc' | 'lblcr' {
  return scheduler === 'lblc' || scheduler === 'lblcr'
}
