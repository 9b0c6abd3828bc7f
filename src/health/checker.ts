/**
 * One checker: when it probes its target, and what it concludes.
 *
 * The schedule is keepalived's. The first probe comes 1 s plus a random part of `warmup` after the start and its
 * failure counts at once; after that a server that is up is forgiven `retries` failures in a row, `retryDelayMs` apart
 * (so 3 retries are 4 failing probes); one success brings it up. While it is down it is probed every `intervalMs`.
 *
 * The conversation with the target is a machine of its own for every type of checker (`probe.ts`); here only its
 * outcome counts.
 */
import { after, type Instant } from '../model/time.ts'
import type { CheckTarget } from '../model/virtual-server.ts'
import { failureText, successText } from './names.ts'
import { openProbe, type Probe, type ProbedChecker, type ProbeEvent, stepProbe } from './probe.ts'

export interface CheckerState {
  readonly up: boolean
  readonly changedAt: Instant
  /** A probe has come to its end; before that, `up` is only what the configuration assumes. */
  readonly proved: boolean
  /** Failed probes in a row that were forgiven. */
  readonly forgiven: number
  /** Why the last probe failed; undefined if it passed or none has ended. */
  readonly lastError: string | undefined
  readonly latencyMs: number | undefined
  readonly phase: CheckerPhase
}

export type CheckerPhase =
  | { readonly name: 'waiting'; readonly probeAt: Instant }
  | { readonly name: 'probing'; readonly since: Instant; readonly probe: Probe }

export type CheckerEvent = { readonly type: 'wake' } | ProbeEvent

export type CheckerEffect =
  | { readonly type: 'connect'; readonly target: CheckTarget }
  | { readonly type: 'close' }
  /** The checker's opinion is first known or has changed. */
  | { readonly type: 'verdict'; readonly up: boolean }
  | { readonly type: 'log'; readonly text: string }

export interface CheckerStep {
  readonly state: CheckerState
  readonly effects: readonly CheckerEffect[]
}

const FIRST_PROBE_MS = 1000

/**
 * `random` in [0, 1) spreads the first probes of many checkers over the warm-up. `up` is what to assume until then:
 * the configuration's word, unless a daemon before this one knew better.
 */
export function startChecker(
  checker: ProbedChecker,
  now: Instant,
  random: number,
  up: boolean = !checker.schedule.alpha,
): CheckerState {
  return {
    up,
    changedAt: now,
    proved: false,
    forgiven: 0,
    lastError: undefined,
    latencyMs: undefined,
    phase: { name: 'waiting', probeAt: after(now, FIRST_PROBE_MS + random * checker.schedule.warmupMs) },
  }
}

export function stepChecker(
  checker: ProbedChecker,
  state: CheckerState,
  event: CheckerEvent,
  now: Instant,
): CheckerStep {
  if (state.phase.name === 'waiting') {
    if (event.type !== 'wake' || now < state.phase.probeAt) return { state, effects: [] }
    const { probe, effects } = openProbe(checker, now)
    return { state: { ...state, phase: { name: 'probing', since: now, probe } }, effects }
  }
  const { probe, effects, outcome } = stepProbe(checker, state.phase.probe, event, now)
  if (outcome === undefined) return { state: { ...state, phase: { ...state.phase, probe } }, effects }
  const concluded = outcome.passed
    ? pass(checker, state, now, now - state.phase.since)
    : fail(checker, state, now, outcome.cause)
  return { state: concluded.state, effects: [...effects, ...concluded.effects] }
}

/** When to step with `wake`, if nothing happens first. An earlier wake changes nothing. */
export function checkerWakeAt(state: CheckerState): Instant {
  return state.phase.name === 'waiting' ? state.phase.probeAt : state.phase.probe.deadline
}

function pass(checker: ProbedChecker, state: CheckerState, now: Instant, latencyMs: number): CheckerStep {
  const news = !state.up || !state.proved
  return {
    state: {
      up: true,
      changedAt: state.up ? state.changedAt : now,
      proved: true,
      forgiven: 0,
      lastError: undefined,
      latencyMs,
      phase: { name: 'waiting', probeAt: after(now, checker.schedule.intervalMs) },
    },
    effects: news
      ? [
          { type: 'log', text: successText(checker) },
          { type: 'verdict', up: true },
        ]
      : [],
  }
}

function fail(checker: ProbedChecker, state: CheckerState, now: Instant, cause: string): CheckerStep {
  const { retries, retryDelayMs, intervalMs } = checker.schedule
  const failed = { ...state, lastError: cause, latencyMs: undefined }
  if (state.up && state.proved && state.forgiven < retries) {
    const phase = { name: 'waiting', probeAt: after(now, retryDelayMs) } as const
    return { state: { ...failed, forgiven: state.forgiven + 1, phase }, effects: [] }
  }
  const news = state.up || !state.proved
  return {
    state: {
      ...failed,
      up: false,
      changedAt: state.up ? now : state.changedAt,
      proved: true,
      forgiven: 0,
      phase: { name: 'waiting', probeAt: after(now, intervalMs) },
    },
    effects: news
      ? [
          { type: 'log', text: failureText(checker, state.forgiven) },
          { type: 'verdict', up: false },
        ]
      : [],
  }
}
