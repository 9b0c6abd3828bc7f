/**
 * The transcripts in testdata: checkers and their pool together, in virtual time.
 *
 * Commands: `service KEY=VALUE…` and `server NAME KEY=VALUE…` describe, `start` begins, `NAME answers|refuses|hangs`
 * sets how a target behaves, `run SECONDS` lets time pass. `UPDATE=1` rewrites what follows the `----`.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { after, type Instant, instant } from '../model/time.ts'
import type { RealServer, TcpChecker, VirtualServer } from '../model/virtual-server.ts'
import { type CheckerEffect, type CheckerState, checkerWakeAt, startChecker, stepChecker } from './checker.ts'
import { desiredService } from './desired.ts'
import { type Subject, subjectOf } from './names.ts'
import { type PoolState, startPool, stepPool } from './pool.ts'
import { realServer, tcpChecker, virtualServer } from './samples.ts'

const folder = join(import.meta.dirname, 'testdata')
for (const name of readdirSync(folder).filter(file => file.endsWith('.txt'))) {
  test(`transcript ${name}`, () => {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const replayed = replay(text)
    if (process.env.UPDATE === '1') writeFileSync(path, replayed)
    else assert.equal(replayed, text)
  })
}

/** The text again, with everything between a `----` and the next blank line as it comes out now. */
function replay(text: string): string {
  const world = new World()
  return text.replace(/^(?!#)(.+)\n----\n(?:.+\n)*/gm, (_, command: string) => {
    const output = world.perform(command)
    return `${command}\n----\n${output.map(line => `${line}\n`).join('') || 'quiet\n'}`
  })
}

type Behaviour = 'answers' | 'refuses' | 'hangs'

/** Round trip of a target that answers or refuses. */
const ROUND_TRIP_MS = 2

class World {
  #now: Instant = instant(0)
  #virtual: VirtualServer = virtualServer({ realServers: [] })
  #random = 0
  readonly #names: string[] = []
  readonly #behaviours: Behaviour[] = []
  #checkers: CheckerState[] = []
  #pool: PoolState | undefined
  /** Per server: when the target's answer arrives, if one is under way. */
  readonly #replies: (Instant | undefined)[] = []
  #output: string[] = []

  perform(command: string): readonly string[] {
    this.#output = []
    const [verb = '', ...words] = command.split(' ')
    if (verb === 'service') this.#describeService(options(words))
    else if (verb === 'server') this.#describeServer(words[0]!, options(words.slice(1)))
    else if (verb === 'start') this.#start()
    else if (verb === 'run') this.#run(Number.parseFloat(words[0]!) * 1000)
    else if (this.#names.includes(verb)) this.#behaviours[this.#names.indexOf(verb)] = words[0] as Behaviour
    else throw new Error(`no command "${command}"`)
    return this.#output
  }

  #describeService(given: Options): void {
    const sorryServer = given.sorry === undefined ? undefined : realServer({ address: ip(given.sorry) })
    this.#random = Number(given.random ?? 0)
    this.#virtual = virtualServer({
      ...this.#virtual,
      quorum: Number(given.quorum ?? 1),
      hysteresis: Number(given.hysteresis ?? 0),
      alpha: given.alpha === 'yes',
      sorryServer,
    })
  }

  #describeServer(name: string, given: Options): void {
    const schedule = {
      ...tcpChecker().schedule,
      intervalMs: Number(given.interval ?? 6) * 1000,
      warmupMs: Number(given.warmup ?? 0) * 1000,
      retries: Number(given.retries ?? 1),
      retryDelayMs: Number(given['retry-delay'] ?? 1) * 1000,
      alpha: given.alpha === 'yes',
      rises: Number(given.rise ?? 1),
    }
    const address = ip(`192.168.41.${30 + this.#names.length + 1}`)
    const target = { ...tcpChecker().target, address, connectTimeoutMs: Number(given.timeout ?? 5) * 1000 }
    const server: RealServer = realServer({
      address,
      weight: Number(given.weight ?? 1),
      inhibitOnFailure: given.inhibit === 'yes',
      checkers: [{ ...tcpChecker(), schedule, target }],
    })
    this.#names.push(name)
    this.#behaviours.push('answers')
    this.#virtual = { ...this.#virtual, realServers: [...this.#virtual.realServers, server] }
  }

  #start(): void {
    this.#checkers = this.#virtual.realServers.map((_, i) => startChecker(this.#checker(i), this.#now, this.#random))
    this.#pool = startPool(
      this.#virtual,
      this.#checkers.map(({ up }) => [{ up, weight: 0 }]),
    ).state
    this.#sayDesired()
  }

  #run(ms: number): void {
    const end = after(this.#now, ms)
    for (;;) {
      const next = this.#nextMoment()
      if (next > end) break
      this.#now = next
      for (const i of this.#names.keys()) this.#turn(i)
    }
    this.#now = end
  }

  #nextMoment(): Instant {
    const wakes = this.#checkers.map(checkerWakeAt)
    const replies = this.#replies.filter(moment => moment !== undefined)
    return instant(Math.min(...wakes, ...replies))
  }

  #turn(i: number): void {
    const replyAt = this.#replies[i]
    if (replyAt !== undefined && replyAt <= this.#now) {
      this.#replies[i] = undefined
      if (this.#behaviours[i] === 'answers') this.#step(i, { type: 'connected' })
      else if (this.#behaviours[i] === 'refuses') this.#step(i, { type: 'refused', cause: 'connection refused' })
    } else if (checkerWakeAt(this.#checkers[i]!) <= this.#now) this.#step(i, { type: 'wake' })
  }

  #step(i: number, event: Parameters<typeof stepChecker>[2]): void {
    const { state, effects } = stepChecker(this.#subject(i), this.#checkers[i]!, event, this.#now)
    this.#checkers[i] = state
    for (const effect of effects) this.#perform(i, effect)
  }

  #perform(i: number, effect: CheckerEffect): void {
    switch (effect.type) {
      case 'open':
        this.#say(`${this.#names[i]} is probed`)
        this.#replies[i] = after(this.#now, ROUND_TRIP_MS)
        return
      case 'close':
        this.#replies[i] = undefined
        return
      case 'log':
        this.#say(effect.text)
        return
      case 'verdict': {
        const step = stepPool(this.#virtual, this.#pool!, {
          type: 'opinion',
          server: i,
          checker: 0,
          opinion: { up: effect.up, weight: 0 },
        })
        this.#pool = step.state
        for (const poolEffect of step.effects) if (poolEffect.type === 'log') this.#say(poolEffect.text)
        if (step.effects.length > 0) this.#sayDesired()
      }
    }
  }

  #subject(i: number): Subject {
    return subjectOf(this.#virtual, this.#virtual.realServers[i]!, this.#checker(i))
  }

  #checker(i: number): TcpChecker {
    return this.#virtual.realServers[i]!.checkers[0] as TcpChecker
  }

  #sayDesired(): void {
    const { destinations } = desiredService(this.#virtual, this.#pool!, [], this.#now)
    this.#say(`-> ${destinations.map(({ address, weight }) => `${address} weight ${weight}`).join(', ') || 'nobody'}`)
  }

  #say(text: string): void {
    this.#output.push(`${(this.#now / 1000).toFixed(3).padStart(7)} ${text}`)
  }
}

type Options = Readonly<Record<string, string | undefined>>

function options(words: readonly string[]): Options {
  return Object.fromEntries(words.map(word => word.split('=', 2) as [string, string]))
}
