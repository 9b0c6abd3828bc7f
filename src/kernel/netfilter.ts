/** Changes to nf_tables: a batch of messages that happens whole or not at all. */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { concat } from '../bytes/concat.ts'
import { decodeVerdict } from '../netlink/error.ts'
import { decodeMessages, encodeMessage, NLM_F_ACK, NLM_F_REQUEST } from '../netlink/message.ts'
import { encodeBatchEdge, NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END } from '../netlink/nftables.ts'
import { KernelError } from './errors.ts'
import { call, errno, recv, refused, send, strerror } from './libc.ts'
import { AF_NETLINK, openSocket, SO_RCVTIMEO, SOCK_RAW, SOL_SOCKET, setOption } from './socket.ts'

const NETLINK_NETFILTER = 12
const BUFFER_BYTES = 65_536

export interface NetfilterChange {
  readonly type: number
  readonly flags: number
  readonly body: Uint8Array
}

/** Makes all of the changes in the current namespace; what the kernel refuses first is a KernelError, and nothing is changed. */
export function changeNetfilter(operation: string, changes: readonly NetfilterChange[]): void {
  const fd = openSocket(operation, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, socket => {
    // The kernel answers at once. If it ever does not, that is an error and not a process that hangs.
    const seconds = new Uint8Array(BigInt64Array.of(5n, 0n).buffer)
    setOption(socket, 'limit the time of an answer', SOL_SOCKET, SO_RCVTIMEO, seconds)
  })
  try {
    const edge = encodeBatchEdge()
    const messages = [
      { type: NFNL_MSG_BATCH_BEGIN, flags: 0, body: edge },
      ...changes.map(change => ({ ...change, flags: change.flags | NLM_F_ACK })),
      { type: NFNL_MSG_BATCH_END, flags: 0, body: edge },
    ]
    const encoded = messages.map((each, sequence) =>
      encodeMessage({ ...each, flags: each.flags | NLM_F_REQUEST, sequence, port: 0 }),
    )
    const batch = concat(...encoded)
    call(operation, send(fd, batch, batch.length, 0))
    expectAcknowledgements(operation, fd, changes.length)
  } finally {
    closeSync(fd)
  }
}

/** One for each change; a refusal of the batch itself comes instead of them. */
function expectAcknowledgements(operation: string, fd: number, count: number): void {
  const buffer = new Uint8Array(BUFFER_BYTES)
  for (let acknowledged = 0; acknowledged < count; ) {
    const length = recv(fd, buffer, buffer.length, 0)
    if (length === -1) {
      const error = errno()
      if (error === constants.errno.EINTR) continue
      throw refused(operation, error)
    }
    const decoded = decodeMessages(buffer.subarray(0, length))
    if (!decoded.ok)
      throw new KernelError(
        operation,
        constants.errno.EBADMSG,
        'the kernel answered with a message that cannot be read',
      )
    for (const answer of decoded.value) {
      const verdict = decodeVerdict(answer)
      if (verdict === undefined) continue
      if (verdict.errno !== 0) throw new KernelError(operation, verdict.errno, verdict.text ?? strerror(verdict.errno))
      acknowledged++
    }
  }
}
