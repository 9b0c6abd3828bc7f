/** The BFD sessions of a configuration at work: packets and deadlines go into the pure sessions of `bfd/`. */
import { isDeepStrictEqual } from 'node:util'
import { type HeardFrom, sessionFor, tooFar } from '../bfd/hears.ts'
import { detectionMs } from '../bfd/intervals.ts'
import { type Session, type SessionEffect, type SessionEvent, sessionWakeAt } from '../bfd/session.ts'
import { startSession, stepSession } from '../bfd/step.ts'
import { isKernelError } from '../kernel/errors.ts'
import type { BfdInstance } from '../model/bfd-instance.ts'
import { after, type Instant } from '../model/time.ts'
import { Counters } from '../observe/counters.ts'
import type { SessionSnapshot } from '../observe/snapshot.ts'
import { type BfdPacket, decodeBfd, encodeBfd } from '../wire/bfd.ts'
import type { BfdNetwork } from './bfd-network.ts'

export interface BfdSurroundings {
  readonly now: () => Instant
  readonly wake: (at: Instant, callback: () => void) => () => void
  /** In [0, 1), and hard to guess. */
  readonly random: () => number
  readonly network: BfdNetwork
  /** By name: true while the session is up. */
  readonly tell: (sessions: Readonly<Record<string, boolean>>) => void
  readonly log: (text: string, detail?: boolean) => void
  readonly wallClockMs: (moment: Instant) => number
}

const STATE_NAMES = { down: 'Down', init: 'Init', up: 'Up' } as const

interface Running {
  instance: BfdInstance
  session: Session
  /** As those who follow it were told. */
  up: boolean
  /** The last packet could not be sent, which was said. */
  mute: boolean
  cancelWake: () => void
  since: Instant
  readonly counters: Counters
}

/** Another program may have the port for a while. */
const LISTEN_AGAIN_MS = 5000
const DISCRIMINATOR_MAX = 0xffff_ffff

export class BfdLoop {
  readonly #world: BfdSurroundings
  readonly #drops = new Counters()
  #sessions = new Map<string, Running>()
  #deaf = ''
  #cancelListen: () => void = () => {}

  constructor(world: BfdSurroundings) {
    this.#world = world
  }

