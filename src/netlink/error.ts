/**
 * The kernel's verdict on a request: an acknowledgement if the error is 0 (linux/netlink.h, "extended ack").
 *
 *  +---------------------------------------------------------------+
 *  |               minus the errno, or 0: done                     |
 *  +---------------------------------------------------------------+
 *  |  header of the request, its body too unless flagged CAPPED …  |
 *  +---------------------------------------------------------------+
 *  |  attributes if flagged ACK_TLVS: message text, offset, …      |
 *  +---------------------------------------------------------------+
 *
 * A dump ends in NLMSG_DONE, which carries the same number, followed at once by the attributes.
 */
import { viewOf } from '../bytes/view.ts'
import { Attributes } from './attribute.ts'
import { align4, type Message, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR } from './message.ts'

const NLMSGERR_ATTR_MSG = 1
const NLMSGERR_ATTR_OFFS = 2
const NLMSGERR_ATTR_MISS_TYPE = 5

export interface Verdict {
  /** 0: done as asked. */
  readonly errno: number
  /** The kernel's explanation, if it gave one: "Invalid prefix for given address". */
  readonly text: string | undefined
  /** Where in the request the attribute is that it objects to. */
  readonly offset: number | undefined
  /** The type of the attribute that it misses. */
  readonly missing: number | undefined
}

/** The verdict in an NLMSG_ERROR or NLMSG_DONE; undefined for any other message. */
export function decodeVerdict(message: Message): Verdict | undefined {
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return undefined
  const { body, flags } = message
  const view = viewOf(body)
  const errno = body.length < 4 ? 0 : Math.abs(view.getInt32(0, true))
  const explained =
    (flags & NLM_F_ACK_TLVS) !== 0 ? body.subarray(4 + requestLength(message, view)) : body.subarray(0, 0)
  const attributes = new Attributes(explained)
  return {
    errno,
    text: attributes.text(NLMSGERR_ATTR_MSG),
    offset: attributes.u32(NLMSGERR_ATTR_OFFS),
    missing: attributes.u32(NLMSGERR_ATTR_MISS_TYPE),
  }
}

/** Bytes of the request that an NLMSG_ERROR repeats. A dump's end repeats none. */
function requestLength({ type, flags, body }: Message, view: DataView): number {
  if (type === NLMSG_DONE || body.length < 20) return 0
  return (flags & NLM_F_CAPPED) !== 0 ? 16 : align4(view.getUint32(4, true))
}
