/**
 * UDP_CHECK: something is sent, and nobody says that the port is closed. A server that answers nothing passes, and so does
 * one that is off, unless `require_reply` asks for an answer: only an ICMP error tells.
 */
import type { UdpChecker } from '../model/virtual-server.ts'
import { type Conversation, failed, PASSED } from './conversation.ts'

export const udpConversation: Conversation<UdpChecker, Uint8Array> = {
  renews: false,
  open: ({ target, payload }, _, random) => ({
    channel: { kind: 'datagram', target },
    talk: payload ?? randomBytes(random),
  }),
  hear(checker, payload, event) {
    if (event.type === 'connected') return { talk: payload, writes: [payload] }
    return event.type === 'data' ? { talk: payload, outcome: judge(checker, event.bytes) } : { talk: payload }
  },
  silence: ({ requireReply }) => (requireReply ? failed('no answer in time') : PASSED),
}

function judge({ requireReply, reply, minReplyLength, maxReplyLength }: UdpChecker, bytes: Uint8Array) {
  if (!requireReply) return PASSED
  if (bytes.length < minReplyLength || bytes.length > maxReplyLength)
    return failed(`an answer of ${bytes.length} bytes`)
  const wrong =
    reply?.bytes.findIndex((byte, i) => ((bytes[i] ?? ~byte) & reply.mask[i]!) !== (byte & reply.mask[i]!)) ?? -1
  return wrong === -1 ? PASSED : failed(`an answer that differs from the expected one at byte ${wrong}`)
}

const RANDOM_LENGTH = 16

/** Bytes that mean nothing to the server, made of 32 random bits (xorshift). */
function randomBytes(random: number): Uint8Array {
  let word = random | 1
  return Uint8Array.from({ length: RANDOM_LENGTH }, () => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return word & 0xff
  })
}
