import type { Ip } from '../../bytes/address.ts'
import type { Names } from './names.ts'
import type { ServiceNames } from './service-names.ts'

/**
 * Names for a parser that is a plain function: it asks `addressOf`, which throws for a host not looked up yet;
 * `resolving` then looks it up and starts the parser again.
 */
export class KnownNames {
  readonly #names: Names
  readonly #addresses = new Map<string, Ip | undefined>()

  constructor(names: Names) {
    this.#names = names
  }

  get services(): ServiceNames {
    return this.#names.services
  }

  addressOf(host: string): Ip | undefined {
    if (!this.#addresses.has(host)) throw new NotLookedUp(host)
    return this.#addresses.get(host)
  }

  async resolving<T>(parse: (names: KnownNames) => T): Promise<T> {
    for (;;) {
      try {
        return parse(this)
      } catch (error) {
        if (!(error instanceof NotLookedUp)) throw error
        this.#addresses.set(error.host, await this.#names.addressOf(error.host))
      }
    }
  }
}

class NotLookedUp extends Error {
  readonly host: string
  constructor(host: string) {
    super(`${host} has not been looked up`)
    this.host = host
  }
}
