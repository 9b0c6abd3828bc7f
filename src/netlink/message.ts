/**
 * Netlink messages: the frame of everything said to and by the kernel (linux/netlink.h).
 *
 *  0               8               16              24            31
 *  +-------------------------------+-------------------------------+
 *  |                length, with these 16 bytes                    |
 *  +-------------------------------+-------------------------------+
 *  |             type              |             flags             |
 *  +-------------------------------+-------------------------------+
 *  |              sequence number, the kernel repeats it           |
 *  +---------------------------------------------------------------+
 *  |              port: which socket asked, 0 is the kernel        |
 *  +---------------------------------------------------------------+
 *  |              body …, then zeros up to a multiple of 4         |
 *  +---------------------------------------------------------------+
 *
 * Numbers are in the order of the host, which is little-endian wherever this runs.
 */
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const NLMSG_NOOP = 1
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const NLMSG_OVERRUN = 4

/** Flags of every request … */
export const NLM_F_REQUEST = 0x01
export const NLM_F_MULTI = 0x02
export const NLM_F_ACK = 0x04
/** … this one in an answer: the dump changed while it was told; ask again. */
export const NLM_F_DUMP_INTR = 0x10
/** … of one that asks … */
export const NLM_F_DUMP = 0x300
/** … of one that makes … */
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800
/** … and of an answer that is an error or an acknowledgement. */
export const NLM_F_CAPPED = 0x100
export const NLM_F_ACK_TLVS = 0x200

export const MESSAGE_HEADER_LENGTH = 16

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly port: number
  readonly body: Uint8Array
}

export function encodeMessage(message: Message): Uint8Array {
  const length = MESSAGE_HEADER_LENGTH + message.body.length
  const bytes = new Uint8Array(align4(length))
  const view = viewOf(bytes)
  view.setUint32(0, length, true)
  view.setUint16(4, message.type, true)
  view.setUint16(6, message.flags, true)
  view.setUint32(8, message.sequence, true)
  view.setUint32(12, message.port, true)
  bytes.set(message.body, MESSAGE_HEADER_LENGTH)
  return bytes
}

export type MessageDrop = 'short' | 'length'

/** All messages of one datagram. Their bodies are views into it. */
export function decodeMessages(datagram: Uint8Array): Decoded<readonly Message[], MessageDrop> {
  const view = viewOf(datagram)
  const messages: Message[] = []
  for (let at = 0; at < datagram.length; ) {
    if (datagram.length - at < MESSAGE_HEADER_LENGTH) return { ok: false, drop: 'short' }
    const length = view.getUint32(at, true)
    if (length < MESSAGE_HEADER_LENGTH || length > datagram.length - at) return { ok: false, drop: 'length' }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      body: datagram.subarray(at + MESSAGE_HEADER_LENGTH, at + length),
    })
    at += align4(length)
  }
  return { ok: true, value: messages }
}

/** NLMSG_ALIGN and NLA_ALIGN. */
export function align4(length: number): number {
  return (length + 3) & ~3
}
