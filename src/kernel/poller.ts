/**
 * Tells when descriptors have something to read, by way of node's own event loop (uv_poll): no thread, no copy.
 *
 * koffi reports readiness from inside libuv, where promises and `nextTick` would not run and a thrown error would have
 * nowhere to go. So a report is only noted there, and worked off in the check phase of the same turn of the loop.
 */
import koffi, { type node } from 'koffi'

interface Watch {
  readonly fd: number
  readonly onReadable: () => void
  readonly handle: node.PollHandle
  due: boolean
  /** libuv gives up a descriptor that has an error pending, such as the overrun of a netlink socket. */
  stopped: boolean
}

const READABLE = { readable: true } as const

export class Poller {
  readonly #watches = new Map<number, Watch>()

  /**
   * Calls `onReadable` whenever there is something to read, an error included. It must read until nothing is left, for it
   * is called again at once otherwise. The descriptor becomes non-blocking; it must be unwatched before it is closed.
   */
  watch(fd: number, onReadable: () => void): void {
    if (this.#watches.has(fd)) throw new Error(`descriptor ${fd} is watched already`)
    const handle = koffi.node.poll(fd, READABLE, this.#reporter(fd))
    this.#watches.set(fd, { fd, onReadable, handle, due: false, stopped: false })
  }

  /** No call of `onReadable` follows this one. */
  unwatch(fd: number): void {
    this.#watches.get(fd)?.handle.close()
    this.#watches.delete(fd)
  }

  /** Watches nothing any more. The descriptors stay open: they belong to their sockets. */
  close(): void {
    for (const fd of [...this.#watches.keys()]) this.unwatch(fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** koffi's types leave out the first argument: libuv's status, negative if it stopped polling. */
  #reporter(fd: number): (event: node.PollEvents) => void {
    const report = (status: number): void => {
      const watch = this.#watches.get(fd)
      if (watch === undefined) return
      if (status < 0) watch.stopped = true
      if (watch.due) return
      watch.due = true
      setImmediate(() => this.#work(watch))
    }
    return report as unknown as (event: node.PollEvents) => void
  }

  #work(watch: Watch): void {
    const watched = () => this.#watches.get(watch.fd) === watch
    if (!watched()) return
    watch.due = false
    try {
      watch.onReadable()
    } finally {
      if (watch.stopped && watched()) {
        watch.stopped = false
        watch.handle.start(READABLE, this.#reporter(watch.fd))
      }
    }
  }
}
