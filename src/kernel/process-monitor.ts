/**
 * News of processes from the kernel itself, without polling: the process connector (linux/cn_proc.h).
 *
 *  netlink header | cn_msg: idx 1, val 1, seq, ack, length, flags | what | cpu | timestamp | data
 *              16 |                                            20 |    4 |   4 |         8 |
 *
 *  data:  fork  parent pid, parent tgid, child pid, child tgid      exec, exit, comm  pid, tgid, …
 *
 * The kernel tells them in its first network namespace alone, so the socket is opened there.
 */
import { closeSync, constants as files, openSync } from 'node:fs'
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import { isKernelError } from './errors.ts'
import { attempt, bind, call, errno, recv, refused, send } from './libc.ts'
import { inNamespace, Namespace } from './namespace.ts'
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  openSocket,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export type ProcessEvent =
  | { readonly type: 'fork'; readonly parent: number; readonly pid: number }
  /** It runs another program now, or goes by another name. */
  | { readonly type: 'changed'; readonly pid: number }
  | { readonly type: 'exit'; readonly pid: number }
  /** There were more than the kernel kept: who is there must be found out anew. */
  | { readonly type: 'overrun' }

const NETLINK_CONNECTOR = 11
const CN_IDX_PROC = 1
const CN_VAL_PROC = 1
const PROC_CN_MCAST_LISTEN = 1
const NLMSG_DONE = 3
const HEADER_LENGTH = 16
const MESSAGE_LENGTH = 20

const PROC_EVENT_FORK = 0x1
const PROC_EVENT_EXEC = 0x2
const PROC_EVENT_COMM = 0x200
const PROC_EVENT_EXIT = 0x8000_0000

const RECEIVE_BUFFER_BYTES = 1 << 20
const OPERATION = 'listen to the starts and ends of processes'
const FIRST_NAMESPACE = '/proc/1/ns/net'

export class ProcessMonitor {
  /** For a Poller. */
  readonly fd: number
  readonly #buffer = new Uint8Array(8192)

  /** ECONNREFUSED or EPERM where the kernel does not tell: in a container, or built without CONFIG_PROC_EVENTS. */
  constructor() {
    this.fd = openFirst()
  }

  /** The next news, or undefined if there is none now. Threads are not told. */
  receive(): ProcessEvent | undefined {
    for (;;) {
      const length = recv(this.fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT)
      if (length === -1) {
        const error = errno()
        if (error === constants.errno.EAGAIN) return undefined
        if (error === constants.errno.ENOBUFS) return { type: 'overrun' }
        if (error !== constants.errno.EINTR) throw refused(OPERATION, error)
        continue
      }
      const event = decodeEvent(this.#buffer.subarray(0, length))
      if (event !== undefined) return event
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Undefined for what is about threads, and for what does not matter here. */
export function decodeEvent(datagram: Uint8Array): ProcessEvent | undefined {
  const at = HEADER_LENGTH + MESSAGE_LENGTH
  if (datagram.length < at + 32) return undefined
  const view = viewOf(datagram)
  const field = (offset: number) => view.getUint32(at + offset, true)
  switch (field(0)) {
    case PROC_EVENT_FORK:
      return field(24) === field(28) ? { type: 'fork', parent: field(20), pid: field(28) } : undefined
    case PROC_EVENT_EXEC:
      return { type: 'changed', pid: field(20) }
    case PROC_EVENT_COMM:
      return field(16) === field(20) ? { type: 'changed', pid: field(20) } : undefined
    case PROC_EVENT_EXIT:
      return field(16) === field(20) ? { type: 'exit', pid: field(20) } : undefined
    default:
      return undefined
  }
}

function openFirst(): number {
  try {
    return open()
  } catch (error) {
    if (!isKernelError(error, 'ECONNREFUSED', 'EPROTONOSUPPORT')) throw error
    using first = new Namespace(
      'of the first process',
      attempt(OPERATION, () => openSync(FIRST_NAMESPACE, files.O_RDONLY)),
    )
    return inNamespace(first, open)
  }
}

function open(): number {
  return openSocket(OPERATION, AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK, NETLINK_CONNECTOR, fd => {
    setOption(fd, 'enlarge the receive buffer of a netlink socket', SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    // struct sockaddr_nl: family, port chosen by the kernel, groups.
    const address = new Uint8Array(12)
    address[0] = AF_NETLINK
    viewOf(address).setUint32(8, CN_IDX_PROC, true)
    call(OPERATION, bind(fd, address, address.length))
    const request = new Uint8Array(HEADER_LENGTH + MESSAGE_LENGTH + 4)
    const view = viewOf(request)
    view.setUint32(0, request.length, true)
    view.setUint16(4, NLMSG_DONE, true)
    view.setUint32(HEADER_LENGTH, CN_IDX_PROC, true)
    view.setUint32(HEADER_LENGTH + 4, CN_VAL_PROC, true)
    view.setUint16(HEADER_LENGTH + 16, 4, true)
    view.setUint32(HEADER_LENGTH + MESSAGE_LENGTH, PROC_CN_MCAST_LISTEN, true)
    call(OPERATION, send(fd, request, request.length, 0))
  })
}
