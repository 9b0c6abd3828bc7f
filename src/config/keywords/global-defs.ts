/** `global_defs`. */
import { type Ip, ip } from '../../bytes/address.ts'
import type { ConfiguredSyncDaemon, GlobalDefinitions, NotifyFifo, TimedScript } from '../../model/global.ts'
import type { Script } from '../../model/script.ts'
import type { GarpSchedule } from '../../model/vrrp-instance.ts'
import { type Context, from } from '../context.ts'
import { first, ignored, type Keyword, once, readBlock, refused, type Table, table, words } from '../keyword.ts'
import { NO_LINE } from '../line.ts'
import { command, script } from '../script-value.ts'
import type { Statement } from '../statement.ts'
import {
  address,
  anything,
  boolean,
  choice,
  flag,
  integer,
  present,
  presentWith,
  readAddress,
  readInteger,
  text,
  timer,
  type Value,
} from '../value.ts'

/** What blocks take over from `global_defs` where they say nothing themselves. */
export interface Defaults {
  readonly version: 2 | 3 | undefined
  readonly strict: boolean
  readonly garp: GarpSchedule
  readonly downTimerAdverts: number
  readonly lowerPriorityNoAdvert: boolean | undefined
  readonly ownerIgnoresAdverts: boolean
  readonly checksumWithoutPseudoHeader: boolean
  readonly higherPrioritySendAdvert: boolean | undefined
  readonly checkUnicastSource: boolean
  readonly skipCheckAdvertAddresses: boolean
  readonly priorityChanges: boolean
  readonly multicastGroup4: Ip
  readonly multicastGroup6: Ip
  readonly defaultInterface: string
  readonly smtpAlertVrrp: boolean | undefined
  readonly smtpAlertChecker: boolean | undefined
  readonly logAllFailures: boolean
}

const DAY_S = 86_400
const UNSIGNED = 0xffff_ffff

const PROCESS = ignored('it tunes a process of keepalived; sluice runs its elections in a process of their own')
const BUFFER = ignored('sluice sizes its sockets by itself')
const FIREWALL = ignored('sluice needs no firewall rules of its own')
const SNMP = ignored('sluice has no SNMP agent; see "sluice status --json" and its metrics')
const DBUS = ignored('sluice is not on D-Bus; see "sluice status --json"')
const DEBUGGING = ignored('it helps to debug keepalived itself')
const NAMING = ignored('it names files of keepalived that sluice does not write')
const SENT = ignored('sluice always does so')

const smtpServer: Value<{ readonly host: string; readonly port: number }> = {
  syntax: 'ADDRESS|NAME [PORT]',
  read(words) {
    const host = words.need()
    if (host === undefined) return undefined
    const port = words.take()
    const number = port === undefined ? 25 : readInteger(words, port, 1, 65535)
    return number === undefined ? undefined : { host: host.text, port: number }
  },
}

const timeouts: Value<{ readonly tcpS: number; readonly tcpFinS: number; readonly udpS: number }> = {
  syntax: '[tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]',
  read(words) {
    const found: Record<string, number> = { tcp: 0, tcpfin: 0, udp: 0 }
    for (let word = words.need(); word !== undefined; word = words.take()) {
      if (!Object.hasOwn(found, word.text)) return words.refuse(word, 'tcp, tcpfin or udp')
      const value = words.need()
      const seconds = value === undefined ? undefined : readInteger(words, value, 1, 0x7fff_ffff)
      if (seconds === undefined) return undefined
      found[word.text] = seconds
    }
    return { tcpS: found.tcp!, tcpFinS: found.tcpfin!, udpS: found.udp! }
  },
}

const syncDaemon: Value<ConfiguredSyncDaemon> = {
  syntax: 'INTERFACE [[inst] VRRP_INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]',
  read(words) {
    const device = words.need()
    if (device === undefined) return undefined
    let vrrpInstance: string | undefined
    let group = ip('224.0.0.81')
    const numbers: Record<string, number | undefined> = {}
    const limits: Readonly<Record<string, readonly [number, number]>> = {
      id: [0, 255],
      maxlen: [1, 65507],
      port: [1, 65535],
      ttl: [1, 255],
    }
    for (let word = words.take(); word !== undefined; word = words.take()) {
      const limit = Object.hasOwn(limits, word.text) ? limits[word.text] : undefined
      if (word.text === 'inst') vrrpInstance = words.need()?.text
      else if (word.text === 'group') {
        const value = words.need()
        group = (value === undefined ? undefined : readAddress(words, value)) ?? group
      } else if (limit !== undefined) {
        const value = words.need()
        if (value !== undefined) numbers[word.text] = readInteger(words, value, ...limit)
      } else if (vrrpInstance === undefined) vrrpInstance = word.text
      else return words.refuse(word)
    }
    return {
      interface: device.text,
      vrrpInstance,
      syncId: numbers.id,
      maxLength: numbers.maxlen,
      port: numbers.port ?? 8848,
      ttl: numbers.ttl ?? 1,
      group,
    }
  },
}

