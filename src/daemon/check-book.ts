/**
 * All checks of a configuration at work. Services whose servers are asked the same question at the same times share one
 * probe: a group of a hundred addresses asks each of its servers once, not a hundred times.
 */

import type { Channel } from '../health/channel.ts'
import { type CheckerEvent, type CheckerState, checkerWakeAt, startChecker, stepChecker } from '../health/checker.ts'
import type { ProbeEvent } from '../health/conversation.ts'
import { questionKey, type Subject } from '../health/names.ts'
import { after, type Instant } from '../model/time.ts'
import type { Checker } from '../model/virtual-server.ts'
import type { OpenChannel } from './opened-channel.ts'

export interface CheckSurroundings {
  readonly now: () => Instant
  /** In [0, 1). */
  readonly random: () => number
  /** Calls back at the moment; the result takes the wish back. */
  readonly wake: (at: Instant, callback: () => void) => () => void
  readonly open: (channel: Channel, report: (event: ProbeEvent) => void) => OpenChannel
  readonly log: (text: string) => void
}

/** Who wants to know: the checker's place in a service. */
export interface Watcher {
  readonly verdict: (check: Check) => void
  /** The check rests while nobody who watches is awake. */
  readonly awake: () => boolean
}

const WAKE = { type: 'wake' } as const

export class Check {
  readonly subject: Subject
  readonly watchers: Watcher[] = []
  readonly #world: CheckSurroundings
  #state: CheckerState
  #channel: OpenChannel | undefined
  #cancelWake: () => void = () => {}
  #awake = false
  #rested = false
  // Made once: these are called thousands of times a second.
  readonly #onWake = () => this.#step(WAKE)
  readonly #onReport = (event: ProbeEvent) => this.#step(event)

  constructor(subject: Subject, state: CheckerState, world: CheckSurroundings) {
    this.subject = subject
    this.#state = state
    this.#world = world
  }

  get state(): CheckerState {
    return this.#state
  }

  /** Starts, goes on or rests, as its watchers are awake. A probe that was under way starts again. */
  arrange(): void {
    const awake = this.watchers.some(watcher => watcher.awake())
    if (!awake) this.#rested = true
    if (awake === this.#awake) return
    this.retire()
    this.#awake = awake
    if (!awake) return
    if (this.#rested) this.#state = inRhythm(this.subject.checker, this.#state, this.#world.now())
    this.#rested = false
    this.#awaitWake()
  }

  /** No probe follows this one. */
  retire(): void {
    this.#cancelWake()
    this.#channel?.close()
    this.#channel = undefined
    this.#awake = false
    this.#state = resting(this.#state, this.#world.now())
  }

  #awaitWake(): void {
    this.#cancelWake()
    this.#cancelWake = this.#world.wake(checkerWakeAt(this.#state), this.#onWake)
  }

  #step(event: CheckerEvent): void {
    const { state, effects } = stepChecker(this.subject, this.#state, event, this.#world.now())
    this.#state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'open':
          this.#channel = this.#world.open(effect.channel, this.#onReport)
          break
        case 'write':
          this.#channel?.write(effect.bytes)
          break
        case 'close':
          this.#channel?.close(effect.reusable)
          this.#channel = undefined
          break
        case 'log':
          this.#world.log(effect.text)
          break
        case 'verdict':
          for (const { verdict } of this.watchers) verdict(this)
      }
    }
    if (this.#awake) this.#awaitWake()
  }
}

export class CheckBook {
  readonly #world: CheckSurroundings
  #checks = new Map<string, Check>()
  #answers = new Map<string, CheckerState>()

  constructor(world: CheckSurroundings) {
    this.#world = world
  }

  /** Ends all checks; those that are opened again before the next turn keep their answers. */
  turn(): void {
    for (const check of this.#checks.values()) check.retire()
    // Two may ask the same at different times: each keeps its own answer, a third gets one of theirs.
    this.#answers = new Map(
      [...this.#checks.values()].flatMap(({ subject, state }) => [
        [questionKey(subject, false), state] as const,
        [questionKey(subject, true), state] as const,
      ]),
    )
    this.#checks = new Map()
  }

  /** The check that asks this; `up` is what to assume of a new one until it has its first answer. */
  open(subject: Subject, up: boolean | undefined): Check {
    const key = questionKey(subject, true)
    const open = this.#checks.get(key)
    if (open !== undefined) return open
    const { now, random } = this.#world
    const asked = this.#answers.get(questionKey(subject, false))
    // What another check only assumed, before its first probe, is no answer.
    const answer = this.#answers.get(key) ?? (asked?.proved ? asked : undefined)
    const state = answer ?? startChecker(subject.checker, now(), random(), up)
    const check = new Check(subject, state, this.#world)
    this.#checks.set(key, check)
    return check
  }

  arrange(): void {
    for (const check of this.#checks.values()) check.arrange()
  }

  get size(): number {
    return this.#checks.size
  }
}

/**
 * Who has rested goes on in the rhythm it had, as in keepalived, or all that rested together would probe in the same moment.
 */
function inRhythm({ schedule }: Checker, state: CheckerState, now: Instant): CheckerState {
  if (state.phase.name !== 'waiting' || state.phase.probeAt >= now) return state
  const missed = Math.ceil((now - state.phase.probeAt) / schedule.intervalMs)
  return { ...state, phase: { name: 'waiting', probeAt: after(state.phase.probeAt, missed * schedule.intervalMs) } }
}

function resting(state: CheckerState, now: Instant): CheckerState {
  return state.phase.name === 'waiting' ? state : { ...state, phase: { name: 'waiting', probeAt: now } }
}
