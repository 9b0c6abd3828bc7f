/** Where a scene of the show plays: the cluster, its clients, the watch on the segment, and the screen to say it on. */
import type { Ip } from '../bytes/address.ts'
import type { Clients } from './clients.ts'
import type { Cluster } from './cluster.ts'
import type { Crew } from './crew.ts'
import type { Screen } from './screen.ts'
import type { SegmentWatch } from './segment-watch.ts'
import { CLIENT_ADDRESSES } from './topology.ts'
import { CheckFailed, until } from './until.ts'

export interface Measured {
  /** The line, if more is known now than was before. */
  readonly text?: string
  /** What was measured, if it is not how long the check took. */
  readonly ms?: number
  /** What protocol and configuration imply; more is a failure. */
  readonly boundMs?: number
}

/** What timers and processes of a busy machine may add to what is implied. */
const LATENESS_MS = 500

export class Stage {
  readonly cluster: Cluster
  readonly crew: Crew
  readonly clients: Clients
  readonly watch: SegmentWatch
  readonly screen: Screen
  readonly signal: AbortSignal
  #addressesUsed = 0

  constructor(
    cluster: Cluster,
    crew: Crew,
    clients: Clients,
    watch: SegmentWatch,
    screen: Screen,
    signal: AbortSignal,
  ) {
    this.cluster = cluster
    this.crew = crew
    this.clients = clients
    this.watch = watch
    this.screen = screen
    this.signal = signal
  }

  /** Client addresses that have not asked for anything yet: strangers to every director. */
  freshAddresses(count: number): Ip[] {
    if (this.#addressesUsed + count > CLIENT_ADDRESSES.length)
      throw new RangeError('there are no more client addresses')
    const from = this.#addressesUsed
    this.#addressesUsed += count
    return CLIENT_ADDRESSES.slice(from, from + count)
  }

  /** Checks one thing and says on one line how it went. True if it passed; only an interrupt throws. */
  async check(text: string, act: () => Promise<Measured | undefined>): Promise<boolean> {
    const startedAt = performance.now()
    try {
      const measured = await act()
      const ms = measured?.ms ?? performance.now() - startedAt
      const passed = measured?.boundMs === undefined || ms <= measured.boundMs + LATENESS_MS
      this.screen.check(passed, measured?.text ?? text, ms, measured?.boundMs)
      return passed
    } catch (error) {
      this.signal.throwIfAborted()
      this.screen.check(false, text, performance.now() - startedAt)
      this.screen.notice(error instanceof CheckFailed ? error.message : String(error))
      return false
    }
  }

  /** Waits, shown on the screen, until `ask` answers something else than undefined. Throws CheckFailed after `withinMs`. */
  until<T>(what: string, withinMs: number, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    return until(this, what, withinMs, () => {
      this.#expectAlive()
      return ask()
    })
  }

  /** What has ended by itself will not do what is waited for. */
  #expectAlive(): void {
    for (const service of [...Object.values(this.crew.directors), ...Object.values(this.crew.webServers)])
      if (service.failed) throw new CheckFailed(`${service.host.plan.name} has ended: ${service.host.lastWords()}`)
  }
}

/** Throws CheckFailed with `otherwise` unless `condition` holds. */
export function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new CheckFailed(otherwise)
}