const user: Value<{ readonly user: string; readonly group: string | undefined }> = {
  syntax: 'USER [GROUP]',
  read(words) {
    const name = words.need()
    return name === undefined ? undefined : { user: name.text, group: words.take()?.text }
  },
}

const fifo: Value<string> = {
  syntax: 'PATH [USER [GROUP]]',
  read(words) {
    const path = words.need()
    words.takeAll()
    return path?.text
  },
}

const extraGarp: Value<number> = {
  syntax: '[all] SECONDS',
  read(words) {
    words.takeIf('all')
    const seconds = words.need()
    return seconds === undefined ? undefined : readInteger(words, seconds, 0, DAY_S)
  },
}

const dynamic: Value<boolean> = presentWith('allow_if_changes')
/** With VS only its own services go, one by one, as they do anyway. */
const flushOnStop: Value<boolean> = { syntax: '[VS]', read: words => !words.takeIf('VS') }
const seconds = integer(0, UNSIGNED)

const KEYWORDS = {
  router_id: once(text('NAME'), { doc: 'Names this machine in mail and logs. Default: the host name.' }),
  notification_email: words('ADDRESS', { doc: 'Whom mail about transitions goes to.' }),
  notification_email_from: once(text('ADDRESS'), {
    doc: 'The sender of that mail. Default: keepalived@ the host name.',
  }),
  smtp_server: once(smtpServer, { doc: 'The mail server.' }),
  smtp_helo_name: once(text('NAME'), { doc: 'What HELO says. Default: the host name.' }),
  smtp_connect_timeout: once(timer(0, UNSIGNED), {
    default: 30_000,
    doc: 'How long a connection to the mail server may take.',
  }),
  smtp_alert: once(boolean, { doc: 'Mail for everything that does not say otherwise.' }),
  smtp_alert_vrrp: once(boolean, { doc: 'Mail for VRRP instances and groups that do not say otherwise.' }),
  smtp_alert_checker: once(boolean, { doc: 'Mail for servers that do not say otherwise.' }),
  no_email_faults: once(present, { doc: 'No mail for faults.' }),
  no_checker_emails: once(present, { doc: 'Mail only when a server leaves or joins, not for each checker.' }),
  checker_log_all_failures: once(flag, { default: false, doc: 'Logs every failed check, not only the last retry.' }),
  default_interface: once(text('INTERFACE'), {
    default: 'eth0',
    doc: 'Where static addresses go that name no interface.',
  }),
  lvs_sync_daemon: once(syncDaemon, {
    doc: 'Sends and receives connections, so that a backup holds them too.',
  }),
  lvs_timeouts: once(timeouts, { doc: 'Timeouts of idle connections.' }),
  lvs_flush: once(present, { doc: 'Empties the service table at start.' }),
  lvs_flush_on_stop: once(flushOnStop, {
    default: false,
    doc: 'Empties the service table at stop: with VS of its own services alone, as without the word.',
  }),
  vrrp_mcast_group4: once(address(4), { default: ip('224.0.0.18'), doc: 'Where IPv4 advertisements go.' }),
  vrrp_mcast_group6: once(address(6), { default: ip('ff02::12'), doc: 'Where IPv6 advertisements go.' }),
  vrrp_version: once(choice('2', '3'), { doc: 'Version of instances that name none. Default: 2, and 3 for IPv6.' }),
  vrrp_strict: once(present, {
    doc: 'Refuses whatever the RFCs do not have: authentication, unicast, packets to addresses one does not own.',
  }),
  vrrp_garp_master_delay: once(seconds, {
    default: 5,
    doc: 'The second burst of gratuitous ARPs comes this much later; 0: none.',
  }),
  vrrp_garp_master_repeat: once(seconds, { default: 5, doc: 'Gratuitous ARPs in a burst.' }),
  vrrp_garp_master_refresh: once(seconds, { default: 0, doc: 'Seconds between bursts while active; 0: none.' }),
  vrrp_garp_master_refresh_repeat: once(seconds, { default: 1, doc: 'Gratuitous ARPs in such a burst.' }),
  vrrp_garp_lower_prio_delay: once(seconds, {
    doc: 'The second burst after a lower advertisement. Default: vrrp_garp_master_delay.',
  }),
  vrrp_garp_lower_prio_repeat: once(seconds, { doc: 'Gratuitous ARPs in it. Default: vrrp_garp_master_repeat.' }),
  vrrp_garp_interval: once(timer(0, 4294), { default: 0, doc: 'Pause between two gratuitous ARPs on an interface.' }),
  vrrp_gna_interval: once(timer(0, 4294), {
    default: 0,
    doc: 'Pause between two unsolicited neighbour advertisements.',
  }),
  vrrp_min_garp: once(flag, { default: false, doc: 'One gratuitous ARP, and no second burst.' }),
  vrrp_garp_extra_if: once(extraGarp, {
    doc: 'Announces on the other interfaces of an instance every so often.',
    standing: refused('only the interfaces of the addresses are announced on'),
  }),
  vrrp_vmac_garp_intvl: once(extraGarp, {
    doc: 'Old name of vrrp_garp_extra_if.',
    instead: 'vrrp_garp_extra_if',
    standing: refused('only the interfaces of the addresses are announced on'),
  }),
  vrrp_lower_prio_no_advert: once(flag, { doc: 'No answer to an advertisement of lower priority.' }),
  vrrp_higher_prio_send_advert: once(flag, {
    doc: 'One last advertisement before stepping back for a higher priority.',
  }),
  vrrp_down_timer_adverts: once(integer(1, 100), { default: 3, doc: 'Silent intervals before a takeover.' }),
  vrrp_check_unicast_src: once(present, { doc: 'Unicast advertisements must come from a configured peer.' }),
  vrrp_skip_check_adv_addr: once(flag, {
    default: false,
    doc: 'Compares the addresses of an advertisement only when its sender is new.',
  }),
  vrrp_startup_delay: once(timer(0, 3600), { default: 0, doc: 'Instances start this much later.' }),
  vrrp_delay_after_boot: once(timer(0, 3600), {
    default: 0,
    doc: 'Instances start no earlier than so long after the machine did.',
    since: '2.4.0',
  }),
  vrrp_owner_ignore_adverts: once(flag, {
    default: false,
    doc: 'An address owner ignores the advertisements of others.',
    since: '2.3.3',
  }),
  v3_checksum_as_v2: once(flag, {
    doc: 'VRRPv3 checksums over IPv4 leave the pseudo-header out.',
    since: '2.2.8',
    default: false,
  }),
  log_unknown_vrids: once(present, { doc: 'Logs advertisements with router ids that are not configured here.' }),
  dynamic_interfaces: once(dynamic, { default: false, doc: 'Interfaces may be missing at start.' }),
  script_user: once(user, { doc: 'Whom scripts run as that name nobody.' }),
  enable_script_security: once(present, { doc: 'No script runs as root that others may change.' }),
  startup_script: first(script, { doc: 'Run before anything else.' }),
  startup_script_timeout: once(integer(1, 1000), { default: 10, doc: 'How long it may take.' }),
  shutdown_script: first(script, { doc: 'Run after everything else.' }),
  shutdown_script_timeout: once(integer(1, 1000), { default: 10, doc: 'How long it may take.' }),
  notify_fifo: first(fifo, { doc: 'A named pipe that gets a line an event.' }),
  notify_fifo_script: first(command, { doc: 'The program that reads it.' }),
  vrrp_notify_fifo: first(fifo, { doc: 'The same for VRRP alone.' }),
  vrrp_notify_fifo_script: first(command, { doc: 'The program that reads it.' }),
  lvs_notify_fifo: first(fifo, { doc: 'The same for servers alone.' }),
  lvs_notify_fifo_script: first(command, { doc: 'The program that reads it.' }),
  fifo_write_vrrp_states_on_reload: once(present, {
    doc: 'Writes all states again at reload.',
    standing: ignored('a reload that changes no state writes none'),
  }),
  vrrp_notify_priority_changes: once(flag, { default: false, doc: 'Writes changes of priority too.' }),
  rs_init_notifies: once(present, { doc: 'Real servers that start are notified too.' }),
  reload_check_config: once(anything('[LOG]'), { doc: 'A reload begins with a test of the file.', standing: SENT }),
  include_check: once(anything('[+|-]readable|match|wildcard_match|brace_match …'), {
    doc: 'Which missing files an include complains about, in this file and those inside it.',
  }),
  net_namespace: once(text('NAME'), {
    doc: 'The network namespace to run in.',
    standing: refused('start sluice inside it: ip netns exec NAME sluice run'),
  }),

  vrrp_iptables: once(anything('[in [out]]'), { doc: 'iptables chains for no_accept.', standing: FIREWALL }),
  vrrp_ipsets: once(anything(), { doc: 'ipsets for no_accept.', standing: FIREWALL }),
  nftables: once(anything(), { doc: 'The nftables table for no_accept.', standing: FIREWALL }),
  nftables_priority: once(integer(-0x8000_0000, 0x7fff_ffff), { doc: 'Its priority.', standing: FIREWALL }),
  nftables_counters: once(present, { doc: 'Counters in its rules.', standing: FIREWALL }),
  nftables_ifindex: once(present, { doc: 'Interfaces by number in its rules.', standing: FIREWALL }),
  nftables_ipvs: once(anything(), {
    doc: 'Marks the packets of a virtual server group.',
    standing: ignored('sluice looks up every address of a group by itself'),
  }),
  nftables_ipvs_priority: once(integer(-0x8000_0000, 0x7fff_ffff), { doc: 'Its priority.', standing: FIREWALL }),
  nftables_ipvs_start_fwmark: once(integer(1, UNSIGNED), { doc: 'The first mark.', standing: FIREWALL }),
  disable_local_igmp: once(present, {
    doc: 'No IGMP reports for local groups.',
    standing: ignored('sluice leaves this setting of the machine alone'),
  }),
  vmac_prefix: once(text('TEXT'), {
    default: 'vrrp',
    doc: 'How virtual MAC devices are named.',
    standing: ignored('they are called vrrp.VRID and vrrp6.VRID unless use_vmac names them'),
  }),
  vmac_addr_prefix: once(text('TEXT'), { doc: 'How those of single addresses are named.', standing: NAMING }),

  process_names: once(present, { doc: 'Names the processes.', standing: PROCESS }),
  process_name: once(text('NAME'), { doc: 'Names the parent process.', standing: PROCESS }),
  ...eachProcess(),
  max_auto_priority: once(anything(), { doc: 'Raises priorities by itself.', standing: PROCESS }),
  min_auto_priority_delay: once(integer(1, 10_000_000), { doc: 'After how late a timer.', standing: PROCESS }),
  umask: once(text('BITS'), { doc: 'Of the files that are written.', standing: PROCESS }),

  ...buffers('vrrp_netlink_cmd', 'vrrp_netlink_monitor', 'lvs_netlink_cmd', 'lvs_netlink_monitor', 'process_monitor'),
  vrrp_rx_bufs_policy: once(text('MTU|ADVERT|BYTES'), { doc: 'How receive buffers are sized.', standing: BUFFER }),
  vrrp_rx_bufs_multiplier: once(integer(1, UNSIGNED), { doc: 'And how many times that.', standing: BUFFER }),

  snmp_socket: once(text('SOCKET'), { doc: 'Where the SNMP agent is.', standing: SNMP }),
  ...flags(
    SNMP,
    'enable_snmp_vrrp',
    'enable_snmp_keepalived',
    'enable_snmp_checker',
    'enable_snmp_rfc',
    'enable_snmp_rfcv2',
    'enable_snmp_rfcv3',
    'enable_traps',
  ),
  snmp_vs_stats_update_interval: once(timer(0, UNSIGNED), {
    doc: 'Age of statistics.',
    since: '2.3.0',
    standing: SNMP,
  }),
  snmp_rs_stats_update_interval: once(timer(0, UNSIGNED), {
    doc: 'Age of statistics.',
    since: '2.3.0',
    standing: SNMP,
  }),
  ...flags(DBUS, 'enable_dbus', 'dbus_no_interface_name'),
  dbus_service_name: once(text('NAME'), { doc: 'The name on D-Bus.', standing: DBUS }),
  json_version: once(choice('1', '2'), {
    doc: 'The form of the JSON dump.',
    since: '2.2.8',
    standing: ignored('sluice status --json has a form of its own'),
  }),

  tmp_config_directory: once(text('DIRECTORY'), { doc: 'Where copies of the configuration go.', standing: DEBUGGING }),
  config_save_dir: once(text('DIRECTORY'), { doc: 'Where configurations are saved at reload.', standing: DEBUGGING }),
  random_seed: once(integer(0, UNSIGNED), { doc: 'For _RANDOM.', standing: DEBUGGING }),
  reload_time_file: once(text('PATH'), {
    doc: 'A file that says when to reload.',
    standing: refused('send SIGHUP at that time instead'),
  }),
  reload_repeat: once(present, { doc: 'Keeps that file.', standing: ignored('reload_time_file is refused anyway') }),
  reload_file: once(anything(), { doc: 'A file that exists while the configuration is read.', standing: NAMING }),
  data_use_instance: once(flag, { doc: 'Names dumps after the instance.', standing: NAMING }),
  state_dump_file: once(text('PATH'), { doc: 'Where the state is dumped.', since: '2.3.3', standing: NAMING }),
  stats_dump_file: once(text('PATH'), { doc: 'Where statistics are dumped.', since: '2.3.3', standing: NAMING }),
  json_dump_file: once(text('PATH'), { doc: 'Where JSON is dumped.', since: '2.3.3', standing: NAMING }),
  iproute_usr_dir: once(text('DIRECTORY'), { doc: 'Where names of tables are.', since: '2.3.2', standing: NAMING }),
  iproute_etc_dir: once(text('DIRECTORY'), { doc: 'Where names of tables are.', since: '2.3.2', standing: NAMING }),
  use_symlink_paths: once(flag, {
    doc: 'Does not resolve links of scripts.',
    since: '2.3.0',
    standing: ignored('sluice runs scripts by the path that is written'),
  }),
  set_supplementary_groups: once(present, {
    doc: 'Scripts get all groups of their user.',
    since: '2.3.0',
    standing: ignored('scripts run with the group of their user alone'),
  }),
  lvs_flush_onstop: once(flushOnStop, { doc: 'Old name of lvs_flush_on_stop.', instead: 'lvs_flush_on_stop' }),
} as const

