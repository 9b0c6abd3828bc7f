/** What the checkers' loop runs in here: virtual time, servers that are well or not, a table in memory, and a record of all news. */
import { MemoryTable } from '../../../src/balancer/memory-table.ts'
import type { Surroundings } from '../../../src/daemon/checkers.ts'
import type { OwnedNames } from '../../../src/daemon/owned-names.ts'
import type { Channel } from '../../../src/health/channel.ts'
import type { ProbeEvent } from '../../../src/health/conversation.ts'
import { after, type Instant, instant } from '../../../src/model/time.ts'
import type { Random } from '../random.ts'

export type Behaviour = 'answers' | 'refuses' | 'hangs' | 'cannot be asked'

interface Wish {
  readonly at: Instant
  readonly callback: () => void
}

export class World implements Surroundings {
  readonly table: MemoryTable = new MemoryTable()
  /** By `ADDRESS:PORT`; who is not here answers. */
  readonly behaviours: Map<string, Behaviour> = new Map()
  /** The exit status of every program. */
  status = 0
  /** Addresses that are on this machine. */
  readonly here: Set<string> = new Set()
  /** Endpoints that were found well since this daemon, or one whose table it took over, started. */
  readonly proved: Set<string> = new Set()
  readonly lines: string[] = []
  readonly letters: { readonly at: Instant; readonly life: number; readonly subject: string }[] = []
  #life = 0
  ran = 0
  openChannels = 0
  readonly #random: Random
  #now: Instant = instant(1000)
  #wishes = new Set<Wish>()
  #owned: OwnedNames | undefined
  #drained: readonly string[] | undefined
  #number: ((value: number) => void) | undefined

  constructor(random: Random) {
    this.#random = random
  }

  readonly now = (): Instant => this.#now
  readonly random = (): number => this.#random.next()
  readonly log = (): void => {}
  readonly wallClockMs = (moment: Instant): number => moment
  readonly holds = (address: string): boolean => this.here.has(address)
  readonly soon = (callback: () => void): void => void this.wake(this.#now, callback)

  readonly wake = (at: Instant, callback: () => void): (() => void) => {
    const wish = { at, callback }
    this.#wishes.add(wish)
    return () => void this.#wishes.delete(wish)
  }

  readonly follow: Surroundings['follow'] = (_, onValue) => {
    this.#number = onValue
    return { value: 0, close: () => {} }
  }

  /** What the tracked file says from now on. */
  writeNumber(value: number): void {
    this.#number?.(value)
  }

  readonly owned: Surroundings['owned'] = {
    read: () => this.#owned,
    write: names => {
      this.#owned = names
    },
    remove: () => {
      this.#owned = undefined
    },
  }

  readonly drained: Surroundings['drained'] = {
    read: () => this.#drained,
    write: names => {
      this.#drained = names
    },
    remove: () => {
      this.#drained = undefined
    },
  }

  readonly outlets: Surroundings['outlets'] = {
    configure: () => {},
    run: () => void this.ran++,
    line: text => void this.lines.push(text),
    mail: ({ subject }) => void this.letters.push({ at: this.#now, life: this.#life, subject }),
    close: () => {},
  }

  readonly open: Surroundings['open'] = (channel, _, report) => {
    this.openChannels++
    const { afterMs, event } = this.#answer(channel)
    const cancel =
      event === undefined
        ? () => {}
        : this.wake(after(this.#now, afterMs), () => {
            if (event.type === 'connected' && channel.kind === 'connection')
              this.proved.add(`${channel.target.address}:${channel.target.port}`)
            report(event)
          })
    let open = true
    return {
      write: () => {},
      close: () => {
        if (open) this.openChannels--
        open = false
        cancel()
      },
    }
  }

  /** Time passes; callbacks come at their moments, or after a leap all at once, in their order. */
  run(ms: number, leapMs = 0): void {
    const end = after(this.#now, ms + leapMs)
    this.#now = after(this.#now, leapMs)
    for (;;) {
      let next: Wish | undefined
      for (const wish of this.#wishes) if (next === undefined || wish.at < next.at) next = wish
      if (next === undefined || next.at > end) break
      this.#wishes.delete(next)
      this.#now = instant(Math.max(this.#now, next.at))
      next.callback()
    }
    this.#now = instant(Math.max(this.#now, end))
  }

  /** The process is gone, with all it knew; table and notes are not. */
  crash(): void {
    this.#wishes = new Set()
    this.openChannels = 0
    this.#life++
    this.lines.push('crash')
  }

  #answer(channel: Channel): { readonly afterMs: number; readonly event: ProbeEvent | undefined } {
    const afterMs = this.#random.between(0, 40)
    if (channel.kind === 'process')
      return { afterMs, event: { type: 'exited', status: this.status, signal: undefined } }
    if (channel.kind !== 'connection') throw new Error(`no ${channel.kind} here`)
    switch (this.behaviours.get(`${channel.target.address}:${channel.target.port}`)) {
      case 'refuses':
        return { afterMs, event: { type: 'refused', cause: 'connection refused' } }
      case 'hangs':
        return { afterMs, event: undefined }
      case 'cannot be asked':
        return { afterMs, event: { type: 'refused', cause: 'no descriptors', ours: true } }
      default:
        return { afterMs, event: { type: 'connected' } }
    }
  }
}
