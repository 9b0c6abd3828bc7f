/**
 * Announcements on their way to the interfaces: at once, or with the pause between two of them that `vrrp_garp_interval`
 * asks for, so that a switch is not flooded by a machine that takes hundreds of addresses over.
 */
import type { Ip } from '../bytes/address.ts'
import { after, type Instant } from '../model/time.ts'

export interface Announcement {
  /** Whose address it is: what is still waiting is dropped with `drop` when it is so no more. */
  readonly instance: string
  readonly interface: string
  /** Announcements of one queue wait for each other. */
  readonly queue: string
  readonly address: Ip
  readonly pauseMs: number
}

export interface QueueSurroundings {
  readonly now: () => Instant
  readonly wake: (at: Instant, callback: () => void) => () => void
  readonly send: (announcement: Announcement) => void
}

interface Line {
  waiting: Announcement[]
  /** When the next may go. */
  freeAt: Instant
  cancelWake: () => void
}

export class AnnouncementQueue {
  readonly #world: QueueSurroundings
  /** By queue. */
  readonly #lines = new Map<string, Line>()

  constructor(world: QueueSurroundings) {
    this.#world = world
  }

  push(announcements: readonly Announcement[]): void {
    const touched = new Set<Line>()
    for (const announcement of announcements) {
      const line = this.#line(announcement.queue)
      line.waiting.push(announcement)
      touched.add(line)
    }
    for (const line of touched) this.#advance(line)
  }

  drop(instance: string): void {
    for (const line of this.#lines.values())
      line.waiting = line.waiting.filter(announcement => announcement.instance !== instance)
  }

  #advance(line: Line): void {
    line.cancelWake()
    const now = this.#world.now()
    while (line.waiting.length > 0 && line.freeAt <= now) {
      const announcement = line.waiting.shift()!
      line.freeAt = after(now, announcement.pauseMs)
      this.#world.send(announcement)
    }
    if (line.waiting.length > 0) line.cancelWake = this.#world.wake(line.freeAt, () => this.#advance(line))
  }

  #line(name: string): Line {
    const line = this.#lines.get(name) ?? { waiting: [], freeAt: this.#world.now(), cancelWake: () => {} }
    this.#lines.set(name, line)
    return line
  }
}
