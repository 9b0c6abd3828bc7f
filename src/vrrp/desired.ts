import type { VirtualAddress, VrrpInstance } from '../model/vrrp-instance.ts'
import type { State } from './state.ts'

/** The virtual addresses that the kernel must hold for this instance now: all of them, or none. */
export function desiredAddresses(instance: VrrpInstance, state: State): readonly VirtualAddress[] {
  return state.name === 'active' ? virtualAddresses(instance) : []
}

/** All the addresses of an instance in the order of the configuration, advertised ones first. */
export function virtualAddresses(instance: VrrpInstance): readonly VirtualAddress[] {
  return [...instance.addresses, ...instance.excludedAddresses]
}
