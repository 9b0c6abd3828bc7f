/**
 * Sync groups: instances that must be active on the same machine, or on none of two.
 *
 * A member steps by itself, but neither becomes active nor leaves a fault on its own; after each step of one, the group
 * is settled. The rules, as keepalived has them:
 *
 *   - one member is broken: all are in fault, until none is
 *   - one member hears a router it obeys: all are backups
 *   - the silence has lasted long enough for all: all become active
 */
import type { Instant } from '../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import { announceAgain } from './active.ts'
import { type Effect, type NotifiedState, say } from './effect.ts'
import type { Elections, ElectionsStep, InstanceEffect } from './elections-step.ts'
import type { Event } from './event.ts'
import { faults } from './faults.ts'
import type { State } from './state.ts'
import { becomeActive, becomeBackup, becomeFault, isOwner, type Step } from './transition.ts'

/** What one member just did. */
export interface Trigger {
  readonly instance: VrrpInstance
  readonly event: Event
  readonly before: State
  readonly effects: readonly Effect[]
}

interface Member {
  readonly instance: VrrpInstance
  readonly state: State
}

/** A change for some members; `all` names it for the log if it changes the state of the group. */
interface Change {
  readonly all: 'MASTER' | 'BACKUP' | 'FAULT' | undefined
  readonly members: readonly Member[]
  readonly step: (member: Member) => Step
}

/** Brings the other members in step with what one of them did. */
export function settle(group: VrrpSyncGroup, elections: Elections, trigger: Trigger, now: Instant): ElectionsStep {
  const former = groupState(membersOf(group, elections, trigger))
  let settled: ElectionsStep = { elections, effects: [] }
  // At most three changes in a row: out of fault, into backup, and owners from there to active.
  for (let rounds = 0; rounds < 3; rounds++) {
    const change = nextChange(membersOf(group, settled.elections), trigger, rounds === 0, now)
    if (change === undefined) break
    const changed = applyChange(group, settled.elections, change, trigger)
    settled = { elections: changed.elections, effects: [...settled.effects, ...changed.effects] }
  }
  const state = groupState(membersOf(group, settled.elections))
  if (state === undefined || state === former) return settled
  const effect: Effect = { type: 'notify', about: 'GROUP', name: group.name, state, priority: 0 }
  return { elections: settled.elections, effects: [...settled.effects, { instance: trigger.instance, effect }] }
}

function nextChange(members: readonly Member[], trigger: Trigger, first: boolean, now: Instant): Change | undefined {
  if (members.some(({ state }) => state.name === 'initialize')) return undefined
  const inFault = members.filter(({ state }) => state.name === 'fault')
  if (members.some(({ instance, state }) => faults(instance, state).length > 0)) {
    const sound = members.filter(({ state }) => state.name !== 'fault')
    return some('FAULT', sound, ({ instance, state }) => becomeFault(instance, state))
  }
  if (inFault.length > 0) return some('BACKUP', inFault, member => mendMember(member, now))

  const active = members.filter(({ state }) => state.name === 'active')
  const triggered = members.find(({ instance }) => instance.name === trigger.instance.name)
  if (first && triggered !== undefined && gaveWay(triggered.state, trigger)) {
    return some('BACKUP', active, ({ instance, state }) => becomeBackup(instance, state, now))
  }
  const waiting = members.filter(({ state }) => state.name === 'backup')
  if (waiting.length > 0 && waiting.every(({ state }) => state.name === 'backup' && state.ready)) {
    return some('MASTER', waiting, ({ instance, state }) => becomeActive(instance, state, now))
  }
  if (first && trigger.effects.some(effect => effect.type === 'notify' && effect.state === 'MASTER_RX_LOWER_PRI')) {
    const others = active.filter(({ instance }) => instance.name !== trigger.instance.name)
    return some(undefined, others, ({ instance, state }) =>
      state.name === 'active' ? announceAgain(instance, state, now) : { state, effects: [] },
    )
  }
  return undefined
}

/** Back from the group's fault. An owner is ready at once, but waits for the others. */
function mendMember({ instance, state }: Member, now: Instant): Step {
  const backup = becomeBackup(instance, state, now)
  return { state: { ...backup.state, ready: isOwner(instance) }, effects: backup.effects }
}

/** True if the member became a backup, or obeyed somebody as one. */
function gaveWay(state: State, { before, event }: Trigger): boolean {
  if (state.name !== 'backup') return false
  if (before.name === 'active') return true
  const waited = before.name === 'backup' ? before.activeDownAt : undefined
  return event.type === 'heard' && event.priority > 0 && state.activeDownAt !== waited
}

function some(all: Change['all'], members: readonly Member[], step: Change['step']): Change | undefined {
  return members.length > 0 ? { all, members, step } : undefined
}

/** The member that set it off goes first, then the line about the group, then the others. */
function applyChange(group: VrrpSyncGroup, elections: Elections, change: Change, trigger: Trigger): ElectionsStep {
  const states = new Map(elections.states)
  const own: InstanceEffect[] = []
  const others: InstanceEffect[] = []
  for (const member of change.members) {
    const { state, effects } = change.step(member)
    states.set(member.instance.name, state)
    const list = member.instance.name === trigger.instance.name ? own : others
    list.push(...effects.map(effect => ({ instance: member.instance, effect })))
  }
  const line = say(`VRRP_Group(${group.name}) Syncing instances to ${change.all} state`)
  const lines = change.all === undefined ? [] : [{ instance: trigger.instance, effect: line }]
  return { elections: { ...elections, states }, effects: [...own, ...lines, ...others] }
}

/** The members that exist; with a trigger, as they were before it. */
function membersOf(group: VrrpSyncGroup, { instances, states }: Elections, trigger?: Trigger): readonly Member[] {
  return group.instances.flatMap(name => {
    const instance = instances.get(name)
    const state = name === trigger?.instance.name ? trigger.before : states.get(name)
    return instance === undefined || state === undefined ? [] : [{ instance, state }]
  })
}

/** The group's state as it is notified; undefined while some members have not started, or have stopped already. */
export function groupState(members: readonly { readonly state: State }[]): NotifiedState | undefined {
  const names = new Set(members.map(({ state }) => state.name))
  if (names.has('initialize')) return names.size === 1 ? 'STOP' : undefined
  if (names.has('fault')) return 'FAULT'
  return names.has('backup') ? 'BACKUP' : 'MASTER'
}
