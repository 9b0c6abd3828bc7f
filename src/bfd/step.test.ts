import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip } from '../bytes/address.ts'
import type { BfdInstance } from '../model/bfd-instance.ts'
import { after, type Instant, instant } from '../model/time.ts'
import type { BfdPacket } from '../wire/bfd.ts'
import { jittered } from './intervals.ts'
import { type Session, type SessionEffect, type SessionEvent, sessionWakeAt } from './session.ts'
import { startSession, stepSession } from './step.ts'

const INSTANCE: BfdInstance = {
  name: 'gw',
  neighbour: ip('10.0.0.2'),
  source: undefined,
  multihop: false,
  minRxMs: 10,
  minTxMs: 10,
  idleTxMs: 1000,
  multiplier: 5,
  passive: false,
  ttl: 255,
  maxHops: 0,
  weight: 0,
  reverse: false,
  forVrrp: true,
  forCheckers: true,
}

/** Both ends of a path that may be cut, in virtual time; a packet takes half a millisecond. */
class Pair {
  now: Instant = instant(0)
  cut = false
  readonly log: string[] = []
  readonly ends: { instance: BfdInstance; session: Session; up: boolean }[]
  #flying: { readonly to: number; readonly at: Instant; readonly packet: BfdPacket }[] = []

  constructor(instances: readonly BfdInstance[]) {
    this.ends = instances.map((instance, i) => ({
      instance,
      session: startSession(instance, 100 + i, this.now),
      up: false,
    }))
  }

  run(ms: number): void {
    const until = after(this.now, ms)
    for (;;) {
      const wakes = this.ends.map(({ session }) => sessionWakeAt(session) ?? instant(Number.POSITIVE_INFINITY))
      const arrival = this.#flying[0]
      const next = Math.min(...wakes, arrival?.at ?? Number.POSITIVE_INFINITY)
      if (next > until) break
      this.now = instant(Math.max(next, this.now))
      if (arrival !== undefined && arrival.at <= this.now) {
        this.#flying.shift()
        this.step(arrival.to, { type: 'heard', packet: arrival.packet })
      } else this.step(wakes.indexOf(instant(next)), { type: 'wake' })
    }
    this.now = until
  }

  step(end: number, event: SessionEvent): void {
    const one = this.ends[end]!
    const { session, effects } = stepSession(one.instance, one.session, event, this.now, 0.5)
    one.session = session
    for (const effect of effects) this.#perform(end, effect)
  }

  #perform(end: number, effect: SessionEffect): void {
    if (effect.type === 'log') this.log.push(`${end} ${effect.text}`)
    else if (effect.type === 'changed') this.ends[end]!.up = effect.up
    else if (!this.cut) this.#flying.push({ to: 1 - end, at: after(this.now, 0.5), packet: effect.packet })
  }

  get up(): readonly boolean[] {
    return this.ends.map(({ up }) => up)
  }
}

test('two ends come up, agree on their intervals and find out within the detection time that the path is cut', () => {
  const pair = new Pair([INSTANCE, INSTANCE])
  pair.run(2500)
  assert.deepEqual(pair.up, [true, true])
  assert.ok(pair.ends.every(({ session }) => !session.polling))
  pair.cut = true
  pair.run(40)
  assert.deepEqual(pair.up, [true, true])
  pair.run(15)
  assert.deepEqual(pair.up, [false, false])
  assert.match(pair.log.join('\n'), /\(gw\) Expired after 50 ms \(0 usec overdue\)/)
  const expired = 'Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic'
  assert.ok(pair.log.includes(`0 (gw) Entering Down state (${expired})`))
  pair.cut = false
  pair.run(3000)
  assert.deepEqual(pair.up, [true, true])
})

test('an end that is slower to hear is spoken to at its own pace', () => {
  const pair = new Pair([INSTANCE, { ...INSTANCE, minRxMs: 300, minTxMs: 200 }])
  pair.run(5000)
  assert.deepEqual(pair.up, [true, true])
  const { sendAt, remoteMinRxMs, remoteMinTxMs } = pair.ends[0]!.session
  assert.equal(remoteMinRxMs, 300)
  assert.equal(remoteMinTxMs, 200)
  assert.ok(sendAt! - pair.now <= 300)
  pair.cut = true
  pair.run(1100)
  assert.deepEqual(pair.up, [false, true])
  pair.run(500)
  assert.deepEqual(pair.up, [false, false])
})

test('a passive end says nothing before it is spoken to', () => {
  const both = new Pair([INSTANCE, INSTANCE].map(one => ({ ...one, passive: true })))
  both.run(10_000)
  assert.deepEqual(both.up, [false, false])
  const one = new Pair([INSTANCE, { ...INSTANCE, passive: true }])
  one.run(4000)
  assert.deepEqual(one.up, [true, true])
  one.cut = true
  one.run(100)
  one.cut = false
  one.run(4000)
  assert.deepEqual(one.up, [true, true])
})

