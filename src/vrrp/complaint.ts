/**
 * What the log is told of strange packets: the first of each kind until the state or the active router changes, and of
 * what may be right but comes in floods, one line in half an interval. However many packets come, the lines are few.
 */
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { say } from './effect.ts'
import type { Dropped, Heard } from './event.ts'
import type { Nuisance, Standing, State } from './state.ts'
import { type Step, stay } from './transition.ts'

/** A packet that was not accepted: a line for the first of its kind, and no other consequence. */
export function report(state: State, { drop, text }: Dropped): Step {
  if (state.name === 'initialize' || state.name === 'fault' || state.reported.includes(drop)) return stay(state)
  return { state: { ...state, reported: [...state.reported, drop] }, effects: [say(text)] }
}

/** The oddities of an advertisement that was accepted nevertheless. */
export function remark<S extends State>(state: S, heard: Heard): Step<S> {
  const news = heard.remarks.filter(({ label }) => !state.reported.includes(label))
  if (news.length === 0) return stay(state)
  const reported = [...state.reported, ...news.map(({ label }) => label)]
  return { state: { ...state, reported }, effects: news.map(({ text }) => say(text)) }
}

/** True while a line of the kind was written too short a time ago. */
export function isQuiet(state: Standing, nuisance: Nuisance, now: Instant): boolean {
  return now < state.quietUntil[nuisance]
}

/** The state after a line of the kind: quiet for half an interval, so that those of an honest router are all seen. */
export function quieten<S extends Standing>(instance: VrrpInstance, state: S, nuisance: Nuisance, now: Instant): S {
  const quietUntil = { ...state.quietUntil, [nuisance]: after(now, instance.advertIntervalMs / 2) }
  return { ...state, quietUntil }
}
