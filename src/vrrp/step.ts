/**
 * The election: what an event makes of one virtual router.
 *
 * Follows RFC 9568 section 6.4 and, where that leaves room or keepalived differs on purpose, keepalived. Nothing here
 * waits, sends or looks at a clock: time comes in with the event, and what is to be done goes out as effects.
 */
import { type Instant, instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { heardInActive, wakeInActive } from './active.ts'
import { heardInBackup, silence, wakeInBackup } from './backup.ts'
import { changePriority } from './change-priority.ts'
import { report } from './complaint.ts'
import { APPLY, detail, log, notify } from './effect.ts'
import type { Event, Start } from './event.ts'
import { faults } from './faults.ts'
import { reload } from './reload.ts'
import type { Fault, Initialize, State } from './state.ts'
import { becomeActive, becomeBackup, becomeFault, isOwner, listening, type Step, stay, stop } from './transition.ts'

export type { Step } from './transition.ts'

const LONG_AGO = instant(Number.NEGATIVE_INFINITY)

/** The state of an instance that was not started yet. */
export function initialState(instance: VrrpInstance): State {
  return {
    name: 'initialize',
    priority: instance.priority,
    linkUp: false,
    interfaceAddress: undefined,
    failedTrackers: [],
    reported: [],
    quietUntil: { lowerPriority: LONG_AGO, newActive: LONG_AGO },
    ahSequence: 0,
    ahHeard: new Map(),
    signed: new Map(),
  }
}

/**
 * What `event` makes of the state at `now`. A `member` of a sync group leaves it to the group to become active or to
 * come back from a fault: that is `stepElections`, through which all but tests should go.
 */
export function step(instance: VrrpInstance, state: State, event: Event, now: Instant, member = false): Step {
  switch (event.type) {
    case 'start':
      return state.name === 'initialize' ? start(instance, state, event, now, member) : stay(state)
    case 'stop':
      return stop(instance, state)
    case 'link':
      return weigh(instance, state, { ...state, linkUp: event.up }, now, member)
    case 'address':
      return weigh(instance, state, { ...state, interfaceAddress: event.address }, now, member)
    case 'track': {
      const others = state.failedTrackers.filter(cause => cause !== event.cause)
      const failedTrackers = event.failed ? [...others, event.cause] : others
      return weigh(instance, state, { ...state, failedTrackers }, now, member)
    }
    case 'priority':
      return changePriority(instance, state, event.priority, now)
    case 'reload': {
      const { state: next, effects } = reload(instance, state, event.previous, now)
      const weighed = weigh(instance, state, next, now, member)
      return { state: weighed.state, effects: [...effects, ...weighed.effects] }
    }
    case 'dropped':
      return report(state, event)
    case 'heard':
      if (state.name === 'backup') return heardInBackup(instance, state, event, now)
      return state.name === 'active' ? heardInActive(instance, state, event, now) : stay(state)
    case 'wake':
      if (state.name === 'backup') return wakeInBackup(instance, state, now, member)
      return state.name === 'active' ? wakeInActive(instance, state, now) : stay(state)
  }
}

/** RFC 9568 section 6.4.1. What an earlier life may have left on the interface goes, unless this one resumes it. */
function start(instance: VrrpInstance, state: Initialize, event: Start, now: Instant, member: boolean): Step {
  const standing = { ...state, linkUp: event.linkUp, interfaceAddress: event.address }
  if (faults(instance, standing).length > 0) return becomeFault(instance, standing)
  if (isOwner(instance) || event.resume === true) {
    return silence(instance, listening(instance, standing, now), now, member)
  }
  const effects = [
    detail(instance, 'removing VIPs.'),
    APPLY,
    log(instance, 'Entering BACKUP STATE (init)'),
    notify(instance, 'BACKUP', state.priority),
  ]
  return { state: listening(instance, standing, now), effects }
}

/** The conditions for taking part have changed from `state`'s to `next`'s. */
function weigh(instance: VrrpInstance, state: State, next: State, now: Instant, member: boolean): Step {
  if (next.name === 'initialize') return stay(next)
  const broken = faults(instance, next).length > 0
  if (next.name === 'fault') return broken || member ? stay(next) : mend(instance, next, now)
  if (!broken) return stay(next)
  // The address we had is the one to send the last word from, even though the interface has lost it by now.
  return becomeFault(instance, next, state.interfaceAddress)
}

/** Back from a fault. An owner has nobody to wait for. */
export function mend(instance: VrrpInstance, state: Fault, now: Instant): Step {
  return isOwner(instance) ? becomeActive(instance, state, now) : becomeBackup(instance, state, now)
}
