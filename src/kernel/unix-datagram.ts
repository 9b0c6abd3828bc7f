/** Datagrams to Unix sockets, which node does not have: what the system log and systemd listen on. */
import { closeSync } from 'node:fs'
import { sendDatagram } from './datagram.ts'
import { AF_UNIX, openSocket, SOCK_DGRAM, SOCK_NONBLOCK } from './socket.ts'

export class UnixDatagramSocket {
  readonly #fd: number
  readonly #name: Uint8Array
  readonly #operation: string

  /** A path, or with an `@` before it a name that is in no file system. */
  constructor(path: string) {
    this.#operation = `write to ${path}`
    this.#fd = openSocket(this.#operation, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, () => {})
    // struct sockaddr_un: family, then the path; an abstract name begins with a zero byte and has none at its end.
    const text = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`)
    this.#name = Buffer.concat([Buffer.from([AF_UNIX, 0]), text])
  }

  /** At once or not at all: ECONNREFUSED or ENOENT if nobody listens, EAGAIN if they do not keep up. */
  send(text: string): void {
    sendDatagram(this.#operation, this.#fd, Buffer.from(text), this.#name)
  }

  close(): void {
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
