import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TrackedProcess } from '../model/script.ts'
import { type Instant, instant } from '../model/time.ts'
import { matchProcess } from './match-process.ts'
import { countProcesses, type ProcessStep, processWakeAt, startProcess, wakeProcess } from './process.ts'

const HTTPD: TrackedProcess = {
  name: 'httpd',
  command: 'httpd',
  parameters: undefined,
  match: 'exact',
  fullCommand: false,
  weight: 0,
  reverse: false,
  quorum: 1,
  quorumMax: undefined,
  forkDelayMs: 0,
  terminateDelayMs: 0,
  restart: undefined,
  restartGraceMs: 5000,
}
const RESTART = { argv: ['/bin/systemctl', 'restart', 'httpd'], user: undefined, group: undefined }

/** Plays counts at their moments; tells `up` and what was done at each moment at which something happened. */
function play(process: TrackedProcess, counts: readonly (readonly [number, number])[], until: number) {
  const story: string[] = []
  const [[, first] = [0, 0], ...rest] = counts
  let now: Instant = instant(0)
  let step: ProcessStep = startProcess(process, first, now)
  const tell = (before: boolean | undefined) => {
    const done = step.effects.flatMap(effect => (effect.type === 'restart' ? ['restart'] : []))
    if (before !== step.state.up) done.push(step.state.up ? 'up' : 'down')
    if (done.length > 0) story.push(`${now} ${done.join(' ')}`)
  }
  tell(undefined)
  for (const [at, count] of [...rest, [until, -1] as const]) {
    for (let due = processWakeAt(step.state); due !== undefined && due <= at; due = processWakeAt(step.state)) {
      now = due
      const { up } = step.state
      step = wakeProcess(process, step.state, now)
      tell(up)
    }
    if (count < 0) continue
    now = instant(at)
    const { up } = step.state
    step = countProcesses(process, step.state, count, now)
    tell(up)
  }
  return story
}

describe('a tracked process', () => {
  test('is up while its quorum runs, and no more than its maximum', () => {
    assert.deepEqual(
      play(
        { ...HTTPD, quorum: 2, quorumMax: 3 },
        [
          [0, 1],
          [1, 2],
          [2, 3],
          [3, 4],
          [4, 3],
        ],
        10,
      ),
      ['0 down', '1 up', '3 down', '4 up'],
    )
  })

  test('counts as up and down after its delays, and not at all if it returns sooner', () => {
    const slow = { ...HTTPD, forkDelayMs: 100, terminateDelayMs: 200 }
    assert.deepEqual(
      play(
        slow,
        [
          [0, 1],
          [10, 0],
          [150, 1],
          [300, 0],
          [600, 1],
        ],
        1000,
      ),
      ['0 up', '500 down', '700 up'],
    )
  })

  test('that is restarted in time was never down', () => {
    assert.deepEqual(
      play(
        { ...HTTPD, restart: RESTART },
        [
          [0, 1],
          [1000, 0],
          [1800, 1],
        ],
        20_000,
      ),
      ['0 up', '1000 restart'],
    )
  })

  test('that stays dead goes down after the grace, is tried again, and is up when it is back', () => {
    assert.deepEqual(
      play(
        { ...HTTPD, restart: RESTART },
        [
          [0, 1],
          [1000, 0],
          [12_000, 1],
        ],
        30_000,
      ),
      ['0 up', '1000 restart', '6000 restart down', '11000 restart', '12000 up'],
    )
  })

  test('that is not there at start is down, and started', () => {
    assert.deepEqual(
      play(
        { ...HTTPD, restart: RESTART },
        [
          [0, 0],
          [400, 1],
        ],
        9000,
      ),
      ['0 restart down', '400 up'],
    )
  })

  test('says how many there are in the words of keepalived', () => {
    const { effects } = countProcesses(HTTPD, startProcess(HTTPD, 1, instant(0)).state, 0, instant(1))
    const text = 'Process httpd, number of current processes changed from 1 to 0, quorum down'
    assert.deepEqual(effects, [{ type: 'log', text }])
  })
})

describe('matchProcess()', () => {
  const seen = { name: 'a-very-long-nam', argv: ['/usr/sbin/a-very-long-name', '-f', '/etc/x.conf'] }
  const long = { ...HTTPD, command: 'a-very-long-name' }
  for (const [what, tracked, expected] of [
    ['a name the kernel has cut', long, true],
    ['another name', HTTPD, false],
    ['the whole path', { ...long, fullCommand: true, command: '/usr/sbin/a-very-long-name' }, true],
    ['less than the whole path', { ...long, fullCommand: true }, false],
    ['all its parameters', { ...long, parameters: ['-f', '/etc/x.conf'] }, true],
    ['some of its parameters', { ...long, parameters: ['-f'] }, false],
    ['its first parameters', { ...long, parameters: ['-f'], match: 'initial' }, true],
    ['the beginning of a parameter', { ...long, parameters: ['-f', '/etc'], match: 'partial' }, true],
  ] as const)
    test(what, () => assert.equal(matchProcess(tracked, seen), expected))
})
