import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrackedScript } from '../model/script.ts'
import { instant } from '../model/time.ts'
import { type ScriptEvent, type ScriptState, scriptWakeAt, startScript, stepScript } from './script.ts'

const SCRIPT: TrackedScript = {
  name: 'chk',
  script: { argv: ['/bin/true'], user: undefined, group: undefined },
  intervalMs: 2000,
  timeoutMs: 1000,
  weight: 0,
  reverse: false,
  rise: 2,
  fall: 3,
  initFail: false,
}

/** What a script that answers so, run by run, is taken for after each. */
function play(answers: readonly (number | 'late')[], given: Partial<TrackedScript> = {}) {
  const script = { ...SCRIPT, ...given }
  let now = instant(0)
  let state = startScript(script, now)
  const log: string[] = []
  const told: (boolean | undefined)[] = []
  const step = (event: ScriptEvent) => {
    const next = stepScript(script, state, event, now)
    state = next.state
    for (const effect of next.effects) log.push(effect.type === 'log' ? effect.text : effect.type)
  }
  for (const answer of answers) {
    now = scriptWakeAt(state)!
    step({ type: 'wake' })
    if (answer === 'late') {
      now = scriptWakeAt(state)!
      step({ type: 'wake' })
    } else step({ type: 'ended', status: answer, signal: undefined })
    told.push(state.up)
  }
  return { told, log: log.filter(line => line !== 'run'), now, state: state as ScriptState }
}

describe('a tracked script', () => {
  test('is believed at once the first time, then after rise successes and fall failures in a row', () => {
    assert.deepEqual(play([0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0]).told, [
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ])
    assert.deepEqual(play([1]).told, [false])
  })

  test('with init_fail is down before it has run, and needs its rise', () => {
    assert.equal(startScript({ ...SCRIPT, initFail: true }, instant(0)).up, false)
    assert.deepEqual(play([0, 0], { initFail: true }).told, [false, true])
  })

  test('logs in the words of keepalived', () => {
    assert.deepEqual(play([0, 1, 2, 'late', 0, 0]).log, [
      'VRRP_Script(chk) succeeded',
      'Script `chk` now returning 1',
      'Script `chk` now returning 2',
      'kill',
      'VRRP_Script(chk) timed_out',
      'VRRP_Script(chk) succeeded',
    ])
  })

  test('runs once an interval, counted from start to start', () => {
    assert.equal(play([0, 0, 0]).now, 4000)
    assert.equal(play([0, 'late', 0]).now, 4000)
    assert.equal(play(['late', 0], { timeoutMs: 5000 }).now, 5000)
  })

  test('is not disturbed by early wakes', () => {
    const { state, now } = play([0])
    assert.deepEqual(stepScript(SCRIPT, state, { type: 'wake' }, now), { state, effects: [] })
  })
})
