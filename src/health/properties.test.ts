import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { after, instant } from '../model/time.ts'
import { type CheckerEvent, checkerWakeAt, startChecker, stepChecker } from './checker.ts'
import { desiredService } from './desired.ts'
import { subjectOf } from './names.ts'
import { startPool, stepPool, upWeight } from './pool.ts'
import { realServer, tcpChecker, virtualServer } from './samples.ts'

const checker = tcpChecker()
const subject = subjectOf(virtualServer(), realServer(), checker)

const happenings = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 8000 }),
    event: fc.constantFrom<CheckerEvent>(
      { type: 'wake' },
      { type: 'connected' },
      { type: 'refused', cause: 'connection refused' },
      { type: 'data', bytes: new Uint8Array(3) },
    ),
  }),
  { maxLength: 60 },
)

test('stepChecker() changes nothing on a wake that comes early', () => {
  fc.assert(
    fc.property(happenings, steps => {
      let now = instant(0)
      let state = startChecker(checker, now, 0.3)
      for (const { waitMs, event } of steps) {
        now = after(now, waitMs)
        if (now < checkerWakeAt(state)) {
          const early = stepChecker(subject, state, { type: 'wake' }, now)
          assert.equal(early.effects.length, 0)
          assert.deepEqual(early.state, state)
        }
        state = stepChecker(subject, state, event, now).state
      }
    }),
  )
})

test('stepChecker() opens one connection at a time and closes each', () => {
  fc.assert(
    fc.property(happenings, steps => {
      let now = instant(0)
      let state = startChecker(checker, now, 0)
      let open = 0
      for (const { waitMs, event } of steps) {
        now = after(now, waitMs)
        const step = stepChecker(subject, state, event, now)
        for (const { type } of step.effects) {
          if (type === 'open') open++
          if (type === 'close') open--
          assert.ok(open === 0 || open === 1)
        }
        state = step.state
        assert.equal(open === 1, state.phase.name === 'probing')
      }
    }),
  )
})

test('stepChecker() tells each change of mind once', () => {
  fc.assert(
    fc.property(happenings, steps => {
      let now = instant(0)
      let state = startChecker(checker, now, 0)
      let told: boolean | undefined
      for (const { waitMs, event } of steps) {
        now = after(now, waitMs)
        const step = stepChecker(subject, state, event, now)
        for (const effect of step.effects) {
          if (effect.type !== 'verdict') continue
          assert.notEqual(effect.up, told)
          told = effect.up
        }
        state = step.state
        if (told !== undefined) assert.equal(state.up, told)
      }
    }),
  )
})

test('stepPool() holds a quorum only with enough weight, and desires exactly the servers that are up', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 })
  const changes = fc.array(fc.record({ server: fc.nat(), up: fc.boolean() }), { maxLength: 40 })
  fc.assert(
    fc.property(
      weights,
      changes,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 3 }),
      (own, news, quorum, hysteresis) => {
        const realServers = own.map(weight => realServer({ weight }))
        const virtual = virtualServer({ realServers, quorum, hysteresis: Math.min(hysteresis, quorum - 1) })
        let pool = startPool(
          virtual,
          own.map(() => [{ up: true, weight: 0 }]),
        ).state
        for (const { server, up } of news) {
          pool = stepPool(virtual, pool, {
            type: 'opinion',
            server: server % own.length,
            checker: 0,
            opinion: { up, weight: 0 },
          }).state
          const sum = upWeight(pool.servers)
          if (sum >= quorum + virtual.hysteresis) assert.equal(pool.quorum, true)
          if (sum === 0 || sum < quorum - virtual.hysteresis) assert.equal(pool.quorum, false)
          assert.equal(
            desiredService(virtual, pool, [], instant(0)).destinations.length,
            pool.servers.filter(one => one.up).length,
          )
        }
      },
    ),
  )
})
