/** PING_CHECK: an ICMP echo comes back, with the identifier and sequence that were sent. */
import { ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import type { PingChecker } from '../model/virtual-server.ts'
import {
  decodeIcmp,
  encodeIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER_LENGTH,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
} from '../wire/icmp.ts'
import { type Conversation, failed, PASSED } from './conversation.ts'

/** Identifier and sequence, as the second word of the message. */
type PingTalk = number

const PAYLOAD = new TextEncoder().encode('sluice health check')

export const pingConversation: Conversation<PingChecker, PingTalk> = {
  renews: false,
  open: ({ target }, _, random) => ({ channel: { kind: 'echo', target }, talk: random >>> 0 }),
  hear({ target }, word, event) {
    const six = ipFamily(target.address) === 6
    if (event.type === 'connected') {
      const type = six ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST
      return { talk: word, writes: [encodeIcmp({ type, code: 0, word, payload: PAYLOAD }, 0)] }
    }
    if (event.type !== 'data') return { talk: word }
    const replied = six ? isReply6(event.bytes, word) : isReply4(event.bytes, word)
    return replied ? { talk: word, outcome: PASSED } : { talk: word }
  },
  silence: () => failed('no echo in time'),
}

function isReply4(bytes: Uint8Array, word: number): boolean {
  const reply = decodeIcmp(bytes, 0)
  return reply.ok && reply.value.type === ICMP_ECHO_REPLY && reply.value.word === word
}

/** The checksum of ICMPv6 covers addresses that are not here; the kernel has verified it. */
function isReply6(bytes: Uint8Array, word: number): boolean {
  return bytes.length >= ICMP_HEADER_LENGTH && bytes[0] === ICMPV6_ECHO_REPLY && viewOf(bytes).getUint32(4) === word
}
