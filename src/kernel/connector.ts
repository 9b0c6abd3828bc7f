/**
 * TCP connections of which only the coming about matters: thousands of checks a second, each five system calls. Node's own
 * sockets bring streams along, which cost several times as much.
 *
 * One epoll instance waits for all of them, and node's event loop for that one descriptor. Nothing is allocated for a
 * connection but what it takes to remember it: rubbish would cost as much as the calls.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import type { KernelError } from './errors.ts'
import { call, connect, epoll_create1, epoll_ctl, epoll_wait, errno, getsockopt, refused } from './libc.ts'
import { Poller } from './poller.ts'
import { openStreamSocket, type SocketWishes, type Source } from './probe-socket.ts'
import { encodeSocketAddress, SO_ERROR, SOL_SOCKET } from './socket.ts'

export interface Endpoints extends SocketWishes {
  readonly address: Ip
  readonly port: number
  readonly source: Source
}

/** Endpoints, and the far one as the kernel wants it, made once for many connections. */
export interface Route {
  readonly endpoints: Endpoints
  readonly name: Uint8Array
}

export function routeTo(endpoints: Endpoints): Route {
  return { endpoints, name: encodeSocketAddress(endpoints.address, endpoints.port) }
}

type OnEnd = (error: KernelError | undefined) => void

const EPOLL_CTL_ADD = 1
const EPOLLOUT = 4
const EPOLLERR = 8
const EPOLLHUP = 16
const EPOLL_CLOEXEC = 0o2000000
const { EINPROGRESS, EINTR } = constants.errno

/**
 * struct epoll_event: 32 bits of events, 64 of our own, here the descriptor. Packed on x86-64 alone.
 */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16
const DATA = EVENT_BYTES - 8
const BATCH = 256

export class Connector {
  readonly #epoll = call('open an epoll instance', epoll_create1(EPOLL_CLOEXEC))
  readonly #poller = new Poller()
  readonly #waiting = new Map<number, OnEnd>()
  readonly #event = new Uint8Array(EVENT_BYTES)
  readonly #eventView = viewOf(this.#event)
  readonly #events = new Uint8Array(EVENT_BYTES * BATCH)
  readonly #eventsView = viewOf(this.#events)
  readonly #error = new Int32Array(1)
  readonly #length = Uint32Array.of(4)

  constructor() {
    this.#eventView.setUint32(0, EPOLLOUT, true)
  }

  /**
   * Begins a connection and tells once what became of it; it is closed by then. The result is for `giveUp`. Throws what the
   * kernel refuses at once.
   */
  connect(route: Route, onEnd: OnEnd): number {
    const { endpoints } = route
    const fd = openStreamSocket(ipFamily(endpoints.address), endpoints, endpoints.source)
    try {
      this.#begin(fd, route)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    // Only while something is awaited: the process may end when nothing is.
    if (this.#waiting.size === 0) this.#poller.watch(this.#epoll, () => this.#collect())
    this.#waiting.set(fd, onEnd)
    return fd
  }

  /** Nothing is told of it any more. It does no harm when it has ended; its number may be another's by then. */
  giveUp(connection: number, onEnd: OnEnd): void {
    if (this.#waiting.get(connection) === onEnd) this.#close(connection)
  }

  #begin(fd: number, { endpoints, name }: Route): void {
    // Even one that stands at once is reported by epoll, in its turn.
    if (connect(fd, name, name.length) === -1 && errno() !== EINPROGRESS)
      throw refused(`connect to ${endpoints.address}`, errno())
    this.#eventView.setUint32(DATA, fd, true)
    call('wait for a connection', epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#event))
  }

  #collect(): void {
    for (;;) {
      const count = epoll_wait(this.#epoll, this.#events, BATCH, 0)
      if (count === -1 && errno() !== EINTR) throw refused('hear of connections', errno())
      // The ends first: what is told may open sockets with the numbers of those that are closed.
      const ends: OnEnd[] = []
      const errors: (KernelError | undefined)[] = []
      for (let i = 0; i < count; i++) {
        const fd = this.#eventsView.getUint32(i * EVENT_BYTES + DATA, true)
        const onEnd = this.#waiting.get(fd)
        if (onEnd === undefined) continue
        errors.push(this.#errorOf(fd, this.#eventsView.getUint32(i * EVENT_BYTES, true)))
        ends.push(onEnd)
        this.#close(fd)
      }
      for (const [i, onEnd] of ends.entries()) onEnd(errors[i])
      if (count < BATCH) return
    }
  }

  #close(fd: number): void {
    this.#waiting.delete(fd)
    closeSync(fd)
    if (this.#waiting.size === 0) this.#poller.unwatch(this.#epoll)
  }

  #errorOf(fd: number, events: number): KernelError | undefined {
    if ((events & (EPOLLERR | EPOLLHUP)) === 0) return undefined
    call('read how a connection ended', getsockopt(fd, SOL_SOCKET, SO_ERROR, this.#error, this.#length))
    const number = this.#error[0]!
    return number === 0 ? undefined : refused('connect', number)
  }
}
