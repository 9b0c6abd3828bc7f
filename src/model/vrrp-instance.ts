/** `vrrp_instance` and `vrrp_sync_group`. Intervals in milliseconds, whatever unit the wire uses. */
import type { Ip, IpFamily, Mac } from '../bytes/address.ts'
import type { Script } from './script.ts'

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
  /** Advertisements carry a proof of who made them, and when (`auth_hmac`). */
  readonly signature: Signature | undefined
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
  /** Multicast destination of this instance's family, unless `unicastPeers` are set. */
  readonly multicastGroup: Ip
  /** TTL limits of `unicastPeers`, for the peers that have any. */
  readonly unicastTtlLimits: readonly UnicastTtlLimit[]
  /** TTL of unicast advertisements; 255 unless configured. */
  readonly unicastTtl: number
  /** Drop unicast advertisements whose source is none of the peers. */
  readonly checkUnicastSource: boolean
  /** Fault while `sourceAddress` is not on this machine. */
  readonly trackSourceAddress: boolean
  readonly strict: boolean
  /** False: packets to the addresses are dropped unless this router owns them (RFC 9568 section 6.1, Accept_Mode). */
  readonly accept: boolean
  /** The addresses of an advertisement are compared only when it comes from another router than the last. */
  readonly skipCheckAdvertAddresses: boolean
  /** Checksums of version 3 over IPv4 leave the pseudo-header out (RFC 9568), where keepalived and RFC 5798 have it. */
  readonly checksumWithoutPseudoHeader: boolean
  /** While its priority is 255, it hears nobody. */
  readonly ownerIgnoresAdverts: boolean
  /**
   * An active router that could not send for so long that another one of this priority has taken over steps back;
   * undefined: it goes on.
   */
  readonly lateBackupPriority: number | undefined
  /** An active router that hears a lower priority does not answer with an advertisement. */
  readonly lowerPriorityNoAdvert: boolean
  /** An active router that hears a higher priority sends one last advertisement before it steps back. */
  readonly higherPrioritySendAdvert: boolean
  /** Virtual MAC by a macvlan device; undefined: the interface's own MAC. */
  readonly vmac: VirtualMac | undefined
  /** False: the instance's own interface going down is no fault. */
  readonly trackPrimary: boolean
  readonly track: Tracking
  readonly routes: readonly ConfiguredRoute[]
  readonly rules: readonly ConfiguredRule[]
  readonly promoteSecondaries: boolean
  readonly notify: VrrpNotify
}

/** PASS is a clear word of at most 8 bytes (RFC 2338); AH is HMAC-MD5-96 (RFC 2402). Version 2 only. */
export type VrrpAuthentication =
  | { readonly type: 'none' }
  | { readonly type: 'pass'; readonly password: string }
  | { readonly type: 'ah'; readonly password: string }

/** Every router of the virtual router has the same keys. */
export interface Signature {
  /** `hex:` and digits, or a text that is its own bytes. */
  readonly keys: readonly { readonly id: number; readonly key: string }[]
  /** The one that signs. */
  readonly activeKey: number
  /** How far the clocks of two routers may be apart; undefined: numbers need only grow. */
  readonly windowS: number | undefined
  /** `permissive` hears the unsigned as well, and `receive-only` does not sign either. */
  readonly mode: 'enforce' | 'permissive' | 'receive-only'
}

export interface VirtualAddress {
  readonly address: Ip
  readonly prefix: number
  /** Where it is added; undefined means the instance's interface. */
  readonly interface: string | undefined
  readonly label: string | undefined
  readonly broadcast: Ip | undefined
  readonly scope: 'global' | 'link' | 'host' | 'site' | 'nowhere'
  readonly peer: Ip | undefined
  /** IPv6 flags: home, nodad, mngtmpaddr, noprefixroute, autojoin. */
  readonly flags: readonly AddressFlag[]
  /** 0: deprecated, never chosen as a source address; undefined: for ever. */
  readonly preferredLifetimeS: number | undefined
}
export type AddressFlag = 'home' | 'nodad' | 'mngtmpaddr' | 'noprefixroute' | 'autojoin'

export interface UnicastTtlLimit {
  readonly peer: Ip
  readonly minTtl: number
  readonly maxTtl: number
}

export interface VirtualMac {
  /** Name of the device; undefined: `vrrp.51`, or `vrrp6.51`. */
  readonly interface: string | undefined
  /** Undefined: 00:00:5e:00:01:VRID, or 00:00:5e:00:02:VRID for IPv6. */
  readonly address: Mac | undefined
  /** Advertisements are sent from the interface below instead. */
  readonly transmitOnBase: boolean
}

/** What an instance or a group watches. A weight of 0 means: failure is a fault. */
export interface Tracking {
  readonly interfaces: readonly Tracked[]
  readonly scripts: readonly Tracked[]
  readonly files: readonly Tracked[]
  readonly processes: readonly Tracked[]
  readonly bfd: readonly Tracked[]
}
export interface Tracked {
  readonly name: string
  readonly weight: number
  readonly reverse: boolean
}

/** A route or rule in iproute2's words. */
export interface ConfiguredRoute {
  readonly words: readonly string[]
  readonly family: IpFamily
}
export type ConfiguredRule = ConfiguredRoute

/** Scripts by the state that is entered; `any` runs after them with four more arguments. */
export interface VrrpNotify {
  readonly master: Script | undefined
  readonly backup: Script | undefined
  readonly fault: Script | undefined
  readonly stop: Script | undefined
  readonly deleted: Script | undefined
  readonly masterReceivesLowerPriority: Script | undefined
  readonly any: Script | undefined
  readonly smtpAlert: boolean
  readonly priorityChanges: boolean
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
  /** Pause between two gratuitous ARPs, and between two unsolicited NAs, on one interface. */
  readonly arpIntervalMs: number
  readonly naIntervalMs: number
}

export interface VrrpSyncGroup {
  readonly name: string
  readonly instances: readonly string[]
  readonly track: Tracking
  readonly notify: VrrpNotify
  /** Weighted trackers change the priority of the members, which otherwise ignore weights. */
  readonly trackingWeight: boolean
}
