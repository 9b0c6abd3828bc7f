/** TCP_CHECK: a connection that comes about is all it asks for. */
import type { TcpChecker } from '../model/virtual-server.ts'
import { type Conversation, failed, PASSED } from './conversation.ts'

export const tcpConversation: Conversation<TcpChecker, null> = {
  renews: false,
  open: ({ target }) => ({ channel: { kind: 'connection', target }, talk: null }),
  hear: (_, talk, { type }) => (type === 'connected' ? { talk, outcome: PASSED } : { talk }),
  silence: () => failed('connection timed out'),
}
