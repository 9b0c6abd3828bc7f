/**
 * Interfaces that must be down, or up again, for a while before that counts (`interface_up_down_delays`): a cable that is
 * replugged, or a switch that restarts its port, moves no address.
 */
import type { InterfaceDelay } from '../model/configuration.ts'
import { after, type Instant } from '../model/time.ts'

export interface LinkSurroundings {
  readonly now: () => Instant
  readonly wake: (at: Instant, callback: () => void) => () => void
  /** An interface has been otherwise for long enough: `settle` says so now. */
  readonly onChange: () => void
}

interface Known {
  up: boolean
  /** While the kernel says otherwise: when that counts. */
  changeAt: Instant | undefined
  cancel: () => void
}

export class SteadyLinks {
  readonly #world: LinkSurroundings
  readonly #known = new Map<string, Known>()
  #delays: ReadonlyMap<string, InterfaceDelay> = new Map()

  constructor(world: LinkSurroundings) {
    this.#world = world
  }

  configure(delays: readonly InterfaceDelay[]): void {
    this.#delays = new Map(delays.map(delay => [delay.interface, delay]))
  }

  /** Whether it counts as up, given what the kernel says now. */
  settle(name: string, up: boolean): boolean {
    const delay = this.#delays.get(name)
    if (delay === undefined) return up
    const known = this.#known.get(name)
    if (known === undefined) {
      this.#known.set(name, { up, changeAt: undefined, cancel: () => {} })
      return up
    }
    if (known.up === up) {
      known.cancel()
      known.changeAt = undefined
    } else if (known.changeAt === undefined) {
      known.changeAt = after(this.#world.now(), up ? delay.upMs : delay.downMs)
      known.cancel = this.#world.wake(known.changeAt, this.#world.onChange)
    }
    if (known.changeAt !== undefined && known.changeAt <= this.#world.now()) {
      known.up = up
      known.changeAt = undefined
    }
    return known.up
  }

  close(): void {
    for (const { cancel } of this.#known.values()) cancel()
  }
}
