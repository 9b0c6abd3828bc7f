import type { Ip } from '../bytes/address.ts'

/** What an IP packet carries, and between whom. */
export interface Carried {
  readonly source: Ip
  readonly destination: Ip
  readonly protocol: number
  readonly payload: Uint8Array
  /** What the header says; more than there is if the packet was cut short. */
  readonly length: number
}
