import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { type Instant, instant } from '../model/time.ts'
import { type Announcement, AnnouncementQueue } from './announcement-queue.ts'

/** The queue with a clock that is turned by hand; `sent` says when what went out. */
function clockwork(): { queue: AnnouncementQueue; sent: string[]; run: (untilMs: number) => void } {
  let now: Instant = instant(0)
  const sent: string[] = []
  const wishes = new Set<{ readonly at: Instant; readonly callback: () => void }>()
  const queue = new AnnouncementQueue({
    now: () => now,
    wake: (at, callback) => {
      const wish = { at, callback }
      wishes.add(wish)
      return () => void wishes.delete(wish)
    },
    send: ({ interface: name, address }) => sent.push(`${now} ${name} ${address}`),
  })
  const run = (untilMs: number) => {
    for (;;) {
      const [next] = [...wishes].filter(({ at }) => at <= untilMs).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      wishes.delete(next)
      now = next.at
      next.callback()
    }
    now = instant(untilMs)
  }
  return { queue, sent, run }
}

function announcement(host: number, pauseMs: number, name = 'eth0', instance = 'VI_1'): Announcement {
  return { instance, interface: name, queue: name, address: ip(`10.0.0.${host}`), pauseMs }
}

test('AnnouncementQueue without a pause sends all at once', () => {
  const { queue, sent } = clockwork()
  queue.push([announcement(1, 0), announcement(2, 0), announcement(1, 0)])
  assert.deepEqual(sent, ['0 eth0 10.0.0.1', '0 eth0 10.0.0.2', '0 eth0 10.0.0.1'])
})

test('AnnouncementQueue keeps the pause on each interface for itself', () => {
  const { queue, sent, run } = clockwork()
  queue.push([announcement(1, 100), announcement(2, 100), announcement(3, 100, 'eth1')])
  run(50)
  queue.push([announcement(4, 100)])
  run(1000)
  assert.deepEqual(sent, ['0 eth0 10.0.0.1', '0 eth1 10.0.0.3', '100 eth0 10.0.0.2', '200 eth0 10.0.0.4'])
})

test('AnnouncementQueue forgets what an instance has lost', () => {
  const { queue, sent, run } = clockwork()
  queue.push([announcement(1, 100), announcement(2, 100, 'eth0', 'VI_2'), announcement(3, 100)])
  queue.drop('VI_1')
  run(1000)
  assert.deepEqual(sent, ['0 eth0 10.0.0.1', '100 eth0 10.0.0.2'])
})
