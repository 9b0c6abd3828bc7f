/**
 * A conversation with the kernel about links, addresses, routes and neighbours (rtnetlink(7)).
 *
 * The kernel answers within the call that asks, so asking is synchronous and costs some microseconds. A socket belongs to
 * the namespace in which it was opened, wherever its user is later.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { decodeVerdict, type Verdict } from '../netlink/error.ts'
import {
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
} from '../netlink/message.ts'
import { KernelError } from './errors.ts'
import { bind, call, errno, recv, refused, send, strerror } from './libc.ts'
import { inNamespace, type Namespace } from './namespace.ts'
import {
  AF_NETLINK,
  MSG_TRUNC,
  openSocket,
  SO_RCVTIMEO,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

const NETLINK_ROUTE = 0
export const NETLINK_GENERIC = 16
const NETLINK_EXT_ACK = 11
/** Dumps are filtered by what the request's header says, instead of returning everything. */
const NETLINK_GET_STRICT_CHK = 12
/** More than any message the kernel makes: it fills up to 32 KiB with a dump. */
const BUFFER_BYTES = 65_536
const DUMP_ATTEMPTS = 10

export class RouteSocket {
  readonly #fd: number
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  #sequence = 0

  /** In the current namespace, or in the one given; other families of netlink are talked to in the same way. */
  constructor(namespace?: Namespace, family: number = NETLINK_ROUTE) {
    const opened = () => open(family)
    this.#fd = namespace === undefined ? opened() : inNamespace(namespace, opened)
  }

  /**
   * Asks the kernel to do something and waits for its acknowledgement. Returns what it said besides that: for a get, the
   * answer. What it refuses is a KernelError with the kernel's explanation; `operation` completes "cannot …".
   */
  request(operation: string, type: number, flags: number, body: Uint8Array): readonly Message[] {
    return this.#exchange(operation, type, flags | NLM_F_ACK, body).messages
  }

  /** Asks for all of something. What changes while the kernel tells it makes it start again. */
  dump(operation: string, type: number, body: Uint8Array): readonly Message[] {
    for (let attempt = 1; ; attempt++) {
      const { messages, interrupted } = this.#exchange(operation, type, NLM_F_DUMP, body)
      if (!interrupted || attempt === DUMP_ATTEMPTS) return messages
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #exchange(operation: string, type: number, flags: number, body: Uint8Array): Answer {
    this.#sequence = (this.#sequence + 1) >>> 0
    const request = encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence: this.#sequence, port: 0, body })
    call(operation, send(this.#fd, request, request.length, 0))
    const messages: Message[] = []
    let interrupted = false
    for (;;) {
      for (const message of this.#receive(operation)) {
        // Left over from a request that ended early.
        if (message.sequence !== this.#sequence) continue
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true
        const verdict = decodeVerdict(message)
        if (verdict === undefined) messages.push(message)
        else if (verdict.errno === 0) return { messages, interrupted }
        else throw refusal(operation, verdict)
      }
    }
  }

  #receive(operation: string): readonly Message[] {
    for (;;) {
      const length = recv(this.#fd, this.#buffer, this.#buffer.length, MSG_TRUNC)
      if (length === -1) {
        const error = errno()
        if (error === constants.errno.EINTR) continue
        throw refused(operation, error)
      }
      const decoded = decodeMessages(this.#buffer.slice(0, length))
      if (length <= this.#buffer.length && decoded.ok) return decoded.value
      throw new KernelError(
        operation,
        constants.errno.EMSGSIZE,
        'the kernel answered with a message that cannot be read',
      )
    }
  }
}

interface Answer {
  readonly messages: readonly Message[]
  readonly interrupted: boolean
}

function open(family: number): number {
  const operation = 'open a netlink socket'
  return openSocket(operation, AF_NETLINK, SOCK_RAW, family, fd => {
    setOption(fd, 'ask for extended acknowledgements', SOL_NETLINK, NETLINK_EXT_ACK, 1)
    setOption(fd, 'ask for strict checks', SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
    // The kernel answers at once. If it ever does not, that is an error and not a process that hangs.
    setOption(
      fd,
      'limit the time of an answer',
      SOL_SOCKET,
      SO_RCVTIMEO,
      new Uint8Array(BigInt64Array.of(5n, 0n).buffer),
    )
    const address = new Uint8Array(12)
    address[0] = AF_NETLINK
    call(operation, bind(fd, address, address.length))
  })
}

function refusal(operation: string, { errno, text, missing }: Verdict): KernelError {
  const words =
    text ?? (missing === undefined ? strerror(errno) : `${strerror(errno)}, attribute ${missing} is missing`)
  return new KernelError(operation, errno, words)
}
