/**
 * A `vrrp_track_process`: up while at least `quorum` and at most `quorum_max` processes of its name run. The number comes
 * from outside, whenever it changes.
 *
 * With `restart` it is the watchdog: the command is run as soon as too few are left, and only if they have not come back
 * within `restart_grace` is the process down. While it is down the command is tried again every so often.
 *
 *            too few ─▶ restart ─▶ grace ─▶ down ─▶ restart …
 *   up ◀──────────────── enough again ◀─────┴──────────┘
 */

import type { TrackedProcess } from '../model/script.ts'
import { after, type Instant } from '../model/time.ts'

export interface ProcessState {
  readonly count: number
  readonly up: boolean
  /** Since the count has disagreed with `up`: when that counts. */
  readonly changeAt: Instant | undefined
  /** When the restart command is tried again. */
  readonly restartAt: Instant | undefined
}

export type ProcessEffect = { readonly type: 'restart' } | { readonly type: 'log'; readonly text: string }

export interface ProcessStep {
  readonly state: ProcessState
  readonly effects: readonly ProcessEffect[]
}

/** As it is found at start. What is not there is down at once, and started. */
export function startProcess(process: TrackedProcess, count: number, now: Instant): ProcessStep {
  const fits = isEnough(process, count)
  const state: ProcessState = { count, up: fits, changeAt: undefined, restartAt: undefined }
  if (fits || process.restart === undefined) return { state, effects: [] }
  return tryRestart(process, state, now)
}

export function processWakeAt({ changeAt, restartAt }: ProcessState): Instant | undefined {
  if (changeAt === undefined || restartAt === undefined) return changeAt ?? restartAt
  return changeAt < restartAt ? changeAt : restartAt
}

/** The number of its processes has changed. */
export function countProcesses(
  process: TrackedProcess,
  before: ProcessState,
  count: number,
  now: Instant,
): ProcessStep {
  if (count === before.count) return { state: before, effects: [] }
  const enough = isEnough(process, count)
  const was = isEnough(process, before.count)
  const turn = enough === was ? '' : `, quorum ${enough ? 'up' : 'down'}`
  const text = `Process ${process.name}, number of current processes changed from ${before.count} to ${count}${turn}`
  const log: ProcessEffect = { type: 'log', text }
  const state = { ...before, count }
  if (enough === was) return { state, effects: [log] }
  if (enough === state.up) return { state: { ...state, changeAt: undefined, restartAt: undefined }, effects: [log] }
  if (enough) {
    const mending = { ...state, restartAt: undefined, changeAt: after(now, process.forkDelayMs) }
    const settled = wakeProcess(process, mending, now)
    return { state: settled.state, effects: [log, ...settled.effects] }
  }
  const grace = process.restart === undefined ? process.terminateDelayMs : process.restartGraceMs
  const failing = { ...state, changeAt: after(now, grace) }
  const tried =
    process.restart === undefined || count >= process.quorum
      ? wakeProcess(process, failing, now)
      : tryRestart(process, failing, now)
  return { state: tried.state, effects: [log, ...tried.effects] }
}

export function wakeProcess(process: TrackedProcess, before: ProcessState, now: Instant): ProcessStep {
  const { changeAt, restartAt } = before
  const state = changeAt !== undefined && changeAt <= now ? { ...before, up: !before.up, changeAt: undefined } : before
  if (restartAt === undefined || now < restartAt || isEnough(process, state.count)) return { state, effects: [] }
  return tryRestart(process, state, now)
}

function tryRestart(process: TrackedProcess, state: ProcessState, now: Instant): ProcessStep {
  const text = `Process ${process.name} is not running: restarting it`
  return {
    state: { ...state, restartAt: after(now, Math.max(process.restartGraceMs, RESTART_PAUSE_MIN_MS)) },
    effects: [{ type: 'log', text }, { type: 'restart' }],
  }
}

/** However short the grace is, the command is not run in a loop. */
const RESTART_PAUSE_MIN_MS = 1000

function isEnough({ quorum, quorumMax }: TrackedProcess, count: number): boolean {
  return count >= quorum && (quorumMax === undefined || count <= quorumMax)
}
