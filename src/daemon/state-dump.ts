/**
 * The state as keepalived writes it to files on a signal, for the tools that ask by signal and read the file: its text
 * (`keepalived.data`), its counters (`keepalived.stats`) and its JSON, version 1 (`keepalived.json`). Passwords are masked.
 */
import type { Configuration } from '../model/configuration.ts'
import type { VirtualAddress, VrrpInstance } from '../model/vrrp-instance.ts'
import type { InstanceSnapshot, Snapshot } from '../observe/snapshot.ts'

const STATE_NUMBERS = { INIT: 0, BACKUP: 1, MASTER: 2, FAULT: 3 } as const
const AUTHENTICATION_NUMBERS = { none: 0, pass: 1, ah: 2 } as const
const AUTHENTICATION_NAMES = { pass: 'SIMPLE_PASSWORD', ah: 'IPSEC_AH' } as const

/** The counters of keepalived.json, by the names that ours have. */
const COUNTERS = {
  advert_rcvd: ['received'],
  advert_sent: ['sent'],
  become_master: ['became-active'],
  release_master: ['released'],
  packet_len_err: ['short', 'length'],
  advert_interval_err: ['interval'],
  ip_ttl_err: ['hop-limit'],
  invalid_type_rcvd: ['type'],
  addr_list_err: ['address-count', 'address-list'],
  invalid_authtype: ['authentication-header'],
  authtype_mismatch: ['authentication-type'],
  auth_failure: ['password', 'integrity', 'spi', 'replay'],
  pri_zero_rcvd: ['received-priority-zero'],
  pri_zero_sent: ['sent-priority-zero'],
} as const
type Stats = Readonly<Record<keyof typeof COUNTERS, number>>

function statsOf({ counts }: InstanceSnapshot): Stats {
  const entries = Object.entries(COUNTERS).map(([name, ours]) => [
    name,
    ours.reduce((sum, label) => sum + (counts[label] ?? 0), 0),
  ])
  return Object.fromEntries(entries) as Stats
}

/** The instances that run, with how they are configured. */
function pairs(
  configuration: Configuration,
  { vrrp }: Snapshot,
): readonly (readonly [VrrpInstance, InstanceSnapshot])[] {
  return configuration.vrrpInstances.flatMap(instance => {
    const seen = vrrp.find(({ name }) => name === instance.name)
    return seen === undefined ? [] : [[instance, seen] as const]
  })
}

export function dumpJson(configuration: Configuration, snapshot: Snapshot): string {
  const all = pairs(configuration, snapshot).map(([instance, seen]) => ({
    data: instanceData(instance, seen),
    stats: statsOf(seen),
  }))
  return JSON.stringify(all)
}

function instanceData(instance: VrrpInstance, seen: InstanceSnapshot): object {
  const { garp, authentication } = instance
  const seconds = (ms: number) => ms / 1000
  return {
    iname: instance.name,
    dont_track_primary: Number(!instance.trackPrimary),
    skip_check_adv_addr: Number(instance.skipCheckAdvertAddresses),
    strict_mode: Number(instance.strict),
    vmac_ifname: instance.vmac === undefined ? '' : (instance.vmac.interface ?? `vrrp.${instance.routerId}`),
    ifp_ifname: instance.interface,
    master_priority: seen.state === 'BACKUP' ? (seen.activePriority ?? 0) : 0,
    last_transition: seconds(seen.sinceMs),
    garp_delay: seconds(garp.delayMs),
    garp_refresh: seconds(garp.refreshMs),
    garp_rep: garp.repeat,
    garp_refresh_rep: garp.refreshRepeat,
    garp_lower_prio_delay: seconds(garp.lowerPriorityDelayMs),
    garp_lower_prio_rep: garp.lowerPriorityRepeat,
    lower_prio_no_advert: Number(instance.lowerPriorityNoAdvert),
    higher_prio_send_advert: Number(instance.higherPrioritySendAdvert),
    vrid: instance.routerId,
    base_priority: instance.priority,
    effective_priority: seen.priority,
    vipset: seen.state === 'MASTER',
    promote_secondaries: instance.promoteSecondaries,
    adver_int: seconds(instance.advertIntervalMs),
    master_adver_int: seconds(instance.advertIntervalMs),
    accept: Number(instance.accept),
    nopreempt: !instance.preempt,
    preempt_delay: seconds(instance.preemptDelayMs),
    state: STATE_NUMBERS[seen.state],
    wantstate: STATE_NUMBERS[seen.state],
    version: instance.version,
    smtp_alert: instance.notify.smtpAlert,
    notify_deleted: instance.notify.deleted !== undefined,
    vips: instance.addresses.map(address => addressText(instance, address, seen)),
    evips: instance.excludedAddresses.map(address => addressText(instance, address, seen)),
    ...(instance.routes.length > 0 && { vroutes: instance.routes.map(({ words }) => words.join(' ')) }),
    ...(instance.rules.length > 0 && { vrules: instance.rules.map(({ words }) => words.join(' ')) }),
    ...(authentication.type !== 'none' && {
      auth_type: AUTHENTICATION_NUMBERS[authentication.type],
      auth_data: '********',
    }),
  }
}

