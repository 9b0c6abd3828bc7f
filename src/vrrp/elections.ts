/**
 * All the virtual routers of one machine. Sync groups live here and nowhere above: whoever drives the elections hands
 * over events by instance and gets effects by instance.
 */
import type { Instant } from '../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import { notify } from './effect.ts'
import type { Elections, ElectionsStep, InstanceEffect } from './elections-step.ts'
import type { Event } from './event.ts'
import { settle } from './group.ts'
import { sameRouter } from './reload.ts'
import { initialState, step } from './step.ts'
import { wakeAt } from './wake-at.ts'

export type { Elections, ElectionsStep } from './elections-step.ts'

/** None of them started yet. */
export function openElections(instances: readonly VrrpInstance[], groups: readonly VrrpSyncGroup[]): Elections {
  return {
    instances: new Map(instances.map(instance => [instance.name, instance])),
    groups,
    states: new Map(instances.map(instance => [instance.name, initialState(instance)])),
  }
}

/** What an event of one instance makes of them all. Throws RangeError for an instance that does not exist. */
export function stepElections(elections: Elections, name: string, event: Event, now: Instant): ElectionsStep {
  const instance = elections.instances.get(name)
  const before = elections.states.get(name)
  if (instance === undefined || before === undefined) throw new RangeError(`there is no vrrp_instance ${name}`)
  const group = elections.groups.find(({ instances }) => instances.includes(name))
  const { state, effects } = step(instance, before, event, now, group !== undefined)
  const stepped = {
    elections: { ...elections, states: new Map(elections.states).set(name, state) },
    effects: effects.map(effect => ({ instance, effect })),
  }
  if (group === undefined) return stepped
  const settled = settle(group, stepped.elections, { instance, event, before, effects }, now)
  return { elections: settled.elections, effects: [...stepped.effects, ...settled.effects] }
}

/** A new configuration: what stays the same router goes on, what is gone is stopped, what is new awaits its `start`. */
export function reloadElections(
  elections: Elections,
  instances: readonly VrrpInstance[],
  groups: readonly VrrpSyncGroup[],
  now: Instant,
): ElectionsStep {
  const opened = openElections(instances, groups)
  const states = new Map(opened.states)
  const gone: InstanceEffect[] = []
  const kept: { readonly name: string; readonly previous: VrrpInstance }[] = []
  for (const [name, previous] of elections.instances) {
    const state = elections.states.get(name)!
    const instance = opened.instances.get(name)
    if (instance !== undefined && sameRouter(instance, previous)) {
      states.set(name, state)
      kept.push({ name, previous })
      continue
    }
    const farewell = step(previous, state, { type: 'stop' }, now).effects.filter(({ type }) => type !== 'notify')
    const deleted = instance === undefined ? [notify(previous, 'DELETED', state.priority)] : []
    gone.push(...[...farewell, ...deleted].map(effect => ({ instance: previous, effect })))
  }
  let stepped: ElectionsStep = { elections: { ...opened, states }, effects: gone }
  for (const { name, previous } of kept) {
    const { elections: next, effects } = stepElections(stepped.elections, name, { type: 'reload', previous }, now)
    stepped = { elections: next, effects: [...stepped.effects, ...effects] }
  }
  return stepped
}

/** When the next of them wants a `wake`, and which. */
export function nextWake(elections: Elections): { readonly instance: string; readonly at: Instant } | undefined {
  let next: { readonly instance: string; readonly at: Instant } | undefined
  for (const [instance, state] of elections.states) {
    const at = wakeAt(state)
    if (at !== undefined && (next === undefined || at < next.at)) next = { instance, at }
  }
  return next
}
