/**
 * Connections that wait for the next probe of the same target, each for its own time at most. Who takes one up again has
 * it for himself; who finds none opens another.
 */
export interface Idle {
  close(): void
}

export class IdleConnections<C extends Idle> {
  readonly #waiting = new Map<string, { readonly connection: C; readonly timer: NodeJS.Timeout }[]>()

  put(key: string, connection: C, idleMs: number): void {
    const timer = setTimeout(() => {
      this.forget(key, connection)
      connection.close()
    }, idleMs)
    // No process lives on for a connection that nobody uses.
    timer.unref()
    const others = this.#waiting.get(key) ?? []
    this.#waiting.set(key, [...others, { connection, timer }])
  }

  /** The one that waited the shortest, if there is any. */
  take(key: string): C | undefined {
    const last = this.#waiting.get(key)?.at(-1)
    if (last !== undefined) this.forget(key, last.connection)
    return last?.connection
  }

  /** It is not open any more, or is in use again. */
  forget(key: string, connection: C): void {
    const waiting = this.#waiting.get(key) ?? []
    const rest = waiting.filter(one => one.connection !== connection)
    for (const one of waiting) if (one.connection === connection) clearTimeout(one.timer)
    if (rest.length > 0) this.#waiting.set(key, rest)
    else this.#waiting.delete(key)
  }

  get size(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0)
  }
}
