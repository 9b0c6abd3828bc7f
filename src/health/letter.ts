/**
 * The mails about servers and services, with keepalived's subjects and bodies, and how many of them are too many.
 *
 * A server that flaps would be mailed about at every turn. So of each subject only `BURST` letters go out within
 * `WINDOW_MS`; what comes on top is counted, and when the window is over one letter tells how often it changed and how
 * it stands by then.
 */
import { after, type Instant } from '../model/time.ts'

export interface Letter {
  readonly subject: string
  readonly body: string
}

export function serverLetter(routerId: string, server: string, service: string, up: boolean, body: string): Letter {
  return { subject: `[${routerId}] Realserver ${server} of virtual server ${service} - ${up ? 'UP' : 'DOWN'}`, body }
}

export function quorumLetter(routerId: string, service: string, up: boolean, text: string): Letter {
  return { subject: `[${routerId}] Virtualserver ${service} - ${up ? 'UP' : 'DOWN'}`, body: `=> ${text} <=` }
}

/** Letters that go out about one thing within a window; three times down and up. */
export const BURST = 6
export const WINDOW_MS = 600_000

export interface Damping {
  /** When the letters of the last window went out. */
  readonly sentAt: readonly Instant[]
  /** What waits for the window to be over: the latest letter, and how many it stands for. */
  readonly held: { readonly letter: Letter; readonly count: number; readonly until: Instant } | undefined
}

export const CALM: Damping = { sentAt: [], held: undefined }

export interface DampingStep {
  readonly damping: Damping
  readonly letters: readonly Letter[]
}

/** A letter is about to go out. */
export function offerLetter(damping: Damping, letter: Letter, now: Instant): DampingStep {
  const sentAt = damping.sentAt.filter(at => after(at, WINDOW_MS) > now)
  const { held } = damping
  if (held !== undefined) return { damping: { sentAt, held: { ...held, letter, count: held.count + 1 } }, letters: [] }
  if (sentAt.length < BURST) return { damping: { sentAt: [...sentAt, now], held }, letters: [letter] }
  return { damping: { sentAt, held: { letter, count: 1, until: after(now, WINDOW_MS) } }, letters: [] }
}

/** What was held goes out as one when its time has come. */
export function releaseLetter(damping: Damping, now: Instant): DampingStep {
  const { held } = damping
  if (held === undefined || now < held.until) return { damping, letters: [] }
  const minutes = WINDOW_MS / 60_000
  const body = `${held.letter.body}\nIt changed ${held.count} times in the last ${minutes} minutes; only this is mailed.`
  return { damping: { sentAt: [now], held: undefined }, letters: [{ ...held.letter, body }] }
}
