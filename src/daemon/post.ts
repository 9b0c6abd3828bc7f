/** The letters on their way out, with those about things that change too often held back (`health/letter.ts`). */
import { CALM, type Damping, type Letter, offerLetter, releaseLetter } from '../health/letter.ts'
import type { Instant } from '../model/time.ts'

export interface PostSurroundings {
  readonly now: () => Instant
  readonly wake: (at: Instant, callback: () => void) => () => void
  readonly mail: (letter: Letter) => void
}

export class Post {
  readonly #world: PostSurroundings
  readonly #dampings = new Map<string, Damping>()
  readonly #wakes = new Map<string, () => void>()

  constructor(world: PostSurroundings) {
    this.#world = world
  }

  /** `about` names what flaps: one server of one service. */
  offer(about: string, letter: Letter): void {
    this.#perform(about, offerLetter(this.#dampings.get(about) ?? CALM, letter, this.#world.now()))
  }

  /** How many letters about this are held now. */
  held(about: string): number {
    return this.#dampings.get(about)?.held?.count ?? 0
  }

  close(): void {
    for (const cancel of this.#wakes.values()) cancel()
    this.#wakes.clear()
  }

  #perform(about: string, { damping, letters }: ReturnType<typeof offerLetter>): void {
    this.#dampings.set(about, damping)
    for (const letter of letters) this.#world.mail(letter)
    const { held } = damping
    if (held === undefined || this.#wakes.has(about)) return
    const cancel = this.#world.wake(held.until, () => {
      this.#wakes.delete(about)
      this.#perform(about, releaseLetter(this.#dampings.get(about) ?? CALM, this.#world.now()))
    })
    this.#wakes.set(about, cancel)
  }
}
