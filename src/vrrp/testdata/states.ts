/** States and events to start a test from. */
import { type Ip, ip } from '../../bytes/address.ts'
import { type Instant, instant } from '../../model/time.ts'
import type { VrrpInstance } from '../../model/vrrp-instance.ts'
import type { Effect } from '../effect.ts'
import type { Heard, Start } from '../event.ts'
import type { Active, Backup } from '../state.ts'
import { initialState, step } from '../step.ts'
import { INSTANCE } from './instance.ts'

export const NOW: Instant = instant(1_000_000)
export const OUR_ADDRESS: Ip = ip('10.0.0.5')
export const START: Start = { type: 'start', linkUp: true, address: OUR_ADDRESS }

export const V3: VrrpInstance = { ...INSTANCE, version: 3 }
export const OWNER: VrrpInstance = { ...V3, priority: 255, initialState: 'master' }

/** Started a moment ago. */
export function backup(instance: VrrpInstance): Backup {
  const { state } = step(instance, initialState(instance), START, NOW)
  if (state.name !== 'backup') throw new Error(`${state.name} instead of backup`)
  return state
}

/** Since a moment ago. */
export function active(instance: VrrpInstance): Active {
  const { state } = step(instance, { ...backup(instance), activeDownAt: NOW }, { type: 'wake' }, NOW)
  if (state.name !== 'active') throw new Error(`${state.name} instead of active`)
  return state
}

export function heard(fields: Partial<Heard>): Heard {
  const usual = {
    source: ip('10.0.0.9'),
    priority: 100,
    intervalMs: 1000,
    ahSequence: 0,
    signed: undefined,
    remarks: [],
  }
  return { type: 'heard', ...usual, ...fields }
}

/** The priorities of the advertisements among the effects. */
export function advertised(effects: readonly Effect[]): readonly number[] {
  return effects.flatMap(effect => (effect.type === 'advertise' ? [effect.priority] : []))
}
