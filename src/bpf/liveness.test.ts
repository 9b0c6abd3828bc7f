import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Block, Step } from './ir.ts'
import { liveAtEnd, RegisterSet } from './liveness.ts'

const plain = { position: undefined, comment: undefined }

function block(id: number, ...steps: readonly Step[]): Block {
  return { id, cold: false, depth: 0, steps: [...steps], terminator: undefined }
}

function constant(target: number): Step {
  return { kind: 'move', target, source: { immediate: 1 }, width: 64, ...plain }
}

function add(target: number, source: number): Step {
  return { kind: 'alu', operation: 'add', width: 64, target, source: { register: source }, ...plain }
}

function sorted(registers: readonly number[] | undefined): number[] {
  return [...(registers ?? [])].sort((a, b) => a - b)
}

test('liveAtEnd() keeps alive around a loop what the loop reads in its next round', () => {
  // 0: v0 = 1, v1 = 1, v2 = 1 → 1: if v0 < 9 goto 2 else 3 → 2: v0 += v1, goto 1 → 3: exit v2
  const [entry, head, body, end] = [
    block(0, constant(0), constant(1), constant(2)),
    block(1),
    block(2, add(0, 1)),
    block(3),
  ]
  entry.terminator = { kind: 'jump', to: head, position: undefined }
  head.terminator = {
    kind: 'branch',
    comparison: 'lt',
    width: 64,
    left: 0,
    right: { immediate: 9 },
    yes: body,
    no: end,
    position: undefined,
  }
  body.terminator = { kind: 'jump', to: head, position: undefined }
  end.terminator = { kind: 'exit', value: { register: 2 }, position: undefined }
  const live = liveAtEnd([entry, head, body, end], 3)
  assert.deepEqual(sorted(live.get(entry)), [0, 1, 2])
  assert.deepEqual(sorted(live.get(head)), [0, 1, 2])
  assert.deepEqual(sorted(live.get(body)), [0, 1, 2])
  assert.deepEqual(sorted(live.get(end)), [])
})

test('liveAtEnd() lets go of what is written before it is read again', () => {
  const [entry, next] = [block(0, constant(0), constant(1)), block(1, constant(0), add(1, 0))]
  entry.terminator = { kind: 'jump', to: next, position: undefined }
  next.terminator = { kind: 'exit', value: { register: 1 }, position: undefined }
  assert.deepEqual(sorted(liveAtEnd([entry, next], 2).get(entry)), [1])
})

test('a RegisterSet holds each register once, and forgets what is taken out', () => {
  const set = new RegisterSet(70)
  for (const register of [0, 31, 32, 63, 64, 69, 31]) set.add(register)
  set.delete(32)
  set.delete(33)
  assert.deepEqual(sorted(Array.from({ length: set.size }, (_, place) => set.at(place))), [0, 31, 63, 64, 69])
  assert.equal(set.has(63), true)
  assert.equal(set.has(32), false)
  set.clear()
  assert.equal(set.has(63), false)
  assert.equal(set.size, 0)
})
