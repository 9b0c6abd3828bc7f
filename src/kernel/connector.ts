/**
 * TCP connections of which only the coming about matters: thousands of checks a second, each a handful of system calls.
 * Node's own sockets bring streams along, which cost several times as much.
 *
 * One epoll instance waits for all of them, and node's event loop for that one descriptor.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, ip, ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import type { KernelError } from './errors.ts'
import { bind, call, connect, epoll_create1, epoll_ctl, epoll_wait, errno, getsockopt, refused } from './libc.ts'
import { Poller } from './poller.ts'
import { openStreamSocket, type SocketWishes } from './probe-socket.ts'
import { encodeSocketAddress, SO_ERROR, SOL_SOCKET } from './socket.ts'

export interface Endpoints extends SocketWishes {
  readonly address: Ip
  readonly port: number
  /** Undefined: whichever fits; 0: any port. */
  readonly source: Ip | undefined
  readonly sourcePort: number
}

const EPOLL_CTL_ADD = 1
const EPOLLOUT = 4
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
  readonly #waiting = new Map<number, (error: KernelError | undefined) => void>()
  readonly #event = new Uint8Array(EVENT_BYTES)
  readonly #events = new Uint8Array(EVENT_BYTES * BATCH)
  readonly #error = new Int32Array(1)
  readonly #length = Uint32Array.of(4)

  /**
   * Begins a connection and tells once what became of it; it is closed by then. The result gives it up. Throws what the
   * kernel refuses at once.
   */
  connect(endpoints: Endpoints, onEnd: (error: KernelError | undefined) => void): () => void {
    const fd = openStreamSocket(ipFamily(endpoints.address), endpoints)
    try {
      this.#begin(fd, endpoints)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    // Only while something is awaited: the process may end when nothing is.
    if (this.#waiting.size === 0) this.#poller.watch(this.#epoll, () => this.#collect())
    this.#waiting.set(fd, onEnd)
    return () => {
      if (this.#waiting.get(fd) === onEnd) this.#close(fd)
    }
  }

  #begin(fd: number, { address, port, source, sourcePort }: Endpoints): void {
    if (source !== undefined || sourcePort !== 0) {
      const own = encodeSocketAddress(source ?? anyOf(address), sourcePort)
      call('connect from there', bind(fd, own, own.length))
    }
    const name = encodeSocketAddress(address, port)
    // Even one that stands at once is reported by epoll, in its turn.
    if (connect(fd, name, name.length) === -1 && errno() !== EINPROGRESS)
      throw refused(`connect to ${address}`, errno())
    const view = viewOf(this.#event)
    view.setUint32(0, EPOLLOUT, true)
    view.setBigUint64(DATA, BigInt(fd), true)
    call('wait for a connection', epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#event))
  }

  #collect(): void {
    const view = viewOf(this.#events)
    for (;;) {
      const count = epoll_wait(this.#epoll, this.#events, BATCH, 0)
      if (count === -1 && errno() !== EINTR) throw refused('hear of connections', errno())
      const ready = Array.from({ length: Math.max(count, 0) }, (_, i) => view.getUint32(i * EVENT_BYTES + DATA, true))
      // The errors first: what is told may open sockets with the numbers of those that are closed.
      for (const { onEnd, error } of ready.flatMap(fd => this.#finish(fd) ?? [])) onEnd(error)
      if (count < BATCH) return
    }
  }

  #close(fd: number): void {
    this.#waiting.delete(fd)
    closeSync(fd)
    if (this.#waiting.size === 0) this.#poller.unwatch(this.#epoll)
  }

  #finish(fd: number): { onEnd: (error: KernelError | undefined) => void; error: KernelError | undefined } | undefined {
    const onEnd = this.#waiting.get(fd)
    if (onEnd === undefined) return undefined
    call('read how a connection ended', getsockopt(fd, SOL_SOCKET, SO_ERROR, this.#error, this.#length))
    const number = this.#error[0]!
    this.#close(fd)
    return { onEnd, error: number === 0 ? undefined : refused('connect', number) }
  }
}

function anyOf(address: Ip): Ip {
  return ip(ipFamily(address) === 4 ? '0.0.0.0' : '::')
}
