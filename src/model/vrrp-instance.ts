/** `vrrp_instance` and `vrrp_sync_group`. Intervals in milliseconds, whatever unit the wire uses. */
import type { Ip, IpFamily } from '../bytes/address.ts'

export interface VrrpInstance {
  readonly name: string
  /** What the configuration calls MASTER or BACKUP; only an owner (priority 255) starts as active. */
  readonly initialState: 'master' | 'backup'
  readonly interface: string
  readonly version: 2 | 3
  readonly family: IpFamily
  readonly routerId: number
  readonly priority: number
  readonly advertIntervalMs: number
  readonly authentication: VrrpAuthentication
  /** In the order of the configuration, which is the order on the wire. */
  readonly addresses: readonly VirtualAddress[]
  readonly excludedAddresses: readonly VirtualAddress[]
  readonly preempt: boolean
  readonly preemptDelayMs: number
  /** Source of the advertisements; undefined means the interface's first address. */
  readonly sourceAddress: Ip | undefined
  /** Empty means multicast. */
  readonly unicastPeers: readonly Ip[]
  readonly garp: GarpSchedule
  /** Advertisement intervals of silence before a backup takes over; 3 in the RFCs. */
  readonly downTimerAdverts: number
}

/** PASS is a clear word of at most 8 bytes (RFC 2338); AH is HMAC-MD5-96 (RFC 2402). Version 2 only. */
export type VrrpAuthentication =
  | { readonly type: 'none' }
  | { readonly type: 'pass'; readonly password: string }
  | { readonly type: 'ah'; readonly password: string }

export interface VirtualAddress {
  readonly address: Ip
  readonly prefix: number
  /** Where it is added; undefined means the instance's interface. */
  readonly interface: string | undefined
  readonly label: string | undefined
  readonly broadcast: Ip | undefined
  readonly scope: 'global' | 'link' | 'host' | 'site'
}

/** When and how often an active router announces its addresses by gratuitous ARP or unsolicited NA. */
export interface GarpSchedule {
  readonly repeat: number
  /** The second burst comes this long after the first; 0: no second burst. */
  readonly delayMs: number
  /** 0: no refresh. */
  readonly refreshMs: number
  readonly refreshRepeat: number
  readonly lowerPriorityDelayMs: number
  readonly lowerPriorityRepeat: number
}

export interface VrrpSyncGroup {
  readonly name: string
  readonly instances: readonly string[]
}
