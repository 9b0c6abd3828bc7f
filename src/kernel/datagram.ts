/**
 * Datagrams with what the kernel knows of them besides their bytes: recvmsg(2) and sendmsg(2).
 *
 *  struct msghdr                                 control messages, each
 *  +-------------------------------+  0          +-------------------------------+
 *  | name: where from, where to    |             | length, with these 16 bytes   |
 *  | name length   | 0             |             | level         | type          |
 *  | vector -------------------------> iovec     | value …, zeros up to 8 bytes  |
 *  | vector length                 |             +-------------------------------+
 *  | control                       |
 *  | control length                |             struct iovec
 *  | flags         | 0             |             | base                          |
 *  +-------------------------------+ 56          | length                        |
 */

import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import { addressOf, call, errno, recvmsg, refused, sendmsg } from './libc.ts'
import { MSG_DONTWAIT, MSG_TRUNC } from './socket.ts'

export interface ControlMessage {
  readonly level: number
  readonly type: number
  readonly value: Uint8Array
}

export interface Datagram {
  readonly bytes: Uint8Array
  /** The sockaddr it came from. */
  readonly name: Uint8Array
  readonly control: readonly ControlMessage[]
  /** It was longer than the reader's buffer; the rest is lost. */
  readonly truncated: boolean
}

const NAME = 0
const NAME_LENGTH = 8
const VECTOR = 16
const VECTOR_LENGTH = 24
const CONTROL = 32
const CONTROL_LENGTH = 40
const FLAGS = 48
const HEADER_BYTES = 56
const IOVEC_BYTES = 16
const CONTROL_HEADER_BYTES = 16

/** Reads the datagrams of one socket. Made once, used for each. */
export class DatagramReader {
  readonly #bytes: Uint8Array
  readonly #name = new Uint8Array(128)
  readonly #control = new Uint8Array(256)
  readonly #vector: Uint8Array
  readonly #header = new Uint8Array(HEADER_BYTES)
  readonly #view = viewOf(this.#header)

  constructor(bytesMax = 65_536) {
    this.#bytes = new Uint8Array(bytesMax)
    this.#vector = iovec(this.#bytes)
    this.#view.setBigUint64(NAME, addressOf(this.#name), true)
    this.#view.setBigUint64(VECTOR, addressOf(this.#vector), true)
    this.#view.setBigUint64(VECTOR_LENGTH, 1n, true)
    this.#view.setBigUint64(CONTROL, addressOf(this.#control), true)
  }

  /** The next datagram, or undefined if there is none now. Errors in `ignored` were news for somebody else. */
  receive(operation: string, fd: number, ignored: readonly number[] = []): Datagram | undefined {
    for (;;) {
      this.#view.setUint32(NAME_LENGTH, this.#name.length, true)
      this.#view.setBigUint64(CONTROL_LENGTH, BigInt(this.#control.length), true)
      const length = recvmsg(fd, this.#header, MSG_DONTWAIT)
      if (length !== -1) return this.#datagram(length)
      const error = errno()
      if (error === constants.errno.EAGAIN) return undefined
      if (error !== constants.errno.EINTR && !ignored.includes(error)) throw refused(operation, error)
    }
  }

  #datagram(length: number): Datagram {
    const controlLength = Number(this.#view.getBigUint64(CONTROL_LENGTH, true))
    return {
      bytes: this.#bytes.slice(0, length),
      name: this.#name.slice(0, this.#view.getUint32(NAME_LENGTH, true)),
      control: decodeControl(this.#control.slice(0, controlLength)),
      truncated: (this.#view.getUint32(FLAGS, true) & MSG_TRUNC) !== 0,
    }
  }
}

/** Sends one datagram at once or not at all: a full queue is a KernelError with EAGAIN or ENOBUFS. */
export function sendDatagram(
  operation: string,
  fd: number,
  bytes: Uint8Array,
  name: Uint8Array,
  control: readonly ControlMessage[] = [],
): void {
  const header = new Uint8Array(HEADER_BYTES)
  const view = viewOf(header)
  const vector = iovec(bytes)
  const controls = encodeControl(control)
  view.setBigUint64(NAME, addressOf(name), true)
  view.setUint32(NAME_LENGTH, name.length, true)
  view.setBigUint64(VECTOR, addressOf(vector), true)
  view.setBigUint64(VECTOR_LENGTH, 1n, true)
  if (controls.length > 0) view.setBigUint64(CONTROL, addressOf(controls), true)
  view.setBigUint64(CONTROL_LENGTH, BigInt(controls.length), true)
  call(operation, sendmsg(fd, header, MSG_DONTWAIT))
}

function iovec(bytes: Uint8Array): Uint8Array {
  const vector = new Uint8Array(IOVEC_BYTES)
  const view = viewOf(vector)
  view.setBigUint64(0, addressOf(bytes), true)
  view.setBigUint64(8, BigInt(bytes.length), true)
  return vector
}

function encodeControl(messages: readonly ControlMessage[]): Uint8Array {
  const bytes = new Uint8Array(
    messages.reduce((sum, { value }) => sum + align8(CONTROL_HEADER_BYTES + value.length), 0),
  )
  const view = viewOf(bytes)
  let at = 0
  for (const { level, type, value } of messages) {
    view.setBigUint64(at, BigInt(CONTROL_HEADER_BYTES + value.length), true)
    view.setInt32(at + 8, level, true)
    view.setInt32(at + 12, type, true)
    bytes.set(value, at + CONTROL_HEADER_BYTES)
    at += align8(CONTROL_HEADER_BYTES + value.length)
  }
  return bytes
}

function decodeControl(bytes: Uint8Array): readonly ControlMessage[] {
  const view = viewOf(bytes)
  const messages: ControlMessage[] = []
  for (let at = 0; at + CONTROL_HEADER_BYTES <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true))
    if (length < CONTROL_HEADER_BYTES || length > bytes.length - at) break
    messages.push({
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      value: bytes.subarray(at + CONTROL_HEADER_BYTES, at + length),
    })
    at += align8(length)
  }
  return messages
}

function align8(length: number): number {
  return (length + 7) & ~7
}
