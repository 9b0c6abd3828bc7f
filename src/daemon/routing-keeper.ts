/**
 * Keeps routes and policy rules in the kernel that are to be there, and takes away those of ours that are not. As for
 * addresses, what is ours is noted before it is added.
 */
import { isKernelError } from '../kernel/errors.ts'
import type { ConfiguredRoute } from '../model/vrrp-instance.ts'
import { type Read, readRoute, readRule, type WantedRoute, type WantedRule } from '../reconcile/routing-words.ts'
import type { Note } from './note.ts'

/** What the kernel does for it. Deleting what is not there is no error; adding what is there is. */
export interface RoutingKernel {
  hasRoute(route: WantedRoute): boolean
  addRoute(route: WantedRoute): void
  deleteRoute(route: WantedRoute): void
  hasRule(rule: WantedRule): boolean
  addRule(rule: WantedRule): void
  deleteRule(rule: WantedRule): void
}

export interface WantedRouting {
  readonly routes: readonly ConfiguredRoute[]
  readonly rules: readonly ConfiguredRoute[]
}

export interface RoutingSurroundings {
  readonly kernel: RoutingKernel
  readonly owned: Note<readonly string[]>
  readonly log: (text: string) => void
}

/** Rules that do not say their preference are numbered downward from here, as keepalived does. */
const FIRST_PREFERENCE = 16_384

/** `route 4 default via 10.0.0.1`, `rule 4 16384 from …`: from it the whole can be made again. */
type Key = string

export class RoutingKeeper {
  readonly #world: RoutingSurroundings
  readonly #owned: Set<Key>
  readonly #told = new Set<string>()
  #failures: readonly string[] = []

  constructor(world: RoutingSurroundings) {
    this.#world = world
    this.#owned = new Set(world.owned.read() ?? [])
  }

  get failures(): readonly string[] {
    return this.#failures
  }

  /** The `undecided` stay as they are, be they there or not. */
  keep(desired: WantedRouting, undecided: WantedRouting = { routes: [], rules: [] }): void {
    const wanted = keysOf(desired)
    if (wanted.length === 0 && this.#owned.size === 0) return
    const left = new Set([...wanted, ...keysOf(undecided)])
    const gone = [...this.#owned].filter(key => !left.has(key))
    // Rules go before the routes that they lead to, and come after them.
    for (const key of [...gone].sort().reverse()) this.#remove(key)
    const failures = wanted.flatMap(key => this.#add(key) ?? [])
    for (const failure of failures) {
      if (!this.#told.has(failure)) this.#world.log(failure)
      this.#told.add(failure)
    }
    for (const old of this.#told) if (!failures.includes(old)) this.#told.delete(old)
    this.#failures = failures
    if (gone.length > 0) this.#world.owned.write([...this.#owned])
  }

  /** Nothing is ours any more: the note goes. */
  forget(): void {
    this.#world.owned.remove()
  }

  #add(key: Key): string | undefined {
    const read = parseKey(key)
    if ('problem' in read) return `cannot set ${key}: ${read.problem}`
    if (read.has(this.#world.kernel)) return undefined
    this.#owned.add(key)
    this.#world.owned.write([...this.#owned])
    try {
      read.add(this.#world.kernel)
      return undefined
    } catch (error) {
      if (!isKernelError(error)) throw error
      this.#owned.delete(key)
      return error.code === 'EEXIST' ? undefined : error.message
    }
  }

  #remove(key: Key): void {
    this.#owned.delete(key)
    const read = parseKey(key)
    if ('problem' in read) return
    try {
      read.remove(this.#world.kernel)
    } catch (error) {
      // Its interface or address went before it, and took it along.
      if (!isKernelError(error, 'ESRCH', 'ENOENT', 'ENODEV', 'ENETUNREACH')) throw error
    }
  }
}

interface Kept {
  has(kernel: RoutingKernel): boolean
  add(kernel: RoutingKernel): void
  remove(kernel: RoutingKernel): void
}

function keysOf({ routes, rules }: WantedRouting): readonly Key[] {
  let preference = FIRST_PREFERENCE
  return [
    ...routes.map(({ family, words }) => `route ${family} ${words.join(' ')}`),
    ...rules.map(({ family, words }) => {
      const own = words.some(word => word === 'preference' || word === 'priority' || word === 'pref')
      return `rule ${family} ${own ? 0 : preference--} ${words.join(' ')}`
    }),
  ]
}

function parseKey(key: Key): Kept | { readonly problem: string } {
  const [kind, family, ...words] = key.split(' ')
  const six = family === '6' ? 6 : 4
  if (kind === 'route') {
    const read: Read<WantedRoute> = readRoute(words, six)
    if ('problem' in read) return read
    const { value } = read
    return {
      has: kernel => kernel.hasRoute(value),
      add: kernel => kernel.addRoute(value),
      remove: kernel => kernel.deleteRoute(value),
    }
  }
  const [preference, ...rest] = words
  const read = readRule(rest, six, Number(preference))
  if ('problem' in read) return read
  const { value } = read
  return {
    has: kernel => kernel.hasRule(value),
    add: kernel => kernel.addRule(value),
    remove: kernel => kernel.deleteRule(value),
  }
}
