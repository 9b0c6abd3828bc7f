/** SMTP_CHECK (RFC 5321): greeted with 220, HELO is answered with 250, QUIT with 221. An answer may have several lines. */
import type { SmtpChecker } from '../model/virtual-server.ts'
import { type Conversation, failed, type Heard, PASSED, type Turn } from './conversation.ts'

interface SmtpTalk {
  readonly turn: 'connecting' | 'greeting' | 'helo' | 'quit'
  /** What came of an answer that has not ended. */
  readonly text: string
}

const EXPECTED = { greeting: '220', helo: '250', quit: '221' } as const
/** keepalived's words for another answer, in front of the server. */
const BAD = {
  greeting: 'Bad greeting banner from',
  helo: 'Bad HELO response from',
  quit: 'Bad QUIT response from',
} as const
const ANSWER_LENGTH_MAX = 16 * 1024

export const smtpConversation: Conversation<SmtpChecker, SmtpTalk> = {
  renews: true,
  open: ({ target }) => ({
    channel: { kind: 'stream', target, tls: undefined, idleMs: 0 },
    talk: { turn: 'connecting', text: '' },
  }),
  hear,
  silence: (_, { turn }) =>
    turn === 'connecting'
      ? failed('connection timed out', 'Connection timeout to')
      : failed(`no answer to ${turnText(turn)} in time`, 'Read timeout from'),
  broken: ({ turn }) => (turn === 'connecting' ? 'Could not connect to' : 'Read error from'),
}

function hear(checker: SmtpChecker, talk: SmtpTalk, event: Heard): Turn<SmtpTalk> {
  const { turn } = talk
  if (event.type === 'connected') return { talk: { turn: 'greeting', text: '' } }
  if (turn === 'connecting') return { talk }
  if (event.type !== 'data')
    return { talk, outcome: failed(`closed the connection instead of answering ${turnText(turn)}`, BAD[turn]) }
  const text = talk.text + Buffer.from(event.bytes).toString('latin1')
  if (text.length > ANSWER_LENGTH_MAX)
    return { talk, outcome: failed(`an endless answer to ${turnText(turn)}`, BAD[turn]) }
  // Lines that go on have "-" behind their code.
  const last = text
    .split(/\r?\n/)
    .slice(0, -1)
    .find(line => !/^\d{3}-/.test(line))
  if (last === undefined) return { talk: { turn, text } }
  if (!last.startsWith(EXPECTED[turn]))
    return { talk, outcome: failed(`answered ${turnText(turn)} with "${last.slice(0, 80)}"`, BAD[turn]) }
  if (turn === 'quit') return { talk, outcome: PASSED }
  const command = turn === 'greeting' ? `HELO ${checker.heloName}\r\n` : 'QUIT\r\n'
  return {
    talk: { turn: turn === 'greeting' ? 'helo' : 'quit', text: '' },
    writes: [new TextEncoder().encode(command)],
  }
}

function turnText(turn: Exclude<SmtpTalk['turn'], 'connecting'>): string {
  return turn === 'greeting' ? 'the connection' : turn.toUpperCase()
}
