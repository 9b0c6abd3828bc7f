/**
 * A `vrrp_script`: run again and again, up after `rise` successes in a row, down after `fall` failures in a row. What it
 * says first counts at once.
 */
import type { TrackedScript } from '../model/script.ts'
import { after, type Instant } from '../model/time.ts'

export interface ScriptState {
  /** Undefined until the first run has ended. */
  readonly up: boolean | undefined
  /** Runs in a row that disagree with `up`. */
  readonly against: number
  /** Exit status of the last run, to tell when it changes. */
  readonly status: number | undefined
  readonly running: boolean
  /** When the next run starts. */
  readonly runAt: Instant
  /** When the run that is under way has failed. */
  readonly timeoutAt: Instant | undefined
}

export type ScriptEvent =
  | { readonly type: 'wake' }
  | { readonly type: 'ended'; readonly status: number | undefined; readonly signal: string | undefined }
  /** It could not be run at all. */
  | { readonly type: 'unable' }

export type ScriptEffect =
  | { readonly type: 'run' }
  /** End the run that is under way; nothing more is to be heard of it. */
  | { readonly type: 'kill' }
  | { readonly type: 'log'; readonly text: string }

export interface ScriptStep {
  readonly state: ScriptState
  readonly effects: readonly ScriptEffect[]
}

/** Not run yet; the first run is due now. */
export function startScript({ initFail }: TrackedScript, now: Instant): ScriptState {
  const up = initFail ? false : undefined
  return { up, against: 0, status: undefined, running: false, runAt: now, timeoutAt: undefined }
}

export function scriptWakeAt({ running, runAt, timeoutAt }: ScriptState): Instant | undefined {
  return running ? timeoutAt : runAt
}

export function stepScript(script: TrackedScript, state: ScriptState, event: ScriptEvent, now: Instant): ScriptStep {
  switch (event.type) {
    case 'wake':
      if (state.running) {
        if (state.timeoutAt === undefined || now < state.timeoutAt) return { state, effects: [] }
        const judged = judge(script, rest(state, now), false, 'timed_out')
        return { state: judged.state, effects: [{ type: 'kill' }, ...judged.effects] }
      }
      if (now < state.runAt) return { state, effects: [] }
      return {
        state: {
          ...state,
          running: true,
          runAt: after(now, script.intervalMs),
          timeoutAt: after(now, script.timeoutMs),
        },
        effects: [{ type: 'run' }],
      }
    case 'unable':
      return judge(script, rest(state, now), false, 'failed')
    case 'ended': {
      const { status, signal } = event
      const how = signal === undefined ? `failed (exited with status ${status})` : `failed (due to signal ${signal})`
      const changed = status !== undefined && state.status !== undefined && status !== state.status
      const returning: readonly ScriptEffect[] =
        changed && status !== 0 ? [{ type: 'log', text: `Script \`${script.name}\` now returning ${status}` }] : []
      const judged = judge(script, { ...rest(state, now), status }, status === 0, how)
      return { state: judged.state, effects: [...returning, ...judged.effects] }
    }
  }
}

/** Idle until the next run: an interval after the start of the last, or at once if that took longer. */
function rest(state: ScriptState, now: Instant): ScriptState {
  return { ...state, running: false, timeoutAt: undefined, runAt: state.runAt > now ? state.runAt : now }
}

function judge({ name, rise, fall }: TrackedScript, state: ScriptState, success: boolean, how: string): ScriptStep {
  if (state.up === success) return { state: { ...state, against: 0 }, effects: [] }
  const against = state.against + 1
  const enough = state.up === undefined ? 1 : success ? rise : fall
  if (against < enough) return { state: { ...state, against }, effects: [] }
  const text = `VRRP_Script(${name}) ${success ? 'succeeded' : how}`
  return { state: { ...state, up: success, against: 0 }, effects: [{ type: 'log', text }] }
}