test('a neighbour that goes in good order is no failure of the path', () => {
  const pair = new Pair([INSTANCE, INSTANCE])
  pair.run(2500)
  pair.cut = true
  pair.step(0, { type: 'heard', packet: { ...packet(pair.ends[0]!.session), state: 'admin-down' } })
  assert.equal(pair.ends[0]!.session.state, 'down')
  assert.deepEqual(pair.up, [true, true])
})

test('a poll is answered at once with the final bit', () => {
  const session = startSession(INSTANCE, 7, instant(0))
  const event: SessionEvent = { type: 'heard', packet: { ...packet(session), poll: true } }
  const { effects } = stepSession(INSTANCE, session, event, instant(1), 0)
  const sent = effects.flatMap(effect => (effect.type === 'send' ? [effect.packet] : []))
  assert.deepEqual(
    sent.map(({ poll, final, yourDiscriminator }) => ({ poll, final, yourDiscriminator })),
    [{ poll: false, final: true, yourDiscriminator: 9 }],
  )
})

test('nothing is sent to a neighbour that wants to hear nothing, or only when asked', () => {
  const pair = new Pair([INSTANCE, INSTANCE])
  pair.run(2500)
  const { session } = pair.ends[0]!
  for (const odd of [{ requiredMinRxUs: 0 }, { demand: true }]) {
    const event: SessionEvent = { type: 'heard', packet: { ...packet(session), state: 'up', ...odd } }
    assert.equal(stepSession(INSTANCE, session, event, pair.now, 0).session.sendAt, undefined)
  }
})

test('other intervals are agreed upon by a poll sequence, without losing the session', () => {
  const pair = new Pair([INSTANCE, INSTANCE])
  pair.run(2500)
  pair.ends[0]!.instance = { ...INSTANCE, minTxMs: 50, minRxMs: 50 }
  pair.step(0, { type: 'retimed' })
  assert.ok(pair.ends[0]!.session.polling)
  pair.run(2000)
  assert.deepEqual(pair.up, [true, true])
  assert.equal(pair.ends[1]!.session.remoteMinTxMs, 50)
  assert.ok(!pair.ends[0]!.session.polling)
})

test('jittered() keeps to RFC 5880 section 6.8.7', () => {
  assert.deepEqual(
    [0, 1].map(random => jittered(100, 3, random)),
    [100, 75],
  )
  assert.deepEqual(
    [0, 1].map(random => jittered(100, 1, random)),
    [90, 75],
  )
})

test('whatever is heard, there is no storm of packets and no session without an end', () => {
  const packets = fc.record({
    state: fc.constantFrom('admin-down', 'down', 'init', 'up'),
    diagnostic: fc.nat(8),
    poll: fc.boolean(),
    final: fc.boolean(),
    demand: fc.boolean(),
    multiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscriminator: fc.constant(7),
    desiredMinTxUs: fc.constantFrom(0, 1, 10_000, 0xffff_ffff),
    requiredMinRxUs: fc.constantFrom(0, 1, 10_000, 0xffff_ffff),
  } satisfies Record<keyof BfdPacket, unknown>)
  fc.assert(
    fc.property(fc.array(fc.tuple(packets, fc.nat(2000)), { maxLength: 30 }), heard => {
      let session = startSession(INSTANCE, 7, instant(0))
      let now = instant(0)
      for (const [one, pause] of heard) {
        const until = after(now, pause)
        for (let at = sessionWakeAt(session); at !== undefined && at <= until; at = sessionWakeAt(session)) {
          now = instant(Math.max(at, now))
          const step = stepSession(INSTANCE, session, { type: 'wake' }, now, 0.9)
          assert.ok(step.effects.filter(({ type }) => type === 'send').length <= 1)
          const again = sessionWakeAt(step.session)
          assert.ok(again === undefined || again > now, 'a wake is not wished for again at once')
          session = step.session
        }
        now = until
        const step = stepSession(INSTANCE, session, { type: 'heard', packet: one as BfdPacket }, now, 0.1)
        session = step.session
        assert.ok(session.state === 'down' || session.expireAt !== undefined)
      }
    }),
    { seed: 2026, numRuns: 500 },
  )
})

function packet(session: Session): BfdPacket {
  return {
    state: 'down',
    diagnostic: 0,
    poll: false,
    final: false,
    demand: false,
    multiplier: 5,
    myDiscriminator: 9,
    yourDiscriminator: session.discriminator,
    desiredMinTxUs: 10_000,
    requiredMinRxUs: 10_000,
  }
}
