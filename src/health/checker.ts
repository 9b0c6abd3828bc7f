/**
 * One checker: when it probes its target, and what it concludes.
 *
 * The schedule is keepalived's. The first probe comes 1 s plus a random part of `warmup` after the start and its
 * failure counts at once; after that a server that is up is forgiven `retries` failures in a row, `retryDelayMs` apart
 * (so 3 retries are 4 failing probes). While it is down it is probed every `intervalMs`, and `rises` successes in a row
 * bring it up; keepalived knows only one. A web check with several pages asks for one of them at a time, the next at the
 * next interval, and a server comes up when the one that failed was good again, and then all of them in a row.
 *
 * The conversation with the target is a machine of its own for every type of checker (`probe.ts`); here only its
 * outcome counts.
 */
import { after, type Instant, instant } from '../model/time.ts'
import type { Checker } from '../model/virtual-server.ts'
import type { Outcome, ProbeEvent } from './conversation.ts'
import type { Subject } from './names.ts'
import { openProbe, type Probe, type ProbeEffect, stepProbe } from './probe.ts'
import { attemptText, failureMail, failureText, remarkText, successMail, successText } from './verdict-text.ts'

export interface CheckerState {
  readonly up: boolean
  readonly changedAt: Instant
  /** A probe has come to its end; before that, `up` is only what the configuration assumes. */
  readonly proved: boolean
  /** Failed probes in a row that were forgiven. */
  readonly forgiven: number
  /** Good rounds in a row of a server that is down. */
  readonly risen: number
  /**
   * Which page comes next, and how many were good in a row. A page that failed must be good once more (-1) before all of
   * them are asked for.
   */
  readonly page: number
  readonly goodPages: number
  /** What the target wished its weight to be. */
  readonly weight: number | undefined
  /** Why the last probe failed; undefined if it passed or none has ended. */
  readonly lastError: string | undefined
  /** What a mail about the last verdict says; undefined: it is not worth one. */
  readonly mail: string | undefined
  readonly latencyMs: number | undefined
  /** The next probe's 32 random bits. */
  readonly seed: number
  readonly phase: CheckerPhase
}

export type CheckerPhase =
  | { readonly name: 'waiting'; readonly probeAt: Instant }
  | { readonly name: 'probing'; readonly since: Instant; readonly probe: Probe }

export type CheckerEvent = { readonly type: 'wake' } | ProbeEvent

export type CheckerEffect =
  | ProbeEffect
  /** The checker's opinion is first known or has changed. */
  | { readonly type: 'verdict'; readonly up: boolean; readonly weight: number | undefined }
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
  checker: Checker,
  now: Instant,
  random: number,
  up: boolean = !checker.schedule.alpha,
): CheckerState {
  return {
    up,
    changedAt: now,
    proved: false,
    forgiven: 0,
    risen: 0,
    page: 0,
    goodPages: 0,
    weight: undefined,
    lastError: undefined,
    mail: undefined,
    latencyMs: undefined,
    seed: nextSeed(Math.floor(random * 2 ** 32)),
    phase: { name: 'waiting', probeAt: after(now, FIRST_PROBE_MS + random * checker.schedule.warmupMs) },
  }
}

export function stepChecker(subject: Subject, state: CheckerState, event: CheckerEvent, now: Instant): CheckerStep {
  const { checker } = subject
  if (state.phase.name === 'waiting') {
    if (event.type !== 'wake' || now < state.phase.probeAt) return { state, effects: [] }
    const { probe, effects } = openProbe(checker, state.page, state.seed, now)
    return { state: { ...state, seed: nextSeed(state.seed), phase: { name: 'probing', since: now, probe } }, effects }
  }
  const { since } = state.phase
  const { probe, effects, outcome } = stepProbe(checker, state.phase.probe, event, now)
  if (outcome === undefined) return { state: { ...state, phase: { ...state.phase, probe } }, effects }
  const concluded =
    outcome.passed === undefined
      ? postpone(subject, state, now, outcome.cause)
      : outcome.passed
        ? pass(subject, state, now, since, outcome)
        : fail(subject, state, now, since, outcome)
  return { state: concluded.state, effects: [...effects, ...concluded.effects] }
}

/** When to step with `wake`, if nothing happens first. An earlier wake changes nothing. */
export function checkerWakeAt(state: CheckerState): Instant {
  return state.phase.name === 'waiting' ? state.phase.probeAt : state.phase.probe.deadline
}