  /** Starts, or reloads: a session with the same neighbour goes on. */
  configure(instances: readonly BfdInstance[]): void {
    const before = this.#sessions
    this.#sessions = new Map(instances.map(instance => [instance.name, this.#keep(before, instance)]))
    for (const [name, running] of before) if (this.#sessions.get(name) !== running) this.#end(running)
    this.#listen()
    this.#tell()
    for (const running of this.#sessions.values()) this.#await(running)
  }

  heard(bytes: Uint8Array, from: HeardFrom): void {
    const drop = this.#judge(bytes, from)
    if (drop !== undefined) this.#dropped(from, drop)
  }

  /** The reason why nobody hears it; undefined: somebody did. */
  #judge(bytes: Uint8Array, from: HeardFrom): string | undefined {
    const decoded = decodeBfd(bytes)
    if (!decoded.ok) return decoded.drop
    const instances = [...this.#sessions.values()].map(({ instance }) => instance)
    const discriminator = (name: string) => this.#sessions.get(name)?.session.discriminator
    const instance = sessionFor(instances, discriminator, decoded.value, from)
    if (instance === undefined) return 'no-session'
    if (tooFar(instance, from)) return 'ttl'
    const running = this.#sessions.get(instance.name)!
    running.counters.add('received')
    this.#step(running, { type: 'heard', packet: decoded.value })
    return undefined
  }

  /** Packets that were for nobody, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return this.#drops.counts()
  }

  report(): readonly SessionSnapshot[] {
    return [...this.#sessions.values()].map(({ instance, session, since, counters }) => ({
      name: instance.name,
      neighbour: instance.neighbour,
      state: STATE_NAMES[session.state],
      sinceMs: this.#world.wallClockMs(since),
      detectionMs: detectionMs(instance, session),
      counts: counters.counts(),
    }))
  }

  /** In silence, as keepalived does: neighbours find out. */
  stop(): void {
    for (const running of this.#sessions.values()) running.cancelWake()
    this.#cancelListen()
    this.#sessions.clear()
    this.#world.network.close()
  }

  #keep(before: ReadonlyMap<string, Running>, instance: BfdInstance): Running {
    const old = before.get(instance.name)
    if (old === undefined || !sameEnds(old.instance, instance)) {
      const now = this.#world.now()
      const session = startSession(instance, this.#freshDiscriminator(before), now)
      return { instance, session, up: false, mute: false, cancelWake: () => {}, since: now, counters: new Counters() }
    }
    const retimed = !isDeepStrictEqual(old.instance, instance)
    if (retimed && old.instance.ttl !== instance.ttl) this.#world.network.forget(instance.name)
    old.instance = instance
    if (retimed) this.#step(old, { type: 'retimed' })
    return old
  }

  #end({ instance, cancelWake }: Running): void {
    cancelWake()
    this.#world.network.forget(instance.name)
  }

  #listen(): void {
    this.#cancelListen()
    try {
      this.#world.network.listen([...this.#sessions.values()].map(({ instance }) => instance))
      this.#deaf = ''
    } catch (error) {
      if (!isKernelError(error)) throw error
      if (error.message !== this.#deaf) this.#world.log(`Unable to open listening socket: ${error.message}`)
      this.#deaf = error.message
      this.#cancelListen = this.#world.wake(after(this.#world.now(), LISTEN_AGAIN_MS), () => this.#listen())
    }
  }

  #step(running: Running, event: SessionEvent): void {
    const { instance } = running
    const { session, effects } = stepSession(instance, running.session, event, this.#world.now(), this.#world.random())
    if (session.state !== running.session.state) running.since = this.#world.now()
    running.session = session
    for (const effect of effects) this.#perform(running, effect)
    this.#await(running)
  }

  #perform(running: Running, effect: SessionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(running, effect.packet)
        return
      case 'log':
        this.#world.log(effect.text, effect.detail)
        return
      case 'changed':
        running.up = effect.up
        this.#tell()
    }
  }

  #send(running: Running, packet: BfdPacket): void {
    const { instance, mute } = running
    try {
      this.#world.network.send(instance, encodeBfd(packet))
      running.mute = false
      running.counters.add('sent')
    } catch (error) {
      if (!isKernelError(error)) throw error
      if (!mute) this.#world.log(`(${instance.name}) Error sending packet: ${error.message}`)
      running.mute = true
    }
  }

  #await(running: Running): void {
    running.cancelWake()
    const at = sessionWakeAt(running.session)
    if (at !== undefined) running.cancelWake = this.#world.wake(at, () => this.#step(running, { type: 'wake' }))
  }

  #tell(): void {
    this.#world.tell(Object.fromEntries([...this.#sessions].map(([name, { up }]) => [name, up])))
  }

  /** Once for each reason; a flood of them is only counted. */
  #dropped(from: HeardFrom, drop: string): void {
    const first = this.#drops.counts()[drop] === undefined
    this.#drops.add(drop)
    if (first) this.#world.log(`Discarding packet from ${from.source} (${drop}); further ones are counted`, true)
  }

  #freshDiscriminator(taken: ReadonlyMap<string, Running>): number {
    for (;;) {
      const discriminator = 1 + Math.floor(this.#world.random() * DISCRIMINATOR_MAX)
      if (![...taken.values()].some(({ session }) => session.discriminator === discriminator)) return discriminator
    }
  }
}

function sameEnds(one: BfdInstance, other: BfdInstance): boolean {
  return one.neighbour === other.neighbour && one.source === other.source && one.multihop === other.multihop
}
