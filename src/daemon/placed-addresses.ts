import type { VirtualAddress, VrrpInstance } from '../model/vrrp-instance.ts'
import type { PlacedAddress } from '../reconcile/addresses.ts'
import { homeOf } from './home-of.ts'

/** The addresses, all of the instance's unless said otherwise, with the interface that each goes to. */
export function placedAddresses(
  instance: VrrpInstance,
  addresses: readonly VirtualAddress[] = [...instance.addresses, ...instance.excludedAddresses],
): readonly PlacedAddress[] {
  return addresses.map(virtual => ({ ...virtual, interface: virtual.interface ?? homeOf(instance) }))
}