function pass(
  subject: Subject,
  state: CheckerState,
  now: Instant,
  since: Instant,
  outcome: Outcome & { readonly passed: true },
): CheckerStep {
  const { checker } = subject
  const pages = Math.max(1, pagesOf(checker))
  const settled = state.up && state.proved
  // By far the most frequent case, so it takes one step instead of three.
  if (settled && pages === 1 && (outcome.weight === undefined || outcome.weight === state.weight))
    return {
      state: { ...state, ...UNBLEMISHED, latencyMs: now - since, phase: waitFor(checker, now, since) },
      effects: [],
    }
  const recovered = state.goodPages === -1
  const good: CheckerState = {
    ...state,
    forgiven: 0,
    page: recovered ? 0 : (state.page + 1) % pages,
    goodPages: state.goodPages + 1,
    lastError: undefined,
    latencyMs: now - since,
    phase: waitFor(checker, now, since),
  }
  const remarks = state.up ? [] : logs(remarkText(subject, outcome))
  if (good.goodPages < pages) {
    const hurries = 'fastRecovery' in checker && checker.fastRecovery && !settled
    return { state: hurries ? { ...good, phase: { name: 'waiting', probeAt: now } } : good, effects: remarks }
  }
  const round: CheckerState = { ...good, goodPages: 0, risen: state.risen + 1 }
  if (!state.up && round.risen < checker.schedule.rises) return { state: round, effects: remarks }
  const weight = outcome.weight ?? state.weight
  const up: CheckerState = {
    ...round,
    up: true,
    changedAt: state.up ? state.changedAt : now,
    proved: true,
    risen: 0,
    weight,
    // keepalived mails the first success of a program even if nobody doubted it.
    mail: settled || (state.up && checker.type !== 'MISC_CHECK') ? undefined : successMail(checker),
  }
  const texts = settled ? [] : [...remarks, ...logs(successText(subject))]
  const news = !settled || weight !== state.weight
  const verdict = news ? [{ type: 'verdict', up: true, weight } as const] : []
  // keepalived gives a server that is up its weight first, and says then that the program succeeded.
  return { state: up, effects: state.up ? [...verdict, ...texts] : [...texts, ...verdict] }
}

const UNBLEMISHED = { forgiven: 0, risen: 0, page: 0, goodPages: 0, lastError: undefined } as const

function waitFor(checker: Checker, now: Instant, since: Instant): CheckerPhase {
  return { name: 'waiting', probeAt: nextProbe(checker, now, since) }
}

function fail(
  subject: Subject,
  state: CheckerState,
  now: Instant,
  since: Instant,
  outcome: Outcome & { readonly passed: false },
): CheckerStep {
  const { checker } = subject
  const { retries, retryDelayMs, logAllFailures } = checker.schedule
  // Of a server that is known to be down nothing more is said, as in keepalived.
  const attempt = logAllFailures && (state.up || !state.proved) ? [log(attemptText(subject, outcome))] : []
  const failed = { ...state, goodPages: 0, risen: 0, lastError: outcome.cause, latencyMs: undefined }
  if (state.up && state.proved && state.forgiven < retries) {
    const phase = { name: 'waiting', probeAt: after(now, retryDelayMs) } as const
    return { state: { ...failed, forgiven: state.forgiven + 1, phase }, effects: attempt }
  }
  const news = state.up || !state.proved
  return {
    state: {
      ...failed,
      up: false,
      goodPages: pagesOf(checker) === 0 ? 0 : -1,
      mail: state.up ? failureMail(checker, outcome) : undefined,
      changedAt: state.up ? now : state.changedAt,
      proved: true,
      forgiven: 0,
      phase: waitFor(checker, now, since),
    },
    effects: news
      ? [
          ...attempt,
          log(failureText(subject, outcome, state.forgiven)),
          { type: 'verdict', up: false, weight: state.weight },
        ]
      : attempt,
  }
}

/**
 * A machine that has run out of descriptors or ports must not condemn its servers for that. They are tried again, but not
 * all in the same moment.
 */
function postpone({ checker, server }: Subject, state: CheckerState, now: Instant, cause: string): CheckerStep {
  const text = `${checker.type} on service ${server} cannot be made: ${cause}. Rescheduling.`
  const phase = {
    name: 'waiting',
    probeAt: after(now, Math.max(checker.schedule.retryDelayMs, FIRST_PROBE_MS) * (1 + state.seed / 2 ** 32)),
  } as const
  return {
    state: { ...state, seed: nextSeed(state.seed), lastError: cause, phase },
    effects: state.lastError === cause ? [] : [log(text)],
  }
}

/** Programs are started in the rhythm of their interval, however long they take; conversations have it between them. */
function nextProbe({ type, schedule }: Checker, now: Instant, since: Instant): Instant {
  return type === 'MISC_CHECK'
    ? instant(Math.max(now, after(since, schedule.intervalMs)))
    : after(now, schedule.intervalMs)
}

/** 0: it knows no pages. */
function pagesOf(checker: Checker): number {
  return checker.type === 'HTTP_GET' || checker.type === 'SSL_GET' ? checker.pages.length : 0
}

function logs(text: string | undefined): readonly CheckerEffect[] {
  return text === undefined ? [] : [log(text)]
}

function log(text: string): CheckerEffect {
  return { type: 'log', text }
}

/** A step of splitmix32. */
function nextSeed(seed: number): number {
  let mixed = (seed + 0x9e37_79b9) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
