/** `vrrp_instance`, `vrrp_sync_group`, and what they share. */
import { type Ip, type IpFamily, ipFamily, type Mac, parseIp, parseMac } from '../../bytes/address.ts'
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { BfdInstance } from '../../model/bfd-instance.ts'
import type { Script } from '../../model/script.ts'
import { KEY_BYTES_MAX, KEY_BYTES_MIN, readKey } from '../../model/signing-key.ts'
import type {
  Signature,
  Tracked,
  Tracking,
  UnicastTtlLimit,
  VirtualAddress,
  VirtualMac,
  VrrpAuthentication,
  VrrpInstance,
  VrrpNotify,
  VrrpSyncGroup,
} from '../../model/vrrp-instance.ts'
import { type Context, from } from '../context.ts'
import {
  blocks,
  entries,
  first,
  ignored,
  many,
  once,
  readBlock,
  refused,
  type Table,
  table,
  words,
} from '../keyword.ts'
import { optionalScript, script } from '../script-value.ts'
import { headerSpan, keywordOf, type Statement } from '../statement.ts'
import {
  address,
  anything,
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
import { addressEntry } from './address-entry.ts'
import type { Defaults } from './global-defs.ts'
import { routeEntry, ruleEntry } from './route-entry.ts'
import { type TrackEntry, trackEntry } from './track-entry.ts'

/** What can be tracked, by name, with the weight it has by itself. */
export interface Trackable {
  readonly scripts: ReadonlyMap<string, Weighted>
  readonly files: ReadonlyMap<string, Weighted>
  readonly processes: ReadonlyMap<string, Weighted>
  readonly bfd: ReadonlyMap<string, BfdInstance>
}
export interface Weighted {
  readonly weight: number
  readonly reverse: boolean
}

const AUTHENTICATION_KEYWORDS = {
  auth_type: once(choice('PASS', 'AH'), { doc: 'PASS: a clear word in each advertisement. AH: a keyed hash.' }),
  auth_pass: once(text('WORD'), { doc: 'The word or key; eight bytes count.' }),
} as const
const AUTHENTICATION: Table = table('authentication', { doc: 'VRRPv2 only.' }, AUTHENTICATION_KEYWORDS)
const signingKey: Value<{ readonly id: number; readonly key: string }> = {
  syntax: 'ID hex:DIGITS|file:PATH|TEXT',
  read(words) {
    const number = words.need()
    const id = number === undefined ? undefined : readInteger(words, number, 1, 255)
    const word = words.need()
    if (id === undefined || word === undefined) return undefined
    // What a file has in it is known when it is read.
    if (word.text.startsWith('file:') || readKey(word.text) !== undefined) return { id, key: word.text }
    return words.refuse(word, `a key has from ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes: try "openssl rand -hex 32"`)
  },
}

const AUTH_HMAC_KEYWORDS = {
  key: many(signingKey, { doc: 'A key of 32 to 64 bytes, and its number. The same on all routers.' }),
  active_key: once(integer(1, 255), { doc: 'Which one signs.' }),
  anti_replay: once(choice('time', 'monotonic'), {
    default: 'time',
    doc: 'How packets of yesterday are told: by the time of day, or because numbers must grow.',
  }),
  time_window: once(integer(1, 300), {
    doc: 'Seconds that two clocks may be apart. Default: three intervals, from 5 to 300.',
  }),
  mode: once(choice('enforce', 'permissive', 'receive-only'), {
    default: 'enforce',
    doc: 'Whether the unsigned are heard as well, and whether it signs itself.',
  }),
} as const
const AUTH_HMAC: Table = table('auth_hmac', { doc: 'Signs advertisements, in both versions.' }, AUTH_HMAC_KEYWORDS)

const unicastPeer: Value<{
  readonly peer: Ip
  readonly minTtl: number | undefined
  readonly maxTtl: number | undefined
}> = {
  syntax: 'ADDRESS [min_ttl N] [max_ttl N]',
  read(words) {
    const word = words.need()
    const peer = word === undefined ? undefined : readAddress(words, word)
    if (peer === undefined) return undefined
    const ttl: Record<string, number | undefined> = {}
    for (let option = words.take(); option !== undefined; option = words.take()) {
      if (option.text !== 'min_ttl' && option.text !== 'max_ttl') {
        const label = parseIp(option.text) === undefined ? '' : 'one address a line'
        words.report(
          diagnostic('unknown-word', option, { word: option.text, where: `behind the peer ${peer}` }, { label }),
        )
        words.takeAll()
        break
      }
      const value = words.need()
      if (value !== undefined) ttl[option.text] = readInteger(words, value, 0, 255)
    }
    return { peer, minTtl: ttl.min_ttl, maxTtl: ttl.max_ttl }
  },
}

const vmac: Value<{ readonly interface: string | undefined; readonly address: Mac | undefined }> = {
  syntax: '[INTERFACE] [MAC]',
  read(words) {
    let device: string | undefined
    let mac: Mac | undefined
    for (let word = words.take(); word !== undefined; word = words.take()) {
      if (word.text === 'name' || word.text === 'netlink_notify_msg') continue
      if (word.text === 'group') words.need()
      else if (parseMac(word.text) !== undefined) mac = parseMac(word.text)
      else device = word.text
    }
    return { interface: device, address: mac }
  },
}

const extraGarp: Value<number> = {
  syntax: '[all] SECONDS',
  read(words) {
    words.takeIf('all')
    const seconds = words.need()
    return seconds === undefined ? undefined : readInteger(words, seconds, 0, 86_400)
  },
}
const otherPriority: Value<number> = {
  syntax: '[PRIORITY 1..254]',
  read(words) {
    const word = words.take()
    return word === undefined ? 254 : readInteger(words, word, 1, 254)
  },
}
const UNSIGNED = 0xffff_ffff
const seconds = integer(0, UNSIGNED)

const TRACKERS = {
  track_interface: entries(trackEntry('INTERFACE', 253), { doc: 'Interfaces that must be up.' }),
  track_script: entries(trackEntry('SCRIPT', 253), { doc: 'Scripts that must succeed.' }),
  track_file: entries(trackEntry('FILE', 254), { doc: 'Files whose number counts.' }),
  track_process: entries(trackEntry('PROCESS', 254), { doc: 'Processes that must run.' }),
  track_bfd: entries(trackEntry('BFD', 253), { doc: 'BFD sessions that must be up.' }),
} as const

const NOTIFIES = {
  notify_master: first(script, { doc: 'Run when it becomes active.' }),
  notify_backup: first(script, { doc: 'Run when it becomes backup.' }),
  notify_fault: first(script, { doc: 'Run when it goes to fault.' }),
  notify_stop: first(script, { doc: 'Run when sluice stops.' }),
  notify: first(script, { doc: 'Run at every change, with four more arguments: kind, name, state, priority.' }),
  notify_priority_changes: once(flag, { doc: 'Writes changes of priority to the notify FIFOs.' }),
  smtp_alert: once(flag, { doc: 'Mails changes of state.' }),
} as const

const INSTANCE_KEYWORDS = {
  state: once(choice('MASTER', 'BACKUP'), { doc: 'How it starts; only an owner (priority 255) starts as active.' }),
  interface: once(text('INTERFACE'), { doc: 'Where it advertises.' }),
  virtual_router_id: once(integer(1, 255), { doc: 'Its number on the segment.' }),
  priority: once(integer(1, 255), {
    doc: 'Election weight; 255 owns the addresses. Default: 100, and 255 with state MASTER.',
  }),
  advert_int: once(timer(0.01, 255), {
    default: 1000,
    doc: 'Seconds between advertisements: whole in version 2, hundredths in version 3.',
  }),
  authentication: blocks(AUTHENTICATION),
  auth_hmac: blocks(AUTH_HMAC, { since: '2.4.0' }),
  virtual_ipaddress: entries(addressEntry, { doc: 'Addresses that are advertised and taken over.' }),
  virtual_ipaddress_excluded: entries(addressEntry, { doc: 'Addresses that are taken over but not advertised.' }),
  virtual_routes: entries(routeEntry, { doc: 'Routes while active.' }),
  virtual_rules: entries(ruleEntry, { doc: 'Policy rules while active.' }),
  version: once(choice('2', '3'), { doc: 'Version of the protocol. Default: vrrp_version, and 3 for IPv6.' }),
  preempt: once(present, { doc: 'Takes over from a lower priority. The default.' }),
  nopreempt: once(present, { doc: 'Leaves a lower priority active.' }),
  preempt_delay: once(timer(0, 1000), { default: 0, doc: 'Waits so long before it takes over from a lower priority.' }),
  unicast_src_ip: once(address(), { doc: 'Source of advertisements.' }),
  mcast_src_ip: once(address(), { doc: 'The same.' }),
  mcast_dst_ip: once(address(), { doc: 'Another multicast group than the usual.' }),
  track_src_ip: once(present, { doc: 'Fault while that source is not on this machine.' }),
  unicast_peer: entries(unicastPeer, { doc: 'Sends to these instead of a multicast group.' }),
  unicast_ttl: once(integer(0, 255), { default: 255, doc: 'TTL of unicast advertisements.' }),
  unicast_fault_no_peer: once(present, {
    doc: 'Fault where unicast is asked for and no peer is named.',
    standing: ignored('sluice refuses such a configuration'),
  }),
  check_unicast_src: once(flag, { doc: 'Unicast advertisements must come from a peer.' }),
  old_unicast_checksum: once(presentWith('never'), {
    doc: 'The checksum of keepalived 1.3.6 and before.',
    standing: refused('it was a mistake that no supported version makes'),
  }),
  v3_checksum_as_v2: once(flag, {
    doc: 'Leaves the pseudo-header out of checksums of version 3 over IPv4.',
    since: '2.2.8',
  }),
  strict_mode: once(flag, { doc: 'As vrrp_strict, for this instance.' }),
  accept: once(present, { doc: 'Takes packets to the addresses even if it does not own them. The default.' }),
  no_accept: once(present, {
    doc: 'Takes none unless it owns them.',
    standing: ignored('packets to the addresses are always taken: a virtual server needs them'),
  }),
  skip_check_adv_addr: once(flag, { doc: 'Compares the addresses of an advertisement only when its sender is new.' }),
  lower_prio_no_advert: once(flag, { doc: 'No answer to an advertisement of lower priority.' }),
  higher_prio_send_advert: once(flag, { doc: 'One last advertisement before stepping back.' }),
  owner_ignore_adverts: once(flag, {
    doc: 'An owner ignores others.',
    since: '2.3.3',
  }),
  down_timer_adverts: once(integer(1, 100), { doc: 'Silent intervals before a takeover.' }),
  timer_expired_backup: once(otherPriority, {
    doc: 'Steps back when it could not advertise for so long that a router of this priority has taken over.',
    since: '2.2.8',
  }),
  thread_timer_expired: once(otherPriority, {
    doc: 'Old name of timer_expired_backup.',
    instead: 'timer_expired_backup',
  }),
  garp_master_delay: once(seconds, { doc: 'The second burst of gratuitous ARPs comes this much later; 0: none.' }),
  garp_master_repeat: once(seconds, { doc: 'Gratuitous ARPs in a burst.' }),
  garp_master_refresh: once(seconds, { doc: 'Seconds between bursts while active; 0: none.' }),
  garp_master_refresh_repeat: once(seconds, { doc: 'Gratuitous ARPs in such a burst.' }),
  garp_lower_prio_delay: once(seconds, { doc: 'The second burst after a lower advertisement.' }),
  garp_lower_prio_repeat: once(seconds, { doc: 'Gratuitous ARPs in it.' }),
  garp_extra_if: once(extraGarp, {
    doc: 'Announces on other interfaces every so often.',
    standing: refused('only the interfaces of the addresses are announced on'),
  }),
  vmac_garp_intvl: once(extraGarp, {
    doc: 'Old name of garp_extra_if.',
    instead: 'garp_extra_if',
    standing: refused('only the interfaces of the addresses are announced on'),
  }),
  use_vmac: once(vmac, { doc: 'A virtual MAC, 00:00:5e:00:01:VRID.' }),
  use_vmac_addr: once(present, {
    doc: 'The same for addresses on other interfaces.',
    standing: refused('only the instance’s own interface gets a virtual MAC'),
  }),
  vmac_xmit_base: once(present, { doc: 'Advertises from the interface below.' }),
  use_ipvlan: once(anything(), { doc: 'An ipvlan device.', standing: refused('sluice makes macvlan devices only') }),
  vrf: once(text('INTERFACE'), { doc: 'The VRF to be in.', standing: refused('sluice knows no VRFs') }),
  native_ipv6: once(present, { doc: 'IPv6.', standing: ignored('the addresses say which family it is') }),
  dont_track_primary: once(present, { doc: 'Its own interface going down is no fault.' }),
  ...TRACKERS,
  ...NOTIFIES,
  notify_deleted: first(optionalScript, { doc: 'Run when a reload has removed the instance.' }),
  notify_master_rx_lower_pri: first(script, { doc: 'Run when an active instance hears a lower priority.' }),
  promote_secondaries: once(present, { doc: 'Removing one address keeps others of its network.' }),
  no_virtual_ipaddress: once(present, { doc: 'It is meant to have no address.', since: '2.2.8' }),
  lvs_sync_daemon_interface: once(text('INTERFACE'), {
    doc: 'Today: lvs_sync_daemon in global_defs.',
    standing: refused('write lvs_sync_daemon in global_defs'),
  }),
  linkbeat_use_polling: once(present, {
    doc: 'Asks the link for its state.',
    standing: ignored('the kernel reports every change'),
  }),
  kernel_rx_buf_size: once(integer(0, UNSIGNED), {
    doc: 'Size of the receive buffer.',
    standing: ignored('sluice sizes its sockets by itself'),
  }),
  debug: once(integer(0, 4), {
    doc: 'Does nothing in keepalived either.',
    standing: ignored('it does nothing in keepalived either'),
  }),
} as const

const GROUP_KEYWORDS = {
  group: words('VRRP_INSTANCE', { doc: 'Instances that change state together.' }),
  ...TRACKERS,
  ...NOTIFIES,
  sync_group_tracking_weight: once(present, { doc: 'Weights of trackers count, although members may then differ.' }),
  global_tracking: once(present, {
    doc: 'Trackers of one member are trackers of all.',
    standing: ignored('track in the group itself'),
  }),
} as const

export const VRRP_INSTANCE: Table = table(
  'vrrp_instance',
  {
    syntax: 'NAME',
    doc: 'A virtual router: who owns an address is elected among its members.',
    former: { lvs_sync_daemon: 'today in global_defs', mcast_group: 'today: mcast_dst_ip' },
  },
  INSTANCE_KEYWORDS,
)
export const VRRP_SYNC_GROUP: Table = table(
  'vrrp_sync_group',
  {
    syntax: 'NAME',
    doc: 'Instances that change state together.',
    former: { notify_deleted: 'keepalived has it in vrrp_instance only' },
  },
  GROUP_KEYWORDS,
)

export function elaborateInstance(
  statement: Statement,
  defaults: Defaults,
  trackable: Trackable,
  context: Context,
): VrrpInstance | undefined {
  const reading = readBlock(INSTANCE_KEYWORDS, statement, context.report)
  const { values } = reading
  const name = statement.line.words[1]?.text ?? ''
  const addresses = values.virtual_ipaddress
  const family: IpFamily =
    addresses[0] === undefined
      ? values.unicast_src_ip === undefined
        ? 4
        : ipFamily(values.unicast_src_ip)
      : ipFamily(addresses[0].address)
  const strict = values.strict_mode ?? defaults.strict
  // Over IPv6 version 3 is the standard one; keepalived speaks 2 only if the instance itself says so.
  const version =
    Number(values.version ?? (family === 6 ? 3 : (defaults.version ?? 2))) === 3 || (family === 6 && strict) ? 3 : 2
  const authentication = elaborateAuthentication(values.authentication, context)
  // AH counts its packets (RFC 2402 section 2.5): a router that starts as active would begin anew, and not be believed.
  const initialState = values.state === 'MASTER' && authentication.type !== 'ah' ? 'master' : 'backup'
  // A MASTER that names no priority owns its addresses; one whose priority cannot be read does not.
  const owner = values.state === 'MASTER' && !hasKeyword(statement, 'priority')
  const priority = values.priority ?? (owner ? 255 : 100)
  if (values.virtual_router_id === undefined) {
    if (reading.origin.at('virtual_router_id') === undefined && !hasKeyword(statement, 'virtual_router_id')) {
      context.report(
        diagnostic(
          'missing-keyword',
          headerSpan(statement),
          { block: `vrrp_instance ${name}`, keyword: 'virtual_router_id' },
          { help: 'give it a number from 1 to 255 that no other instance on the segment has' },
        ),
      )
    }
    return undefined
  }
  const device = values.interface
  const unicast = values.unicast_peer.length > 0
  if (device === undefined && !unicast) {
    context.report(
      diagnostic(
        'missing-keyword',
        headerSpan(statement),
        { block: `vrrp_instance ${name}`, keyword: 'interface' },
        { help: 'name the interface it advertises on' },
      ),
    )
    return undefined
  }
  const advertIntervalMs =
    version === 2
      ? Math.max(1000, Math.round(values.advert_int / 1000) * 1000)
      : Math.max(10, Math.round(values.advert_int / 10) * 10)
  const signature = elaborateSignature(values.auth_hmac, { advertIntervalMs, strict }, context)
  const preempt =
    lastOf(statement, 'preempt', 'nopreempt') !== 'nopreempt' || initialState === 'master' || priority === 255
  const instance: VrrpInstance = {
    name,
    initialState,
    interface: device ?? defaults.defaultInterface,
    version,
    family,
    routerId: values.virtual_router_id,
    priority,
    advertIntervalMs,
    // Over IPv6 keepalived sends no password, and accepts none.
    authentication:
      strict || version === 3 || family === 6 || signature !== undefined ? { type: 'none' } : authentication,
    signature,
    addresses,
    excludedAddresses: values.virtual_ipaddress_excluded,
    preempt,
    preemptDelayMs: strict || initialState === 'master' ? 0 : values.preempt_delay,
    sourceAddress: values.unicast_src_ip ?? values.mcast_src_ip,
    unicastPeers: strict ? [] : values.unicast_peer.map(({ peer }) => peer),
    unicastTtlLimits: values.unicast_peer.flatMap(ttlLimit),
    unicastTtl: values.unicast_ttl,
    checkUnicastSource:
      (values.check_unicast_src ?? defaults.checkUnicastSource) ||
      values.unicast_peer.some(peer => ttlLimit(peer).length > 0),
    trackSourceAddress: values.track_src_ip ?? false,
    multicastGroup: values.mcast_dst_ip ?? (family === 4 ? defaults.multicastGroup4 : defaults.multicastGroup6),
    strict,
    accept: values.no_accept === true ? false : values.accept === true || !strict || priority === 255,
    skipCheckAdvertAddresses: values.skip_check_adv_addr ?? defaults.skipCheckAdvertAddresses,
    checksumWithoutPseudoHeader: values.v3_checksum_as_v2 ?? defaults.checksumWithoutPseudoHeader,
    ownerIgnoresAdverts: priority === 255 && (strict || (values.owner_ignore_adverts ?? defaults.ownerIgnoresAdverts)),
    // keepalived has it for routers that do not preempt: any other would be back at once.
    lateBackupPriority: preempt ? undefined : values.timer_expired_backup,
    lowerPriorityNoAdvert: values.lower_prio_no_advert ?? defaults.lowerPriorityNoAdvert ?? strict,
    higherPrioritySendAdvert: !strict && (values.higher_prio_send_advert ?? defaults.higherPrioritySendAdvert ?? false),
    garp: elaborateGarp(values, defaults),
    downTimerAdverts: values.down_timer_adverts ?? defaults.downTimerAdverts,
    vmac: elaborateVmac(values.use_vmac, values.vmac_xmit_base ?? false),
    trackPrimary: values.dont_track_primary !== true,
    track: elaborateTracking(values, trackable, context),
    routes: values.virtual_routes,
    rules: values.virtual_rules,
    promoteSecondaries: values.promote_secondaries ?? false,
    notify: {
      ...elaborateNotify(values, defaults.priorityChanges),
      smtpAlert: values.smtp_alert ?? defaults.smtpAlertVrrp ?? false,
      deleted: values.notify_deleted?.argv.length === 0 ? undefined : values.notify_deleted,
      masterReceivesLowerPriority: values.notify_master_rx_lower_pri,
    },
  }
  return from(context, reading.origin, instance)
}

export function elaborateSyncGroup(
  statement: Statement,
  defaults: Defaults,
  trackable: Trackable,
  context: Context,
): VrrpSyncGroup {
  const reading = readBlock(GROUP_KEYWORDS, statement, context.report)
  const { values } = reading
  const group: VrrpSyncGroup = {
    name: statement.line.words[1]?.text ?? '',
    instances: values.group.map(word => word.text),
    track: elaborateTracking(values, trackable, context),
    notify: {
      ...elaborateNotify(values, defaults.priorityChanges),
      smtpAlert: values.smtp_alert ?? defaults.smtpAlertVrrp ?? false,
    },
    trackingWeight: values.sync_group_tracking_weight ?? false,
  }
  return from(context, reading.origin, group)
}

function hasKeyword(statement: Statement, keyword: string): boolean {
  return statement.children?.some(child => child.line.words[0]?.text === keyword) ?? false
}

function elaborateAuthentication(statements: readonly Statement[], context: Context): VrrpAuthentication {
  const statement = statements[statements.length - 1]
  if (statement === undefined) return { type: 'none' }
  const { auth_type: type, auth_pass: password } = readBlock(AUTHENTICATION_KEYWORDS, statement, context.report).values
  if (type === undefined || password === undefined) {
    const missing = type === undefined ? 'auth_type' : 'auth_pass'
    if (!hasKeyword(statement, missing)) {
      context.report(
        diagnostic(
          'missing-keyword',
          headerSpan(statement),
          { block: 'authentication', keyword: missing },
          { help: 'without it nothing is authenticated' },
        ),
      )
    }
    return { type: 'none' }
  }
  return type === 'PASS'
    ? { type: 'pass', password: firstBytes(password, 8) }
    : { type: 'ah', password: firstBytes(password, 16) }
}

/** Keys without which nothing can be signed are an error; `undefined` where nothing is to be signed. */
function elaborateSignature(
  statements: readonly Statement[],
  { advertIntervalMs, strict }: { readonly advertIntervalMs: number; readonly strict: boolean },
  context: Context,
): Signature | undefined {
  const statement = statements[0]
  if (statement === undefined) return undefined
  const { values } = readBlock(AUTH_HMAC_KEYWORDS, statement, context.report)
  const missing = (keyword: string, help: string) =>
    context.report(diagnostic('missing-keyword', headerSpan(statement), { block: 'auth_hmac', keyword }, { help }))
  const keys = values.key.map(({ id, key }) => ({ id, key }))
  const activeKey = values.active_key
  if (keys.length === 0 && !hasKeyword(statement, 'key')) missing('key', 'give it one: key 1 hex:…')
  else if (activeKey === undefined && !hasKeyword(statement, 'active_key'))
    missing('active_key', 'say which of the keys signs')
  else if (activeKey !== undefined && !keys.some(({ id }) => id === activeKey))
    missing(`key ${activeKey}`, `active_key names it: define it, or name another`)
  if (activeKey === undefined || !keys.some(({ id }) => id === activeKey)) return undefined
  const derivedS = Math.min(Math.max(3 * Math.floor(advertIntervalMs / 1000), WINDOW_MIN_S), WINDOW_MAX_S)
  return {
    keys,
    activeKey,
    windowS: values.anti_replay === 'time' ? (values.time_window ?? derivedS) : undefined,
    mode: strict ? 'enforce' : values.mode,
  }
}

/** The window that is derived from the interval is never narrower or wider. */
const WINDOW_MIN_S = 5
const WINDOW_MAX_S = 300

/** The text cut to a number of bytes, never within a character. */
function firstBytes(text: string, bytesMax: number): string {
  let cut = text
  while (Buffer.byteLength(cut) > bytesMax) cut = [...cut].slice(0, -1).join('')
  return cut
}

function elaborateGarp(
  values: {
    readonly [K in
      | 'garp_master_delay'
      | 'garp_master_repeat'
      | 'garp_master_refresh'
      | 'garp_master_refresh_repeat'
      | 'garp_lower_prio_delay'
      | 'garp_lower_prio_repeat']: number | undefined
  },
  { garp }: Defaults,
): VrrpInstance['garp'] {
  const scaled = (seconds: number | undefined, fallbackMs: number) =>
    seconds === undefined ? fallbackMs : seconds * 1000
  return {
    ...garp,
    repeat: values.garp_master_repeat ?? garp.repeat,
    delayMs: scaled(values.garp_master_delay, garp.delayMs),
    refreshMs: scaled(values.garp_master_refresh, garp.refreshMs),
    refreshRepeat: values.garp_master_refresh_repeat ?? garp.refreshRepeat,
    lowerPriorityDelayMs: scaled(
      values.garp_lower_prio_delay,
      scaled(values.garp_master_delay, garp.lowerPriorityDelayMs),
    ),
    lowerPriorityRepeat: values.garp_lower_prio_repeat ?? values.garp_master_repeat ?? garp.lowerPriorityRepeat,
  }
}

function elaborateVmac(
  chosen: { readonly interface: string | undefined; readonly address: Mac | undefined } | undefined,
  transmitOnBase: boolean,
): VirtualMac | undefined {
  return chosen === undefined ? undefined : { ...chosen, transmitOnBase }
}

function ttlLimit({
  peer,
  minTtl,
  maxTtl,
}: {
  readonly peer: Ip
  readonly minTtl: number | undefined
  readonly maxTtl: number | undefined
}): readonly UnicastTtlLimit[] {
  return minTtl === undefined && maxTtl === undefined ? [] : [{ peer, minTtl: minTtl ?? 0, maxTtl: maxTtl ?? 255 }]
}

function elaborateTracking(
  values: { readonly [K in keyof typeof TRACKERS]: readonly TrackEntry[] },
  trackable: Trackable,
  context: Context,
): Tracking {
  const named = (
    entries: readonly TrackEntry[],
    known: ReadonlyMap<string, Weighted>,
    what: string,
  ): readonly Tracked[] =>
    entries.flatMap(({ name, weight, reverse }) => {
      const own = known.get(name.text)
      if (own === undefined) {
        const near = [...known.keys()]
        context.report(
          diagnostic(
            'unknown-name',
            name,
            { what, name: name.text },
            { label: near.length === 0 ? `there is no ${what}` : `defined: ${near.slice(0, 5).join(', ')}` },
          ),
        )
        return []
      }
      return [{ name: name.text, weight: weight ?? own.weight, reverse: reverse ?? own.reverse }]
    })
  return {
    interfaces: values.track_interface.map(({ name, weight, reverse }) => ({
      name: name.text,
      weight: weight ?? 0,
      reverse: reverse ?? false,
    })),
    scripts: named(values.track_script, trackable.scripts, 'vrrp_script'),
    files: named(values.track_file, trackable.files, 'track_file'),
    processes: named(values.track_process, trackable.processes, 'vrrp_track_process'),
    bfd: named(values.track_bfd, forVrrp(trackable.bfd), 'bfd_instance'),
  }
}

/** Those that are for checks alone are not there for VRRP. */
function forVrrp(instances: ReadonlyMap<string, BfdInstance>): ReadonlyMap<string, BfdInstance> {
  return new Map([...instances].filter(([, instance]) => instance.forVrrp))
}

function elaborateNotify(
  values: {
    readonly [K in 'notify_master' | 'notify_backup' | 'notify_fault' | 'notify_stop' | 'notify']: Script | undefined
  } & {
    readonly notify_priority_changes: boolean | undefined
  },
  priorityChanges: boolean,
): Omit<VrrpNotify, 'smtpAlert'> {
  return {
    master: values.notify_master,
    backup: values.notify_backup,
    fault: values.notify_fault,
    stop: values.notify_stop,
    any: values.notify,
    deleted: undefined,
    masterReceivesLowerPriority: undefined,
    priorityChanges: values.notify_priority_changes ?? priorityChanges,
  }
}

/** Addresses that the instance puts on an interface, advertised or not. */
export function allAddresses(instance: VrrpInstance): readonly VirtualAddress[] {
  return [...instance.addresses, ...instance.excludedAddresses]
}

/** Which of the keywords was said last; undefined: none. */
function lastOf({ children = [] }: Statement, ...names: readonly string[]): string | undefined {
  return children.map(keywordOf).findLast(name => names.includes(name))
}
