import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { type Attempt, failures, longestOutageMs, since, talliesText } from './tally.ts'

const answered = (server: string, startedAt: number, endedAt: number): Attempt => ({
  from: ip('192.168.40.11'),
  startedAt,
  endedAt,
  outcome: { server },
})
const failed = (startedAt: number, endedAt: number): Attempt => ({
  from: ip('192.168.40.12'),
  startedAt,
  endedAt,
  outcome: { error: 'refused' },
})

const STORY = [answered('rs2', 0, 1), answered('rs1', 10, 12), failed(20, 520), answered('rs2', 530, 540)]

test('talliesText() names servers in order, with their answers', () => {
  assert.equal(talliesText(STORY), 'rs1 1, rs2 2')
  assert.equal(talliesText([failed(0, 1)]), 'nobody answered')
})

test('longestOutageMs() is the longest time without an answer, edges included', () => {
  assert.equal(longestOutageMs(STORY, 0, 600), 528)
  assert.equal(longestOutageMs(STORY, 0, 2000), 1460)
  assert.equal(longestOutageMs([], 100, 150), 50)
})

test('since() goes by the start of a request, failures() by its end', () => {
  assert.deepEqual(failures(since(STORY, 20)).length, 1)
  assert.deepEqual(failures(since(STORY, 21)), [])
})