function eachProcess(): Readonly<Record<string, Keyword<unknown>>> {
  const found: Record<string, Keyword<unknown>> = {}
  for (const process of ['vrrp', 'checker', 'bfd']) {
    found[`${process}_process_name`] = once(text('NAME'), { doc: `Names the ${process} process.`, standing: PROCESS })
    found[`${process}_priority`] = once(integer(-20, 19), { doc: 'Its priority.', standing: PROCESS })
    found[`${process}_no_swap`] = once(present, { doc: 'Keeps it in memory.', standing: PROCESS })
    found[`${process}_rt_priority`] = once(integer(1, 99), { doc: 'Its real-time priority.', standing: PROCESS })
    found[`${process}_cpu_affinity`] = once(anything(), { doc: 'Its processors.', standing: PROCESS })
    found[`${process}_rlimit_rttime`] = once(integer(1, UNSIGNED), {
      doc: 'Its time between system calls.',
      standing: PROCESS,
    })
    found[`${process}_rlimit_rtime`] = found[`${process}_rlimit_rttime`]!
  }
  found.lvs_process_name = found.checker_process_name!
  return found
}

function buffers(...sockets: readonly string[]): Readonly<Record<string, Keyword<unknown>>> {
  const found: Record<string, Keyword<unknown>> = {}
  for (const socket of sockets) {
    found[`${socket}_rcv_bufs`] = once(integer(1, 0x7fff_ffff), { doc: 'Size of a receive buffer.', standing: BUFFER })
    found[`${socket}_rcv_bufs_force`] = once(flag, { doc: 'Beyond the limit of the machine.', standing: BUFFER })
  }
  return found
}

