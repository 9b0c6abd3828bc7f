import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, instant } from '../model/time.ts'
import { firstLife, respawn } from './respawn.ts'

test('respawn() doubles the pause of a child that keeps dying, up to a minute', () => {
  let now = instant(0)
  let state = firstLife(now)
  const pauses: number[] = []
  for (let death = 0; death < 8; death++) {
    now = after(state.startedAt, 10)
    state = respawn(state, now)
    pauses.push((state.startedAt - now) / 1000)
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
})

test('respawn() starts a child that lived for a minute at once, and forgets its earlier deaths', () => {
  const early = respawn(firstLife(instant(0)), instant(5))
  const died = after(early.startedAt, 60_000)
  const next = respawn(early, died)
  assert.equal(next.startedAt, died)
  assert.equal(respawn(next, after(died, 1)).startedAt - died, 1001)
})
