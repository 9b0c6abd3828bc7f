/** `bfd_instance`: a session of Bidirectional Forwarding Detection (RFC 5880) with a neighbour. */
import type { Ip } from '../bytes/address.ts'

export interface BfdInstance {
  readonly name: string
  readonly neighbour: Ip
  /** Undefined: the one that the routes say. */
  readonly source: Ip | undefined
  /** RFC 5883: several hops away, and another port. */
  readonly multihop: boolean
  readonly minRxMs: number
  readonly minTxMs: number
  /** Between packets while the session is not up. */
  readonly idleTxMs: number
  readonly multiplier: number
  /** Says nothing before the neighbour has. */
  readonly passive: boolean
  /** TTL or hop limit of what is sent. */
  readonly ttl: number
  /** By how much the TTL of what is received may be lower; undefined: by any number. */
  readonly maxHops: number | undefined
  /** What it adds to the priority of instances that do not say so themselves. */
  readonly weight: number
  readonly reverse: boolean
  /** Who may follow it: `track_bfd` of VRRP, BFD_CHECK of real servers. */
  readonly forVrrp: boolean
  readonly forCheckers: boolean
}
