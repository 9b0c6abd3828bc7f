import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regionBytes, type TableFacts } from './layout.ts'
import { Memory } from './memory.ts'
import { Rings } from './scheduler-rings.ts'

const HERTZ = 250
const SMALL = Array.from({ length: 256 }, (_, i) => i + 1)
const LARGE = Array.from({ length: 4093 }, (_, i) => i + 1)

test('a table that was replaced is left alone for a second', () => {
  const { rings, wait } = emptyRings(32)
  const first = rings.add(LARGE)!
  const second = rings.add(LARGE)!
  assert.deepEqual([first, second], [1, 17])
  rings.release(first)
  assert.equal(rings.add(SMALL), undefined)
  wait(HERTZ - 1)
  assert.equal(rings.add(SMALL), undefined)
  wait(1)
  assert.equal(rings.add(SMALL), 1)
})

test('a large table wants its blocks in a row', () => {
  const { rings, wait } = emptyRings(64)
  const small = Array.from({ length: 64 }, () => rings.add(SMALL)!)
  for (const ring of small.filter(ring => ring % 2 === 0)) rings.release(ring)
  wait(HERTZ)
  assert.equal(rings.add(LARGE), undefined)
  for (const ring of [33, 35, 37, 39, 41, 43, 45, 47]) rings.release(ring)
  wait(HERTZ)
  assert.equal(rings.add(LARGE), 32)
})

test('a table is released as a whole, and its neighbour is not', () => {
  const { rings, wait } = emptyRings(64)
  const [first, second] = [rings.add(LARGE)!, rings.add(LARGE)!]
  rings.release(first)
  wait(HERTZ)
  assert.equal(rings.add(LARGE), first)
  rings.release(second)
  wait(HERTZ)
  assert.equal(rings.add(LARGE), second)
})

function emptyRings(blocks: number): { rings: Rings; wait: (ticks: number) => void } {
  const capacity = { services: 4, destinations: 4, connections: 16, processors: 1, rings: blocks, localities: 4 }
  const facts: TableFacts = { capacity, hashSeed: 0n, hertz: HERTZ }
  const bytes = regionBytes(capacity)
  let now = 1000
  const memory = (name: 'rings' | 'ledger') => new Memory(new Uint8Array(bytes[name]))
  return {
    rings: new Rings(memory('rings'), memory('ledger'), facts, () => now),
    wait: ticks => {
      now += ticks
    },
  }
}
