/** `bfd_instance`: a session of Bidirectional Forwarding Detection (RFC 5880) with a neighbour. */
import type { Ip } from '../bytes/address.ts'

export interface BfdInstance {
  readonly name: string
  readonly neighbour: Ip
  readonly source: Ip | undefined
  readonly minRxMs: number
  readonly minTxMs: number
  readonly idleTxMs: number
  readonly multiplier: number
  readonly passive: boolean
  /** TTL or hop limit of what is sent. */
  readonly ttl: number
  /** By how much the TTL of what is received may be lower; 255: not checked. */
  readonly maxHops: number
  readonly weight: number
  readonly reverse: boolean
}