function flags(
  standing: ReturnType<typeof ignored>,
  ...names: readonly string[]
): Readonly<Record<string, Keyword<unknown>>> {
  return Object.fromEntries(names.map(name => [name, once(flag, { doc: 'Switches it on.', standing })]))
}

export const GLOBAL_DEFS: Table = table(
  'global_defs',
  {
    doc: 'Who this machine is, whom it mails, and defaults for the other blocks.',
    former: {
      state_file_location: 'the manual has it, keepalived calls it state_dump_file',
      lvs_id: 'today: router_id',
    },
  },
  KEYWORDS,
)

/** All `global_defs` blocks together, the last word winning. */
export function elaborateGlobal(
  statements: readonly Statement[],
  hostName: string,
  context: Context,
): { readonly global: GlobalDefinitions; readonly defaults: Defaults } {
  const [head] = statements
  const merged = { line: head?.line ?? NO_LINE, children: statements.flatMap(each => each.children ?? []) }
  const reading = readBlock(KEYWORDS, merged, context.report)
  const { values } = reading
  const timed = (script: Script | undefined, seconds: number): TimedScript | undefined =>
    script === undefined ? undefined : { script, timeoutMs: seconds * 1000 }
  const pipe = (path: string | undefined, script: Script | undefined): NotifyFifo | undefined =>
    path === undefined ? undefined : { path, script }
  const global: GlobalDefinitions = {
    routerId: values.router_id ?? hostName,
    notificationEmails: values.notification_email.map(word => word.text),
    notificationEmailFrom: values.notification_email_from,
    smtpServer: values.smtp_server,
    smtpHeloName: values.smtp_helo_name,
    smtpConnectTimeoutMs: values.smtp_connect_timeout,
    noEmailFaults: values.no_email_faults ?? false,
    noCheckerEmails: values.no_checker_emails ?? false,
    vrrpStartupDelayMs: values.vrrp_startup_delay,
    vrrpDelayAfterBootMs: values.vrrp_delay_after_boot,
    logUnknownRouterIds: values.log_unknown_vrids ?? false,
    defaultInterface: values.default_interface,
    dynamicInterfaces: values.dynamic_interfaces,
    scriptUser: values.script_user,
    scriptSecurity: values.enable_script_security ?? false,
    startupScript: timed(values.startup_script, values.startup_script_timeout),
    shutdownScript: timed(values.shutdown_script, values.shutdown_script_timeout),
    notifyFifo: pipe(values.notify_fifo, values.notify_fifo_script),
    vrrpNotifyFifo: pipe(values.vrrp_notify_fifo, values.vrrp_notify_fifo_script),
    lvsNotifyFifo: pipe(values.lvs_notify_fifo, values.lvs_notify_fifo_script),
    notifyInitialRealServers: values.rs_init_notifies ?? false,
    lvsFlush: values.lvs_flush ?? false,
    lvsFlushOnStop: values.lvs_flush_on_stop,
    lvsTimeouts: values.lvs_timeouts,
    lvsSyncDaemon: values.lvs_sync_daemon,
  }
  const repeat = values.vrrp_min_garp ? 1 : values.vrrp_garp_master_repeat
  const delayMs = values.vrrp_min_garp ? 0 : values.vrrp_garp_master_delay * 1000
  const defaults: Defaults = {
    version: values.vrrp_version === undefined ? undefined : values.vrrp_version === '2' ? 2 : 3,
    strict: values.vrrp_strict ?? false,
    garp: {
      repeat,
      delayMs,
      refreshMs: values.vrrp_garp_master_refresh * 1000,
      refreshRepeat: values.vrrp_garp_master_refresh_repeat,
      lowerPriorityDelayMs:
        values.vrrp_garp_lower_prio_delay === undefined ? delayMs : values.vrrp_garp_lower_prio_delay * 1000,
      lowerPriorityRepeat: values.vrrp_garp_lower_prio_repeat ?? repeat,
      arpIntervalMs: values.vrrp_garp_interval,
      naIntervalMs: values.vrrp_gna_interval,
    },
    downTimerAdverts: values.vrrp_down_timer_adverts,
    lowerPriorityNoAdvert: values.vrrp_lower_prio_no_advert,
    ownerIgnoresAdverts: values.vrrp_owner_ignore_adverts,
    checksumWithoutPseudoHeader: values.v3_checksum_as_v2,
    higherPrioritySendAdvert: values.vrrp_higher_prio_send_advert,
    checkUnicastSource: values.vrrp_check_unicast_src ?? false,
    skipCheckAdvertAddresses: values.vrrp_skip_check_adv_addr,
    priorityChanges: values.vrrp_notify_priority_changes,
    multicastGroup4: values.vrrp_mcast_group4,
    multicastGroup6: values.vrrp_mcast_group6,
    defaultInterface: values.default_interface,
    smtpAlertVrrp: values.smtp_alert_vrrp ?? values.smtp_alert,
    smtpAlertChecker: values.smtp_alert_checker ?? values.smtp_alert,
    logAllFailures: values.checker_log_all_failures,
  }
  return { global: from(context, reading.origin, global), defaults }
}
