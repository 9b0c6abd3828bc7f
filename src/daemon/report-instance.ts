/** A VRRP instance's part of the snapshot. */
import type { Ip, Mac } from '../bytes/address.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Counts } from '../observe/counters.ts'
import type { InstanceSnapshot } from '../observe/snapshot.ts'
import { addressKey } from '../reconcile/addresses.ts'
import { faults } from '../vrrp/faults.ts'
import { type State, stateName } from '../vrrp/state.ts'
import { placedAddresses } from './placed-addresses.ts'

/** What is known of an instance besides its state. */
export interface Seen {
  readonly sinceMs: number
  /** The keys of all addresses that are on interfaces now. */
  readonly held: ReadonlySet<string>
  /** Strangers that speak for its addresses. */
  readonly claims: ReadonlyMap<Ip, Mac>
  readonly counts: Counts
}

export function reportInstance(instance: VrrpInstance, state: State, seen: Seen): InstanceSnapshot {
  return {
    name: instance.name,
    state: stateName(state),
    sinceMs: seen.sinceMs,
    faults: state.name === 'fault' ? faults(instance, state) : [],
    interface: instance.interface,
    routerId: instance.routerId,
    priority: state.priority,
    activePriority: state.name === 'backup' ? state.active?.priority : undefined,
    addresses: placedAddresses(instance).map(address => ({
      address: address.address,
      prefix: address.prefix,
      interface: address.interface,
      present: seen.held.has(addressKey(address)),
      claimedBy: seen.claims.get(address.address),
    })),
    counts: seen.counts,
  }
}
