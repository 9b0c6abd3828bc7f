/**
 * The schedulers of ip_vs as plain loops over a list, and the counts they go by: the slow and obvious way, to compare
 * with the fast one. Newest server first, as ip_vs keeps them.
 */

import { foldAddress, hash32 } from '../../../src/balancer/schedulers/address-hash.ts'
import { maglevTable } from '../../../src/balancer/schedulers/maglev.ts'
import { sipHash } from '../../../src/balancer/schedulers/siphash.ts'
import { ipBytes } from '../../../src/bytes/address.ts'
import type { Scheduler, SchedulerFlag } from '../../../src/model/service.ts'
import {
  type Answers,
  type Client,
  clientOf,
  parseStep,
  type Scenario,
  type ServerStep,
  serverAddress,
} from './scenario.ts'

interface Server {
  readonly id: number
  weight: number
  lastWeight: number
  upper: number
  lower: number
  overloaded: boolean
  active: number
  inactive: number
  listed: boolean
}

interface Connection {
  readonly server: Server
}

/** Tells a model the story. */
export function answersOfModel(scenario: Scenario): Answers {
  const model = new Model(scenario.port)
  const answers: string[] = []
  let opened = 0
  for (const text of scenario.steps) {
    const step = parseStep(text)
    switch (step.verb) {
      case 'scheduler':
        model.bind(step.scheduler, step.flags)
        break
      case 'add':
        model.add(step.server)
        break
      case 'edit':
        model.edit(step.server)
        break
      case 'remove':
        model.remove(step.id)
        break
      case 'open':
      case 'same': {
        const { verb, count } = step
        const chosen = Array.from({ length: count }, () => model.open(clientOf(scenario, opened++, verb)))
        answers.push(chosen.map(id => id ?? '-').join(' '))
        break
      }
      case 'idle':
        for (let i = 0; i < step.count; i++) model.idle()
        break
      case 'close':
        for (let i = 0; i < step.count; i++) model.close()
    }
  }
  return answers
}

class Model {
  readonly #port: number
  #servers: Server[] = []
  readonly #removed = new Map<number, Server>()
  readonly #open: Connection[] = []
  #scheduler: Scheduler = 'rr'
  #flags: readonly SchedulerFlag[] = []
  /** rr: the server last chosen. */
  #cursor: Server | undefined
  /** wrr: ip_vs_wrr_mark. */
  #mark = { cl: undefined as Server | undefined, cw: 0, mw: 0, di: 1 }
  #table: readonly (Server | undefined)[] = []
  /** lblc and lblcr, by destination address; the newest member first. */
  #sets = new Map<string, Server[]>()

  constructor(port: number) {
    this.#port = port
  }

