/**
 * A probe: one conversation with a checker's target, from its opening to a verdict.
 *
 * Each type of checker has its own conversation (`tcp-probe.ts`, `http-probe.ts`, …) behind this door. What they share
 * is here: which channel is open, and the two deadlines. A target may be silent for `connect_timeout`, which begins anew
 * with what it says where a conversation has several turns, as in keepalived; but the whole probe lasts at most as long
 * as the checker's interval (or twice the timeout, if that is longer), so that a server that drips a byte a second fails.
 */
import { after, type Instant, instant } from '../model/time.ts'
import type { Checker } from '../model/virtual-server.ts'
import type { Channel } from './channel.ts'
import type { Conversation, Outcome, ProbeEvent } from './conversation.ts'
import { dnsConversation } from './dns-probe.ts'
import { httpConversation } from './http-probe.ts'
import { miscConversation } from './misc-probe.ts'
import { pingConversation } from './ping-probe.ts'
import { smtpConversation } from './smtp-probe.ts'
import { tcpConversation } from './tcp-probe.ts'
import { udpConversation } from './udp-probe.ts'

export interface Probe {
  readonly deadline: Instant
  /** When even a target that keeps talking has failed. */
  readonly limit: Instant
  /** Where the conversation is; its own business. */
  readonly talk: unknown
}

export type ProbeEffect =
  | { readonly type: 'open'; readonly channel: Channel }
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  /** This probe needs the channel no more; its driver reports nothing after this. */
  | { readonly type: 'close'; readonly reusable: boolean }

export interface ProbeStep {
  readonly probe: Probe
  readonly effects: readonly ProbeEffect[]
  /** Undefined while the conversation goes on. */
  readonly outcome: Outcome | undefined
}

/** `page`: which of the pages of a web check. `random`: 32 bits for identifiers that a stranger should not guess. */
export function openProbe(
  checker: Checker,
  page: number,
  random: number,
  now: Instant,
): { probe: Probe; effects: readonly ProbeEffect[] } {
  const { channel, talk } = conversationOf(checker).open(checker, page, random)
  const patienceMs = patienceOf(checker)
  const limit = after(now, Math.max(checker.schedule.intervalMs, 2 * patienceMs))
  return { probe: { deadline: after(now, patienceMs), limit, talk }, effects: [{ type: 'open', channel }] }
}

export function stepProbe(
  checker: Checker,
  probe: Probe,
  event: ProbeEvent | { readonly type: 'wake' },
  now: Instant,
): ProbeStep {
  const conversation = conversationOf(checker)
  if (event.type === 'wake') {
    if (now < probe.deadline) return { probe, effects: [], outcome: undefined }
    return conclude(probe, conversation.silence(checker, probe.talk))
  }
  if (event.type === 'refused') {
    const { cause, words, ours } = event
    if (ours) return conclude(probe, { passed: undefined, cause })
    return conclude(probe, { passed: false, cause, words: words ?? conversation.broken?.(probe.talk, cause) })
  }
  const turn = conversation.hear(checker, probe.talk, event)
  if (turn.outcome !== undefined) return conclude(probe, turn.outcome, turn.reusable)
  const renewed = instant(Math.min(probe.limit, after(now, patienceOf(checker))))
  const deadline = conversation.renews ? renewed : probe.deadline
  const effects = (turn.writes ?? []).map(bytes => ({ type: 'write', bytes }) as const)
  return { probe: { ...probe, deadline, talk: turn.talk }, effects, outcome: undefined }
}

function conclude(probe: Probe, outcome: Outcome, reusable = false): ProbeStep {
  return { probe, effects: [{ type: 'close', reusable }], outcome }
}

function patienceOf(checker: Checker): number {
  return checker.type === 'MISC_CHECK' ? checker.timeoutMs : checker.target.connectTimeoutMs
}

/** Each conversation is only ever handed the checkers of its own type, and back what it said itself. */
function conversationOf(checker: Checker): Conversation<Checker, unknown> {
  return CONVERSATIONS[checker.type] as unknown as Conversation<Checker, unknown>
}

const CONVERSATIONS = {
  TCP_CHECK: tcpConversation,
  HTTP_GET: httpConversation,
  SSL_GET: httpConversation,
  SMTP_CHECK: smtpConversation,
  DNS_CHECK: dnsConversation,
  UDP_CHECK: udpConversation,
  PING_CHECK: pingConversation,
  MISC_CHECK: miscConversation,
} as const
