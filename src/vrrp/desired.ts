import type { VirtualAddress, VrrpInstance } from '../model/vrrp-instance.ts'
import type { State } from './state.ts'

/** The virtual addresses that the kernel must hold for this instance now: all of them, or none. */
export function desiredAddresses(instance: VrrpInstance, state: State): readonly VirtualAddress[] {
  return state.name === 'active' ? [...instance.addresses, ...instance.excludedAddresses] : []
}
