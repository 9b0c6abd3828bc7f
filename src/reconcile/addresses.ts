/**
 * What it takes for the interfaces to hold the virtual addresses we want, and no more of ours than those.
 *
 * `owned` names the addresses that we put there ourselves, in this life or before a crash: nothing else is ever
 * removed, even where somebody's address is one of our virtual addresses.
 */
import type { Ip } from '../bytes/address.ts'
import type { VirtualAddress } from '../model/vrrp-instance.ts'

/** A virtual address with the interface it goes to written out. */
export interface PlacedAddress extends VirtualAddress {
  readonly interface: string
}

/** What an interface holds; anything more the kernel knows of it does not matter here. */
export interface HeldAddress {
  readonly interface: string
  readonly address: Ip
  readonly prefix: number
}

export type AddressOperation =
  | { readonly type: 'add'; readonly address: PlacedAddress }
  | { readonly type: 'delete'; readonly address: HeldAddress }

/** `eth0 192.168.41.249/32`: the kernel tells addresses of one interface apart by address and prefix. */
export function addressKey({ interface: name, address, prefix }: HeldAddress): string {
  return `${name} ${address}/${prefix}`
}

/** Deletions come first: an address that moves to another interface is never on both. */
export function planAddresses(
  desired: readonly PlacedAddress[],
  observed: readonly HeldAddress[],
  owned: ReadonlySet<string>,
): readonly AddressOperation[] {
  const wanted = new Map(desired.map(address => [addressKey(address), address]))
  const held = new Set(observed.map(addressKey))
  const gone = observed.filter(address => owned.has(addressKey(address)) && !wanted.has(addressKey(address)))
  const missing = [...wanted.values()].filter(address => !held.has(addressKey(address)))
  return [
    ...gone.map(address => ({ type: 'delete', address }) as const),
    ...missing.map(address => ({ type: 'add', address }) as const),
  ]
}
