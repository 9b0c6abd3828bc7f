/** What the elections need of the machine and its segments; `kernel-network.ts` is the real one. */
import type { Ip, IpFamily, Mac } from '../bytes/address.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { HeldAddress, PlacedAddress } from '../reconcile/addresses.ts'
import type { OutgoingPacket } from '../vrrp/advertise.ts'
import type { Received } from '../vrrp/received.ts'

export interface ElectionNetwork {
  /** Hears on the interfaces of these instances, and on no others; also called when an interface came or went. */
  listen(instances: readonly VrrpInstance[]): void
  /** What the kernel says of an interface now; undefined if there is none of that name. */
  look(name: string): InterfaceState | undefined
  /** Throws KernelError. */
  send(instance: VrrpInstance, source: Ip, packet: OutgoingPacket): void
  /** One gratuitous ARP, or one unsolicited NA. Throws KernelError. */
  announce(name: string, address: Ip): void
  /** Every address of every interface. */
  held(): readonly HeldAddress[]
  /** Throws KernelError: EEXIST if it is there. */
  add(address: PlacedAddress): void
  /** Throws KernelError: EADDRNOTAVAIL if it is not there. */
  remove(address: HeldAddress): void
  close(): void
}

export interface InterfaceState {
  /** Administratively up and with a carrier. */
  readonly up: boolean
  /** In the kernel's order. */
  readonly addresses: readonly { readonly address: Ip; readonly linkLocal: boolean }[]
}

/** What the network tells the elections. */
export interface NetworkNews {
  readonly heard: (name: string, family: IpFamily, received: Received) => void
  /** Not a packet that any instance could judge. */
  readonly unreadable: (name: string, drop: string) => void
  /** Interfaces or their addresses changed. */
  readonly changed: () => void
  /** Somebody else's hardware address was seen to speak for `address`. */
  readonly claimed: (name: string, address: Ip, mac: Mac) => void
}
