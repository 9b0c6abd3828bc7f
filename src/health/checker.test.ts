import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, type Instant, instant } from '../model/time.ts'
import type { Checker } from '../model/virtual-server.ts'
import { type CheckerEffect, type CheckerState, checkerWakeAt, startChecker, stepChecker } from './checker.ts'
import type { ProbeEvent } from './conversation.ts'
import { subjectOf } from './names.ts'
import { httpChecker, httpPage, miscChecker, realServer, tcpChecker, virtualServer } from './samples.ts'

/** One checker in virtual time, with a target that is a function of what was written to it. */
class Trial {
  now: Instant = instant(0)
  state: CheckerState
  readonly said: string[] = []
  readonly #checker: Checker
  #pending: ProbeEvent[] = []
  readonly #target: (request: string) => readonly ProbeEvent[]

  constructor(checker: Checker, target: (request: string) => readonly ProbeEvent[]) {
    this.#checker = checker
    this.#target = target
    this.state = startChecker(checker, this.now, 0)
  }

  run(ms: number): readonly string[] {
    this.said.length = 0
    const end = after(this.now, ms)
    while (checkerWakeAt(this.state) <= end) {
      this.now = instant(Math.max(this.now, checkerWakeAt(this.state)))
      this.#step({ type: 'wake' })
      for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift()) this.#step(event)
    }
    this.now = end
    return [...this.said]
  }

  #step(event: Parameters<typeof stepChecker>[2]): void {
    const subject = subjectOf(virtualServer(), realServer(), this.#checker)
    const { state, effects } = stepChecker(subject, this.state, event, this.now)
    this.state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: CheckerEffect): void {
    const at = `${this.now / 1000}`
    if (effect.type === 'open') {
      this.#pending = effect.channel.kind === 'process' ? [...this.#target('')] : [{ type: 'connected' }]
      if (effect.channel.kind === 'process') this.said.push(`${at} run`)
    } else if (effect.type === 'write') {
      const request = Buffer.from(effect.bytes).toString()
      this.said.push(`${at} ${/^\S+ \S+/.exec(request)?.[0]}`)
      this.#pending.push(...this.#target(request))
    } else if (effect.type === 'close') this.#pending = []
    else if (effect.type === 'verdict')
      this.said.push(`${at} ${effect.up ? 'up' : 'down'} ${effect.weight ?? ''}`.trim())
    else if (effect.type === 'log') this.said.push(`${at} ${effect.text}`)
  }
}

function page(status: number): readonly ProbeEvent[] {
  return [{ type: 'data', bytes: Buffer.from(`HTTP/1.0 ${status} X\r\nContent-Length: 0\r\n\r\n`) }]
}

const SCHEDULE = { ...tcpChecker().schedule, intervalMs: 5000, retries: 0, warmupMs: 0 }
const PAGES = [httpPage({ path: '/a' }), httpPage({ path: '/b' }), httpPage({ path: '/c' })]

test('stepChecker() asks for one page at an interval, and the one that failed once more before all of them', () => {
  let sick = ''
  const checker = httpChecker({ schedule: SCHEDULE, pages: PAGES })
  const trial = new Trial(checker, request => page(sick !== '' && request.includes(sick) ? 500 : 200))
  const rs = '[192.168.41.31]:tcp:80'
  assert.deepEqual(trial.run(11_000), [
    '1 GET /a',
    '6 GET /b',
    '11 GET /c',
    '11 up',
    `11 Remote Web server ${rs} succeed on service.`,
  ])
  sick = '/b'
  assert.deepEqual(trial.run(10_000), ['16 GET /a', '21 GET /b', `21 HTTP_CHECK on service ${rs} failed.`, '21 down'])
  assert.equal(trial.state.lastError, 'status 500 of /b')
  sick = ''
  assert.deepEqual(
    trial.run(20_000).filter(text => !text.includes('Remote')),
    [
      '26 GET /b',
      `26 HTTP status code success to ${rs} url(/b)`,
      '31 GET /a',
      `31 HTTP status code success to ${rs} url(/a)`,
      '36 GET /b',
      `36 HTTP status code success to ${rs} url(/b)`,
      '41 GET /c',
      `41 HTTP status code success to ${rs} url(/c)`,
      '41 up',
    ],
  )
})

test('stepChecker() asks for all pages at once with fast_recovery, while it is down', () => {
  const checker = httpChecker({ schedule: { ...SCHEDULE, alpha: true }, pages: PAGES, fastRecovery: true })
  const trial = new Trial(checker, () => page(204))
  assert.deepEqual(
    trial.run(7000).filter(text => /GET|up/.test(text)),
    ['1 GET /a', '1 GET /b', '1 GET /c', '1 up', '6 GET /a'],
  )
})

test('stepChecker() logs each failing attempt in keepalived words if it is told to', () => {
  const checker = httpChecker({ schedule: { ...SCHEDULE, logAllFailures: true } })
  const rs = '[192.168.41.31]:tcp:80'
  assert.deepEqual(new Trial(checker, () => page(404)).run(1000), [
    '1 GET /',
    `1 HTTP status code error to server ${rs}.`,
    `1 HTTP_CHECK on service ${rs} failed.`,
    '1 down',
  ])
})

test('stepChecker() takes weights from a program, and keeps the last one on exit code 0', () => {
  let status = 12
  const checker = miscChecker({ schedule: SCHEDULE, dynamic: true })
  const trial = new Trial(checker, () => [{ type: 'exited', status, signal: undefined }])
  const by = 'Misc check for [[192.168.41.31]:tcp:80 VS [192.168.41.249]:tcp:80] by [/bin/true]'
  assert.deepEqual(trial.run(1000), ['1 run', '1 up 10', `1 ${by} succeeded.`])
  status = 0
  assert.deepEqual(trial.run(5000), ['6 run'])
  status = 2
  assert.deepEqual(trial.run(5000), ['11 run', '11 up 0'])
  status = 1
  assert.deepEqual(trial.run(5000), ['16 run', `16 ${by} failed (exited with status 1).`, '16 down 0'])
})

test('stepChecker() holds nothing against a target when it is this machine that lacks something', () => {
  const checker = miscChecker({ schedule: SCHEDULE })
  const trial = new Trial(checker, () => [{ type: 'refused', cause: 'no more descriptors', ours: true }])
  const [first, said, ...rest] = trial.run(9000)
  assert.equal(first, '1 run')
  assert.equal(
    said,
    '1 MISC_CHECK on service [192.168.41.31]:tcp:80 cannot be made: no more descriptors. Rescheduling.',
  )
  // Three to six seconds later, at random: many servers meet the same lack.
  assert.match(rest.join(), /^([4-6](\.\d+)?) run(,|$)/)
  assert.deepEqual([trial.state.up, trial.state.proved, trial.state.lastError], [true, false, 'no more descriptors'])
})
