/**
 * Keeps the virtual addresses on the interfaces that are to be there, and takes away those of ours that are not.
 *
 * What is ours is noted before it is added and struck out after it was removed, so that whoever comes after a crash
 * knows it from what others put there.
 */
import { isKernelError, type KernelError } from '../kernel/errors.ts'
import { addressKey, type HeldAddress, type PlacedAddress, planAddresses } from '../reconcile/addresses.ts'
import type { ElectionNetwork } from './election-network.ts'
import type { Note } from './note.ts'

export interface KeeperSurroundings {
  readonly network: Pick<ElectionNetwork, 'held' | 'add' | 'remove'>
  /** The keys of the addresses that we put on interfaces. */
  readonly owned: Note<readonly string[]>
  readonly log: (text: string) => void
}

export class AddressKeeper {
  readonly #world: KeeperSurroundings
  readonly #owned: Set<string>
  #failures: readonly string[] = []

  constructor(world: KeeperSurroundings) {
    this.#world = world
    this.#owned = new Set(world.owned.read() ?? [])
  }

  /** What the kernel refused the last time, in sentences. */
  get failures(): readonly string[] {
    return this.#failures
  }

  /** The `undecided` stay as they are, be they there or not. */
  keep(desired: readonly PlacedAddress[], undecided: readonly HeldAddress[] = []): void {
    const left = new Set(undecided.map(addressKey))
    const operations = planAddresses(desired, this.#world.network.held(), this.#owned).filter(
      ({ type, address }) => type === 'add' || !left.has(addressKey(address)),
    )
    const failures: string[] = []
    if (operations.length > 0) {
      for (const { type, address } of operations) if (type === 'add') this.#owned.add(addressKey(address))
      this.#world.owned.write([...this.#owned])
      for (const operation of operations) {
        const failure = operation.type === 'add' ? this.#add(operation.address) : this.#remove(operation.address)
        if (failure !== undefined) failures.push(failure.message)
      }
      this.#world.owned.write([...this.#owned])
    }
    for (const failure of failures) if (!this.#failures.includes(failure)) this.#world.log(failure)
    this.#failures = failures
  }

  /** The keys of the addresses that somebody else put on the interfaces. */
  foreign(): ReadonlySet<string> {
    return new Set(
      this.#world.network
        .held()
        .map(addressKey)
        .filter(key => !this.#owned.has(key)),
    )
  }

  /** Nothing is ours any more: the note goes. */
  forget(): void {
    this.#world.owned.remove()
  }

  #add(address: PlacedAddress): KernelError | undefined {
    try {
      this.#world.network.add(address)
    } catch (error) {
      if (!isKernelError(error)) throw error
      this.#owned.delete(addressKey(address))
      if (!isKernelError(error, 'EEXIST')) return error
    }
    return undefined
  }

  #remove(address: HeldAddress): KernelError | undefined {
    try {
      this.#world.network.remove(address)
    } catch (error) {
      if (!isKernelError(error)) throw error
      const { code } = error
      if (code !== 'EADDRNOTAVAIL' && code !== 'ENODEV') return error
    }
    this.#owned.delete(addressKey(address))
    return undefined
  }
}
