/** Detects that somebody else claims an address of ours: two machines answer for it, and clients reach either. */
import type { Ip, Mac } from '../bytes/address.ts'
import type { Claim } from './claim.ts'

/** What we hold: the addresses, and every hardware address of this machine, virtual ones included. */
export interface Holdings {
  readonly addresses: ReadonlySet<Ip>
  readonly macs: ReadonlySet<Mac>
}

/** True if the claim takes an address of ours to a hardware address that is not. A switch that echoes us does not. */
export function isDuplicate({ addresses, macs }: Holdings, { address, mac }: Claim): boolean {
  return addresses.has(address) && !macs.has(mac)
}
