import type { Ip } from '../bytes/address.ts'

/** What the kernel holds, as far as the real server's side goes by it. */
export interface Observation {
  readonly loopbackUp: boolean
  readonly addresses: readonly { readonly interface: string; readonly address: Ip; readonly prefix: number }[]
  /** Destinations of host routes to `lo` in the main table. */
  readonly loopbackRoutes: readonly Ip[]
  /** Name to value; a name that this kernel does not have is missing. */
  readonly sysctls: Readonly<Record<string, string>>
}

/** True if `address` is on `lo` for itself alone, as /32 or /128. */
export function isOnLoopback(observation: Observation, address: Ip): boolean {
  return observation.addresses.some(
    held => held.interface === 'lo' && held.address === address && held.prefix === hostPrefix(address),
  )
}

export function hostPrefix(address: Ip): 32 | 128 {
  return address.includes(':') ? 128 : 32
}
