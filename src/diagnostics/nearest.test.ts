import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest } from './nearest.ts'

const KEYWORDS = ['priority', 'preempt', 'interface', 'state', 'lb_algo', 'rise', 'fall']

for (const [word, expected] of [
  ['priorty', 'priority'],
  ['pirority', 'priority'],
  ['Priority', 'priority'],
  ['lb-algo', 'lb_algo'],
  ['interfce', 'interface'],
  ['tall', 'fall'],
  ['nat_mask', undefined],
  ['r', undefined],
] as const) {
  test(`nearest() takes "${word}" for ${expected}`, () => assert.equal(nearest(word, KEYWORDS), expected))
}

test('editDistance() is a distance: zero for the same, the same both ways', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a))
      assert.equal(editDistance(a, b) === 0, a === b)
    }),
  )
})
