/** What the conversations of all types of checkers have in common. They are pure: `talk` is a value, time is `probe.ts`'s. */
import type { Checker } from '../model/virtual-server.ts'
import type { Channel } from './channel.ts'

export interface Conversation<C extends Checker, T> {
  open(checker: C, page: number, random: number): { readonly channel: Channel; readonly talk: T }
  hear(checker: C, talk: T, event: Heard): Turn<T>
  /** What it means that nothing (more) came in time. */
  silence(checker: C, talk: T): Outcome
  /** keepalived's words for a channel that broke, where it has some. */
  broken?(talk: T, cause: string): string
  /** Each thing that is heard gives the target its full patience again. */
  readonly renews: boolean
}

export interface Turn<T> {
  readonly talk: T
  readonly writes?: readonly Uint8Array[]
  readonly outcome?: Outcome
  /** With an outcome: the channel is as good as new. */
  readonly reusable?: boolean
}

export type Heard =
  | { readonly type: 'connected' }
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** The head of an HTTP/2 response. */
  | { readonly type: 'head'; readonly status: number }
  /** The target closed its side. */
  | { readonly type: 'ended' }
  /** The program of a `process` channel ended. */
  | { readonly type: 'exited'; readonly status: number | undefined; readonly signal: string | undefined }

/** What the driver of a channel reports. */
export type ProbeEvent = Heard | Refused

/** The channel broke: `connection refused`. `words` are keepalived's for it, if it has any. */
export interface Refused {
  readonly type: 'refused'
  readonly cause: string
  readonly words?: string | undefined
  /** It is this machine that lacks something, which says nothing of the target. */
  readonly ours?: boolean
}

export type Outcome =
  | {
      readonly passed: true
      /** What the target wishes its weight to be. */
      readonly weight?: number | undefined
      /** Said while the server is down: `HTTP status code success to [192.168.41.31]:tcp:80 url(/)`, without the server. */
      readonly remark?: { readonly before: string; readonly after: string }
    }
  | {
      readonly passed: false
      /** For people who read the status: `status 503`. */
      readonly cause: string
      /** As keepalived's log has it, in front of the server's name: `HTTP status code error to`. */
      readonly words?: string | undefined
      /** Behind the retries in that line: `(exited with status 1)`. */
      readonly detail?: string | undefined
    }
  /** Nothing was found out. */
  | { readonly passed: undefined; readonly cause: string }

export function failed(cause: string, words?: string, detail?: string): Outcome {
  return { passed: false, cause, words, detail }
}

export const PASSED: Outcome = { passed: true }
