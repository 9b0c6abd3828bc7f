import type { Ip } from '../bytes/address.ts'
import type { Clients } from './clients.ts'
import type { Attempt } from './tally.ts'

/** Requests at a steady pace, from each of the addresses in turn, whatever becomes of the ones before. */
export class Traffic {
  readonly attempts: Attempt[] = []
  #clients: Clients
  #timer: NodeJS.Timeout
  #underWay = new Set<Promise<void>>()

  constructor(clients: Clients, addresses: readonly Ip[], intervalMs: number, timeoutMs: number) {
    this.#clients = clients
    let turn = 0
    this.#timer = setInterval(() => {
      const attempt = this.#attempt(addresses[turn++ % addresses.length]!, timeoutMs)
      this.#underWay.add(attempt)
      void attempt.then(() => this.#underWay.delete(attempt))
    }, intervalMs)
  }

  /** Sends no more; resolves to all attempts once the last has ended. */
  async stop(): Promise<readonly Attempt[]> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
    return this.attempts
  }

  async #attempt(from: Ip, timeoutMs: number): Promise<void> {
    const startedAt = performance.now()
    const outcome = await this.#clients.request(from, { timeoutMs }).then(
      ({ server }) => ({ server }),
      (error: Error) => ({ error: error.message }),
    )
    this.attempts.push({ from, startedAt, endedAt: performance.now(), outcome })
  }
}
