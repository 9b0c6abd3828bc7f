import { type Ip, ip } from '../../bytes/address.ts'
import type { Tracking, VirtualAddress, VrrpInstance, VrrpNotify } from '../../model/vrrp-instance.ts'

const TRACKING: Tracking = { interfaces: [], scripts: [], files: [], processes: [], bfd: [] }

const NOTIFY: VrrpNotify = {
  master: undefined,
  backup: undefined,
  fault: undefined,
  stop: undefined,
  deleted: undefined,
  masterReceivesLowerPriority: undefined,
  any: undefined,
  smtpAlert: false,
  priorityChanges: false,
}

/** keepalived's defaults, with one address and second bursts after 5 s, as a configuration of four lines would have it. */
export const INSTANCE: VrrpInstance = {
  name: 'VI_1',
  initialState: 'backup',
  interface: 'eth0',
  version: 2,
  family: 4,
  routerId: 51,
  priority: 100,
  advertIntervalMs: 1000,
  authentication: { type: 'none' },
  signature: undefined,
  addresses: [virtualAddress(ip('10.0.0.100'))],
  excludedAddresses: [],
  preempt: true,
  preemptDelayMs: 0,
  sourceAddress: undefined,
  unicastPeers: [],
  garp: {
    repeat: 5,
    delayMs: 5000,
    refreshMs: 0,
    refreshRepeat: 1,
    lowerPriorityDelayMs: 5000,
    lowerPriorityRepeat: 5,
    arpIntervalMs: 0,
    naIntervalMs: 0,
  },
  downTimerAdverts: 3,
  multicastGroup: ip('224.0.0.18'),
  unicastTtlLimits: [],
  unicastTtl: 255,
  checkUnicastSource: false,
  trackSourceAddress: false,
  strict: false,
  accept: true,
  skipCheckAdvertAddresses: false,
  checksumWithoutPseudoHeader: false,
  ownerIgnoresAdverts: false,
  lateBackupPriority: undefined,
  lowerPriorityNoAdvert: false,
  higherPrioritySendAdvert: false,
  vmac: undefined,
  trackPrimary: true,
  track: TRACKING,
  routes: [],
  rules: [],
  promoteSecondaries: false,
  notify: NOTIFY,
}

export function virtualAddress(address: Ip): VirtualAddress {
  return {
    address,
    prefix: address.includes(':') ? 128 : 32,
    interface: undefined,
    label: undefined,
    broadcast: undefined,
    scope: 'global',
    peer: undefined,
    flags: [],
    preferredLifetimeS: undefined,
  }
}
