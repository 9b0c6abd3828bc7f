import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instant } from '../model/time.ts'
import { nextRampAt, rampedWeight } from './slow-start.ts'

/** The weights of a ramp, each with the moment from which it holds. */
function ramp(weight: number, slowStartMs: number, risenAt = instant(5000)): readonly (readonly [number, number])[] {
  const seen: [number, number][] = []
  for (let now: typeof risenAt | undefined = risenAt; now !== undefined; ) {
    seen.push([now - risenAt, rampedWeight(weight, slowStartMs, risenAt, now)])
    const next = nextRampAt(weight, slowStartMs, risenAt, now)
    assert.ok(next === undefined || next > now)
    now = next
  }
  return seen
}

test('rampedWeight() grows step by step', () => {
  assert.deepEqual(ramp(4, 8000), [
    [0, 1],
    [2000, 1],
    [4000, 2],
    [6000, 3],
    [8000, 4],
  ])
  assert.deepEqual(ramp(1, 8000), [[0, 1]])
  assert.deepEqual(ramp(0, 8000), [[0, 0]])
  assert.deepEqual(ramp(7, 0), [[0, 7]])
  assert.equal(rampedWeight(9, 8000, undefined, instant(0)), 9)
})

test('rampedWeight() never falls, ends at the weight, and takes twenty steps at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0x7fff_ffff }),
      fc.integer({ min: 0, max: 4_294_000 }),
      fc.integer({ min: 0, max: 1e9 }),
      (weight, slowStartMs, at) => {
        const steps = ramp(weight, slowStartMs, instant(at))
        assert.ok(steps.length <= 21)
        assert.equal(steps.at(-1)?.[1], weight)
        for (const [i, [, one]] of steps.entries())
          assert.ok(one >= (steps[i - 1]?.[1] ?? 0) && one >= Math.min(weight, 1))
      },
    ),
    { examples: [[30, 1, 999_999_999]] },
  )
})
