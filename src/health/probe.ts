/**
 * A probe: one conversation with a checker's target, from the connection to a verdict.
 *
 * Each type of checker has its own conversation behind this door; what they share is the deadline, after which a
 * silent target has failed.
 */
import { after, type Instant } from '../model/time.ts'
import type { Checker, CheckTarget, TcpChecker } from '../model/virtual-server.ts'

/** The checkers that have their conversation here; the others are configured, and said not to run. */
export type ProbedChecker = TcpChecker

export function isProbed(checker: Checker): checker is ProbedChecker {
  return checker.type === 'TCP_CHECK'
}

export interface Probe {
  readonly deadline: Instant
}

/** What the driver of the connection reports. `cause` is for people: `connection refused`. */
export type ProbeEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'refused'; readonly cause: string }
  | { readonly type: 'data'; readonly bytes: Uint8Array }

export type ProbeEffect =
  | { readonly type: 'connect'; readonly target: CheckTarget }
  /** The connection is of no more use; its driver reports nothing after this. */
  | { readonly type: 'close' }

export type ProbeOutcome = { readonly passed: true } | { readonly passed: false; readonly cause: string }

export interface ProbeStep {
  readonly probe: Probe
  readonly effects: readonly ProbeEffect[]
  /** Undefined while the conversation goes on. */
  readonly outcome: ProbeOutcome | undefined
}

export function openProbe(checker: ProbedChecker, now: Instant): { probe: Probe; effects: readonly ProbeEffect[] } {
  const { target } = checker
  return { probe: { deadline: after(now, target.connectTimeoutMs) }, effects: [{ type: 'connect', target }] }
}

/** TCP_CHECK: a connection that comes about is all it asks for. */
export function stepProbe(
  _checker: ProbedChecker,
  probe: Probe,
  event: ProbeEvent | { readonly type: 'wake' },
  now: Instant,
): ProbeStep {
  switch (event.type) {
    case 'connected':
      return { probe, effects: [{ type: 'close' }], outcome: { passed: true } }
    case 'refused':
      return { probe, effects: [{ type: 'close' }], outcome: { passed: false, cause: event.cause } }
    case 'wake':
      if (now < probe.deadline) return { probe, effects: [], outcome: undefined }
      return { probe, effects: [{ type: 'close' }], outcome: { passed: false, cause: 'connection timed out' } }
    case 'data':
      return { probe, effects: [], outcome: undefined }
  }
}