  bind(scheduler: Scheduler, flags: readonly SchedulerFlag[]): void {
    this.#flags = flags
    if (scheduler === this.#scheduler) return
    this.#scheduler = scheduler
    this.#cursor = undefined
    this.#sets = new Map()
    this.#mark.cw = 0
    this.#changed('add')
    this.#mark.cw = this.#mark.mw
  }

  add({ id, weight, upper, lower }: ServerStep): void {
    const fresh = { id, weight: 0, lastWeight: 0, upper: 0, lower: 0, overloaded: false, active: 0, inactive: 0 }
    const server: Server = this.#removed.get(id) ?? { ...fresh, listed: true }
    this.#removed.delete(id)
    server.listed = true
    this.#update(server, weight, upper, lower)
    this.#servers = [server, ...this.#servers]
    this.#changed('add')
  }

  edit({ id, weight, upper, lower }: ServerStep): void {
    this.#update(this.#servers.find(server => server.id === id)!, weight, upper, lower)
    this.#changed('edit')
  }

  remove(id: number): void {
    const at = this.#servers.findIndex(server => server.id === id)
    const server = this.#servers[at]!
    if (this.#cursor === server) this.#cursor = this.#servers[at - 1]
    this.#servers = this.#servers.filter(other => other !== server)
    server.listed = false
    this.#removed.set(id, server)
    this.#changed('remove')
  }

  open(client: Client): number | undefined {
    const server = this.#choose(client)
    if (server === undefined) return undefined
    server.active++
    if (server.upper > 0 && server.active + server.inactive >= server.upper) server.overloaded = true
    this.#open.push({ server })
    return server.id
  }

  idle(): void {
    const connection = this.#open.shift()
    if (connection === undefined) return
    connection.server.active--
    connection.server.inactive++
  }

  close(): void {
    const connection = this.#open.shift()
    if (connection === undefined) return
    const { server } = connection
    server.active--
    const total = server.active + server.inactive
    if (server.lower > 0 ? total < server.lower : total * 4 < server.upper * 3 || server.upper === 0)
      server.overloaded = false
  }

  #update(server: Server, weight: number, upper: number, lower: number): void {
    server.weight = weight
    if (weight > 0) server.lastWeight = weight
    if (upper === 0 || upper > server.upper) server.overloaded = false
    if (upper > 0 && server.active + server.inactive >= upper) server.overloaded = true
    server.upper = upper
    server.lower = lower
  }

  #changed(change: 'add' | 'edit' | 'remove'): void {
    const servers = this.#servers
    switch (this.#scheduler) {
      case 'wrr': {
        const mark = this.#mark
        mark.cl = undefined
        mark.di = servers.reduce((gcd, { weight }) => divisor(gcd, weight), 0) || 1
        mark.mw = Math.max(0, ...servers.map(server => server.weight)) - (mark.di - 1)
        if (mark.cw > mark.mw || mark.cw === 0) mark.cw = mark.mw
        else if (mark.di > 1) mark.cw = Math.floor(mark.cw / mark.di) * mark.di + 1
        return
      }
      case 'dh':
        if (change !== 'edit') this.#table = Array.from({ length: 256 }, (_, i) => servers[i % servers.length])
        return
      case 'sh': {
        const table: (Server | undefined)[] = []
        let at = 0
        let count = 0
        for (let i = 0; i < 256; i++) {
          table.push(servers[at])
          if (++count >= (servers[at]?.weight ?? 0)) {
            at = (at + 1) % Math.max(1, servers.length)
            count = 0
          }
        }
        this.#table = table
        return
      }
      case 'mh': {
        const table = maglevTable(
          servers.map(({ id, lastWeight }) => ({ address: ipBytes(serverAddress(id)), port: this.#port, lastWeight })),
        )
        this.#table = table === undefined ? Array(4093).fill(undefined) : Array.from(table, i => servers[i])
      }
    }
  }

  #choose(client: Client): Server | undefined {
    const eligible = this.#servers.filter(usable)
    switch (this.#scheduler) {
      case 'rr': {
        const at = this.#cursor === undefined ? -1 : this.#servers.indexOf(this.#cursor)
        const order = [...this.#servers.slice(at + 1), ...this.#servers.slice(0, at + 1)]
        const chosen = order.find(usable)
        if (chosen !== undefined) this.#cursor = chosen
        return chosen
      }
      case 'wrr':
        return this.#takeTurn()
      case 'lc':
        return least(eligible, server => [load(server), 1])
      case 'wlc':
        return least(eligible, server => [load(server), server.weight])
      case 'sed':
        return least(eligible, server => [server.active + 1, server.weight])
      case 'nq':
        return eligible.find(server => server.active === 0) ?? least(eligible, s => [s.active + 1, s.weight])
      case 'fo':
        return most(eligible)
      case 'ovf':
        return most(eligible.filter(server => server.active <= server.weight))
      case 'dh':
        return [this.#table[hash32(number(client.target), 8)]].find(usable)
      case 'sh': {
        const key = this.#key(client)
        return this.#lookUp(256, salt => (hash32(key, 8) + salt) & 255)
      }
      case 'mh': {
        const key = this.#key(client)
        return this.#lookUp(4093, salt => sipHash((key + salt) >>> 0, 2654435761n) % 4093)
      }
      case 'lblc': {
        const [cached] = this.#sets.get(client.target) ?? []
        if (cached?.listed && cached.weight > 0 && !this.#isLeftFor(cached)) return cached
        const chosen = least(eligible, server => [load(server), server.weight])
        if (chosen !== undefined) this.#sets.set(client.target, [chosen])
        return chosen
      }
      case 'lblcr': {
        const set = this.#sets.get(client.target) ?? []
        const member = least(
          set.filter(server => server.listed && usable(server)),
          server => [load(server), server.weight],
        )
        if (member !== undefined && !this.#isLeftFor(member)) return member
        const chosen = least(eligible, server => [load(server), server.weight])
        if (chosen !== undefined && !set.includes(chosen)) this.#sets.set(client.target, [chosen, ...set])
        return chosen
      }
    }
  }

  /** ip_vs_wrr_schedule, step by step. */
  #takeTurn(): Server | undefined {
    const mark = this.#mark
    if (mark.mw === 0) return undefined
    const last = mark.cl
    let at = last === undefined ? -1 : this.#servers.indexOf(last)
    let stop: Server | undefined
    let lastPass = false
    let restarted = false
    for (;;) {
      for (at++; at < this.#servers.length; at++) {
        const server = this.#servers[at]!
        if (!server.overloaded && server.weight >= mark.cw) {
          mark.cl = server
          return server
        }
        if (server === stop) {
          mark.cl = server
          return undefined
        }
      }
      at = -1
      mark.cw -= mark.di
      if (mark.cw <= 0) {
        mark.cw = mark.mw
        if (lastPass || last === undefined) {
          mark.cl = undefined
          return undefined
        }
        restarted = true
      }
      lastPass = mark.cw <= mark.di
      if (lastPass && restarted) stop = last
    }
  }

  #key(client: Client): number {
    return (number(client.address) + (this.#flags.includes('flag-2') ? client.port : 0)) >>> 0
  }

  #lookUp(entries: number, place: (salt: number) => number): Server | undefined {
    const first = place(0)
    const named = this.#table[first]
    if (named === undefined || usable(named)) return named
    if (!this.#flags.includes('flag-1')) return undefined
    for (let offset = 0; offset < entries; offset++) {
      const other = this.#table[place((offset + first) % entries)]
      if (other === undefined || usable(other)) return other
    }
    return undefined
  }

  /** is_overloaded of lblc and lblcr. */
  #isLeftFor(server: Server): boolean {
    return server.active > server.weight && this.#servers.some(other => other.active * 2 < other.weight)
  }
}

function usable(server: Server | undefined): boolean {
  return server !== undefined && server.weight > 0 && !server.overloaded
}

function load({ active, inactive }: Server): number {
  return active * 256 + inactive
}

function number(address: Client['address']): number {
  return foldAddress(ipBytes(address))
}

/** The first with the smallest quotient. */
function least(servers: readonly Server[], quotient: (server: Server) => [number, number]): Server | undefined {
  return servers.reduce<Server | undefined>((best, server) => {
    if (best === undefined) return server
    const [a, b] = quotient(best)
    const [c, d] = quotient(server)
    return a * d > c * b ? server : best
  }, undefined)
}

/** The first with the highest weight. */
function most(servers: readonly Server[]): Server | undefined {
  return servers.reduce<Server | undefined>(
    (best, s) => (best === undefined || s.weight > best.weight ? s : best),
    undefined,
  )
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