/** `192.168.41.249 dev eth0 scope global set`. */
function addressText(
  instance: VrrpInstance,
  { address, prefix, interface: own, scope, label }: VirtualAddress,
  seen: InstanceSnapshot,
): string {
  const device = own ?? instance.interface
  const whole = prefix === (address.includes(':') ? 128 : 32)
  const set = seen.addresses.some(one => one.address === address && one.interface === device && one.present)
  const words = [`${address}${whole ? '' : `/${prefix}`}`, 'dev', device, 'scope', scope]
  return [...words, ...(label === undefined ? [] : ['label', label]), ...(set ? ['set'] : [])].join(' ')
}

export function dumpStats(configuration: Configuration, snapshot: Snapshot): string {
  return pairs(configuration, snapshot)
    .map(([{ name }, seen]) => {
      const stats = statsOf(seen)
      return `VRRP Instance: ${name}
  Advertisements:
    Received: ${stats.advert_rcvd}
    Sent: ${stats.advert_sent}
  Became master: ${stats.become_master}
  Released master: ${stats.release_master}
  Packet Errors:
    Length: ${stats.packet_len_err}
    TTL: ${stats.ip_ttl_err}
    Invalid Type: ${stats.invalid_type_rcvd}
    Advertisement Interval: ${stats.advert_interval_err}
    Address List: ${stats.addr_list_err}
  Authentication Errors:
    Invalid Type: ${stats.invalid_authtype}
    Type Mismatch: ${stats.authtype_mismatch}
    Failure: ${stats.auth_failure}
  Priority Zero:
    Received: ${stats.pri_zero_rcvd}
    Sent: ${stats.pri_zero_sent}
`
    })
    .join('')
}

export function dumpData(configuration: Configuration, snapshot: Snapshot): string {
  const group = (name: string) => configuration.vrrpSyncGroups.find(({ instances }) => instances.includes(name))
  const instances = pairs(configuration, snapshot).map(([instance, seen]) => {
    const { authentication, garp } = instance
    const lines = [
      ` VRRP Instance = ${instance.name}`,
      `   VRRP Version = ${instance.version}`,
      ...(group(instance.name) === undefined ? [] : [`   Sync group = ${group(instance.name)!.name}`]),
      `   State = ${seen.state}`,
      `   Wantstate = ${seen.state}`,
      `   Last transition = ${(seen.sinceMs / 1000).toFixed(6)} (${new Date(seen.sinceMs).toISOString()})`,
      `   Interface = ${instance.interface}`,
      ...(instance.sourceAddress === undefined ? [] : [`   Using src_ip = ${instance.sourceAddress}`]),
      ...(instance.unicastPeers.length > 0 ? [] : [`   Multicast address ${instance.multicastGroup}`]),
      `   Gratuitous ARP delay = ${garp.delayMs / 1000}`,
      `   Gratuitous ARP repeat = ${garp.repeat}`,
      `   Gratuitous ARP refresh = ${garp.refreshMs / 1000}`,
      `   Gratuitous ARP refresh repeat = ${garp.refreshRepeat}`,
      `   Gratuitous ARP lower priority delay = ${garp.lowerPriorityDelayMs / 1000}`,
      `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
      `   Down timer adverts = ${instance.downTimerAdverts}`,
      `   Virtual Router ID = ${instance.routerId}`,
      `   Priority = ${instance.priority}`,
      `   Effective priority = ${seen.priority}`,
      `   Advert interval = ${instance.version === 2 ? `${instance.advertIntervalMs / 1000} sec` : `${instance.advertIntervalMs} milli-sec`}`,
      `   Accept = ${instance.accept ? 'enabled' : 'disabled'}`,
      `   Preempt = ${instance.preempt ? 'enabled' : 'disabled'}`,
      ...(instance.preemptDelayMs > 0 ? [`   Preempt delay = ${instance.preemptDelayMs / 1000} secs`] : []),
      `   Promote_secondaries = ${instance.promoteSecondaries ? 'enabled' : 'disabled'}`,
      ...(authentication.type === 'none'
        ? ['   Authentication type = none']
        : [`   Authentication type = ${AUTHENTICATION_NAMES[authentication.type]}`, '   Password = ********']),
      ...listed('Virtual IP', instance, instance.addresses, seen),
      ...listed('Virtual IP Excluded', instance, instance.excludedAddresses, seen),
    ]
    return lines.join('\n')
  })
  return `------< VRRP Topology >------\n${instances.join('\n')}\n`
}

function listed(
  title: string,
  instance: VrrpInstance,
  addresses: readonly VirtualAddress[],
  seen: InstanceSnapshot,
): readonly string[] {
  if (addresses.length === 0) return []
  return [
    `   ${title} (${addresses.length}):`,
    ...addresses.map(address => `     ${addressText(instance, address, seen)}`),
  ]
}
