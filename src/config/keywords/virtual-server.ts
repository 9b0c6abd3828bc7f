/** `virtual_server`, `real_server` and `virtual_server_group`. */
import { type Ip, type IpFamily, ipBytes, ipFamily, ipFromBytes, parseIp } from '../../bytes/address.ts'
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import { type Forwarding, type Protocol, SCHEDULERS, type SchedulerFlag, type ServiceKey } from '../../model/service.ts'
import type { RealServer, VirtualServer } from '../../model/virtual-server.ts'
import { type Context, from } from '../context.ts'
import { blocks, first, ignored, once, readBlock, type Table, table } from '../keyword.ts'
import type { Word } from '../line.ts'
import { script } from '../script-value.ts'
import { keywordOf, type Statement } from '../statement.ts'
import {
  Cursor,
  choice,
  flag,
  integer,
  present,
  readAddress,
  readChoice,
  readInteger,
  splitOnce,
  text,
  timer,
  type Value,
} from '../value.ts'
import { CHECKERS, type CheckDefaults, elaborateCheckers, OURS, TIMING } from './checkers.ts'
import { forwarding } from './forwarding-value.ts'
import type { Defaults } from './global-defs.ts'
import type { Trackable } from './vrrp-instance.ts'

/** A virtual_server_group, by name: the services its virtual servers stand for, but for their protocol. */
export type ServiceGroups = ReadonlyMap<string, readonly GroupMember[]>
export type GroupMember =
  | { readonly kind: 'address'; readonly address: Ip; readonly port: number }
  | { readonly kind: 'mark'; readonly mark: number; readonly family: IpFamily | undefined }

const INT_MAX = 0x7fff_ffff
const PERSISTENCE_S = 360
const TIMER_MAX_S = 4294
/** More addresses than this in one range are a mistake. */
const RANGE_MAX = 65_536

const scheduler = choice(...SCHEDULERS)
const protocol: Value<Protocol> = {
  syntax: 'TCP|UDP|SCTP',
  read(words) {
    const word = words.need()
    return word === undefined
      ? undefined
      : readChoice(words, { ...word, text: word.text.toUpperCase() }, ['TCP', 'UDP', 'SCTP'] as const)
  },
}
const persistence: Value<number> = {
  syntax: `[SECONDS]`,
  read(words) {
    const word = words.take()
    return word === undefined ? PERSISTENCE_S : readInteger(words, word, 1, INT_MAX)
  },
}
const granularity: Value<number> = {
  syntax: 'NETMASK|BITS',
  read(words) {
    const word = words.need()
    if (word === undefined) return undefined
    if (/^\d+$/.test(word.text)) return readInteger(words, word, 1, 128)
    const mask = parseIp(word.text)
    const bits = mask === undefined ? '' : [...ipBytes(mask)].map(byte => byte.toString(2).padStart(8, '0')).join('')
    return /^1+0*$/.test(bits) ? bits.replaceAll('0', '').length : words.refuse(word, 'not a network mask')
  },
}
const endpoint: Value<{ readonly address: Ip; readonly port: number | undefined }> = {
  syntax: 'ADDRESS [PORT]',
  read(words) {
    const word = words.need()
    const address = word === undefined ? undefined : readAddress(words, word)
    if (address === undefined) return undefined
    const port = words.take()
    const number = port === undefined ? undefined : readInteger(words, port, 0, 65535)
    return port !== undefined && number === undefined ? undefined : { address, port: number }
  },
}

const slowStart = timer(0, TIMER_MAX_S)

const FLAG_WORDS = {
  hashed: once(present, {
    doc: 'Hashed entries; today’s kernels do so anyway.',
    standing: ignored('entries are always hashed'),
  }),
  ops: once(present, { doc: 'Schedules every packet by itself; UDP only.' }),
  'flag-1': once(present, { doc: 'Option of sh and mh: look for another server where one is unavailable.' }),
  'flag-2': once(present, { doc: 'Option of sh and mh: hash the port too.' }),
  'flag-3': once(present, { doc: 'A third option; no scheduler uses it.' }),
  'sh-fallback': once(present, { doc: 'flag-1 by name.' }),
  'sh-port': once(present, { doc: 'flag-2 by name.' }),
  'mh-fallback': once(present, { doc: 'flag-1 by name.' }),
  'mh-port': once(present, { doc: 'flag-2 by name.' }),
} as const

const SHARED = {
  ...TIMING,
  connect_timeout: once(timer(0.000001, TIMER_MAX_S), { doc: 'Seconds until a try has failed. Default: 5.' }),
  virtualhost: once(text('HOST'), { doc: 'The Host header of HTTP_GET and SSL_GET.' }),
  snmp_name: once(text('NAME'), { doc: 'A name for SNMP.', standing: ignored('sluice has no SNMP agent') }),
} as const

const SERVER_KEYWORDS = {
  ...SHARED,
  weight: once(integer(0, INT_MAX), { doc: 'Its share of new connections; 0: none.' }),
  lvs_method: once(forwarding, { doc: 'How packets get there. Default: that of the virtual server.' }),
  uthreshold: once(integer(0, INT_MAX), { default: 0, doc: 'Connections at which it gets no more.' }),
  lthreshold: once(integer(0, INT_MAX), { default: 0, doc: 'Connections below which it gets some again.' }),
  inhibit_on_failure: once(flag, { doc: 'A failed server stays with weight 0.' }),
  slow_start: once(slowStart, { doc: 'Its own; 0: none.', since: OURS }),
  alpha: once(flag, { doc: 'Down until a check has succeeded.' }),
  notify_up: first(script, { doc: 'Run when it comes up.' }),
  notify_down: first(script, { doc: 'Run when it goes down.' }),
  smtp_alert: once(flag, { doc: 'Mails its transitions. Default: on.' }),
} as const

export const REAL_SERVER: Table = table(
  'real_server',
  {
    syntax: 'ADDRESS [PORT]',
    doc: 'A machine that answers.',
    former: { lb_kind: 'in a real_server it is called lvs_method' },
  },
  { ...SERVER_KEYWORDS, ...CHECKERS },
)

const SERVICE_KEYWORDS = {
  ...SHARED,
  ...FLAG_WORDS,
  lb_algo: once(scheduler, { doc: 'How a server is chosen. Default: wlc.' }),
  lvs_sched: once(scheduler, { doc: 'The same.' }),
  lb_kind: once(forwarding, { doc: 'How packets get to the servers. Default: NAT.' }),
  lvs_method: once(forwarding, { doc: 'The same.' }),
  protocol: once(protocol, { doc: 'Default: UDP.' }),
  persistence_timeout: once(persistence, { doc: 'A client stays with its server this many seconds.' }),
  persistence_granularity: once(granularity, { doc: 'Clients of one network stay together.' }),
  persistence_engine: once(text('ENGINE'), { doc: 'sip.' }),
  ip_family: once(choice('inet', 'inet6'), { doc: 'Of a firewall mark.' }),
  weight: once(integer(1, INT_MAX), { default: 1, doc: 'Weight of real servers that name none.' }),
  quorum: once(integer(1, INT_MAX), { default: 1, doc: 'Weight that must be up.' }),
  hysteresis: once(integer(0, INT_MAX), { default: 0, doc: 'How much more it takes to gain it, and less to lose it.' }),
  quorum_up: first(script, { doc: 'Run when it is gained.' }),
  quorum_down: first(script, { doc: 'Run when it is lost.' }),
  sorry_server: once(endpoint, { doc: 'Takes over when the quorum is lost.' }),
  sorry_server_inhibit: once(present, { doc: 'It stays with weight 0 while it is not needed.' }),
  sorry_server_lvs_method: once(forwarding, { doc: 'How packets get there.' }),
  alpha: once(flag, { doc: 'Servers are down until a check has succeeded.' }),
  omega: once(flag, { doc: 'Stopping counts as failing, for scripts.' }),
  inhibit_on_failure: once(flag, { doc: 'Failed servers stay with weight 0.' }),
  slow_start: once(slowStart, {
    doc: 'Seconds in which the weight of a server that comes up again grows from almost nothing to its own.',
    since: OURS,
  }),
  ha_suspend: once(flag, { doc: 'No checks while the address is not on this machine.' }),
  smtp_alert: once(flag, { doc: 'Mails gain and loss of the quorum. Default: off.' }),
  real_server: blocks(REAL_SERVER),
} as const

export const VIRTUAL_SERVER: Table = table(
  'virtual_server',
  {
    syntax: 'ADDRESS [PORT] | fwmark N | group NAME',
    doc: 'A service that is spread over real servers.',
    former: { nat_mask: 'keepalived gave it up, it has no effect: remove the line' },
  },
  SERVICE_KEYWORDS,
)

const member: Value<readonly GroupMember[]> = {
  syntax: 'ADDRESS[-LAST|/BITS] [PORT] | fwmark N [inet|inet6]',
  read(words) {
    const word = words.need()
    if (word === undefined) return undefined
    if (word.text === 'fwmark') {
      const value = words.need()
      const mark = value === undefined ? undefined : readInteger(words, value, 0, 0xffff_ffff)
      const family = words.takeIf('inet6') ? 6 : words.takeIf('inet') ? 4 : undefined
      return mark === undefined ? undefined : [{ kind: 'mark', mark, family }]
    }
    const addresses = readRange(words, word)
    if (addresses === undefined) return undefined
    const portWord = words.take()
    const port = portWord === undefined ? 0 : readInteger(words, portWord, 0, 65535)
    return port === undefined ? undefined : addresses.map(address => ({ kind: 'address', address, port }))
  },
}

/** `10.0.0.1`, `10.0.0.1-9`, `10.0.0.250-10.0.1.3`, `10.0.0.8/29`, and the same in IPv6 with hexadecimal ends. */
function readRange(words: Cursor, word: Word): readonly Ip[] | undefined {
  const [network, bits] = splitOnce(word.text, '/')
  const [firstText, lastText] = splitOnce(network, '-')
  const first = readAddress(words, { ...word, text: firstText })
  if (first === undefined) return undefined
  const start = numberOf(first)
  const width = ipFamily(first) === 4 ? 32 : 128
  let end = start
  if (bits !== undefined) {
    const prefix = /^\d+$/.test(bits) ? Number(bits) : Number.NaN
    if (!(prefix <= width)) return words.refuse(word, 'the part behind "/" is a number of bits')
    const size = 1n << BigInt(width - prefix)
    if (start % size !== 0n)
      return words.refuse(word, `the first address of this network is ${ipOf(start - (start % size), width)}`)
    end = start + size - 1n
  } else if (lastText !== undefined) {
    const last = parseIp(lastText)
    if (last !== undefined && ipFamily(last) === ipFamily(first)) end = numberOf(last)
    else {
      const four = width === 32
      const part = (four ? /^\d{1,3}$/ : /^[0-9a-f]{1,4}$/i).test(lastText)
        ? BigInt(four ? lastText : `0x${lastText}`)
        : -1n
      const size = four ? 256n : 65536n
      if (part < 0n || part >= size)
        return words.refuse(word, 'the part behind "-" is the last address, or the last part of it')
      end = start - (start % size) + part
    }
  }
  if (end < start) return words.refuse(word, 'the range ends before it begins')
  if (end - start >= BigInt(RANGE_MAX)) return words.refuse(word, `more than ${RANGE_MAX} addresses`)
  return Array.from({ length: Number(end - start) + 1 }, (_, i) => ipOf(start + BigInt(i), width))
}

function numberOf(address: Ip): bigint {
  return ipBytes(address).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function ipOf(value: bigint, width: number): Ip {
  return ipFromBytes(
    Uint8Array.from({ length: width / 8 }, (_, i) => Number((value >> BigInt(width - 8 * (i + 1))) & 0xffn)),
  )
}

export const GROUP_ENTRY: Value<readonly GroupMember[]> = member

/** The services a virtual server stands for: one, or those of its group. Each is written out with all its servers. */
export function elaborateVirtualServers(
  statement: Statement,
  defaults: Defaults,
  groups: ServiceGroups,
  trackable: Trackable,
  context: Context,
): readonly VirtualServer[] {
  const header = readHeader(statement, groups, context)
  if (header === undefined) return []
  const reading = readBlock(SERVICE_KEYWORDS, statement, context.report)
  const { values } = reading
  const protocol = values.protocol ?? 'UDP'
  const method = values.lb_kind ?? values.lvs_method ?? { method: 'masquerade' }
  const inherited: CheckDefaults = {
    intervalMs: values.delay_loop,
    retries: values.retry,
    retryDelayMs: values.delay_before_retry,
    warmupMs: values.warmup,
    connectTimeoutMs: values.connect_timeout,
    alpha: values.alpha,
    logAllFailures: defaults.logAllFailures,
    virtualHost: values.virtualhost,
  }
  const service = {
    scheduler: values.lb_algo ?? values.lvs_sched ?? 'wlc',
    schedulerFlags: schedulerFlags(values),
    onePacket: values.ops ?? false,
    alpha: values.alpha ?? false,
    omega: values.omega ?? false,
    group: header.group,
    persistenceEngine: values.persistence_engine,
    suspendWithoutAddress: values.ha_suspend ?? false,
    quorumUp: values.quorum_up,
    quorumDown: values.quorum_down,
    smtpAlert: values.smtp_alert ?? defaults.smtpAlertChecker ?? false,
  } as const
  return header.members.map(key => {
    const port = key.kind === 'address' ? key.port : 0
    const server = (each: Statement) =>
      elaborateRealServer(
        each,
        {
          port,
          mark: key.kind === 'mark',
          method,
          weight: values.weight,
          inhibit: values.inhibit_on_failure ?? false,
          slowStartMs: values.slow_start ?? 0,
          inherited,
        },
        defaults,
        trackable,
        context,
      )
    const realServers = values.real_server.flatMap(server)
    const family =
      key.kind === 'mark'
        ? (key.family ?? familyOf(values.ip_family, realServers, values.sorry_server?.address))
        : ipFamily(key.address)
    const persistent =
      values.persistence_timeout ?? (key.kind === 'address' && key.port === 0 ? PERSISTENCE_S : undefined)
    // What cannot be reached is lowered, as in keepalived.
    const weights = realServers.reduce((sum, { weight }) => sum + weight, 0)
    const quorum = realServers.length === 0 ? values.quorum : Math.max(1, Math.min(values.quorum, weights))
    const prefix = values.persistence_granularity ?? (family === 4 ? 32 : 128)
    const made: VirtualServer = {
      service: key.kind === 'mark' ? { kind: 'mark', mark: key.mark, family } : { ...key, protocol },
      ...service,
      quorum,
      hysteresis: Math.min(values.hysteresis, quorum - 1),
      persistence: persistent === undefined ? undefined : { timeoutS: persistent, prefix },
      sorryServer:
        values.sorry_server === undefined
          ? undefined
          : sorryServer(
              values.sorry_server,
              values.sorry_server_lvs_method ?? method,
              values.sorry_server_inhibit ?? false,
              port,
            ),
      realServers,
    }
    return from(context, reading.origin, made)
  })
}

interface Header {
  readonly members: readonly (
    | (ServiceKey & { readonly kind: 'address' })
    | { readonly kind: 'mark'; readonly mark: number; readonly family: IpFamily | undefined }
  )[]
  readonly group: string | undefined
}

function readHeader(statement: Statement, groups: ServiceGroups, context: Context): Header | undefined {
  const words = new Cursor(statement.line, 1, keywordOf(statement), VIRTUAL_SERVER.syntax, context.report)
  const word = words.peek()
  if (word?.text === 'group') {
    words.take()
    const name = words.need()
    if (name === undefined) return undefined
    const found = groups.get(name.text)
    if (found === undefined) {
      context.report(diagnostic('unknown-name', name, { what: 'virtual_server_group', name: name.text }))
      return undefined
    }
    return {
      members: found.map(each => (each.kind === 'mark' ? each : { ...each, protocol: 'TCP' })),
      group: name.text,
    }
  }
  if (word?.text === 'fwmark') {
    words.take()
    const value = words.need()
    const mark = value === undefined ? undefined : readInteger(words, value, 0, 0xffff_ffff)
    return mark === undefined ? undefined : { members: [{ kind: 'mark', mark, family: undefined }], group: undefined }
  }
  const found = endpoint.read(words)
  if (found === undefined) return undefined
  return {
    members: [{ kind: 'address', protocol: 'TCP', address: found.address, port: found.port ?? 0 }],
    group: undefined,
  }
}

interface ServiceFacts {
  readonly port: number
  readonly mark: boolean
  readonly method: Forwarding
  readonly weight: number
  readonly inhibit: boolean
  readonly slowStartMs: number
  readonly inherited: CheckDefaults
}

function elaborateRealServer(
  statement: Statement,
  service: ServiceFacts,
  defaults: Defaults,
  trackable: Trackable,
  context: Context,
): readonly RealServer[] {
  const words = new Cursor(statement.line, 1, keywordOf(statement), REAL_SERVER.syntax, context.report)
  const found = endpoint.read(words)
  if (found === undefined) return []
  const reading = readBlock(SERVER_KEYWORDS, statement, context.report)
  const { values } = reading
  const method = values.lvs_method ?? service.method
  const written = found.port || service.port
  const port =
    service.mark && method.method !== 'masquerade'
      ? 0
      : method.method === 'masquerade'
        ? written
        : service.port || written
  const { inherited } = service
  const own: CheckDefaults = {
    intervalMs: values.delay_loop ?? inherited.intervalMs,
    retries: values.retry ?? inherited.retries,
    retryDelayMs: values.delay_before_retry ?? inherited.retryDelayMs,
    warmupMs: values.warmup ?? inherited.warmupMs,
    connectTimeoutMs: values.connect_timeout ?? inherited.connectTimeoutMs,
    alpha: values.alpha ?? inherited.alpha,
    logAllFailures: inherited.logAllFailures,
    virtualHost: values.virtualhost ?? inherited.virtualHost,
  }
  const checked = { address: found.address, port: written }
  const { checkers, following } = elaborateCheckers(statement.children ?? [], checked, own, trackable, context)
  const server: RealServer = {
    address: found.address,
    port,
    forwarding: method,
    weight: values.weight ?? service.weight,
    upperThreshold: values.uthreshold,
    lowerThreshold: values.lthreshold,
    inhibitOnFailure: values.inhibit_on_failure ?? service.inhibit,
    slowStartMs: values.slow_start ?? service.slowStartMs,
    checkers,
    following,
    alpha: values.alpha ?? inherited.alpha ?? false,
    notifyUp: values.notify_up,
    notifyDown: values.notify_down,
    smtpAlert: values.smtp_alert ?? defaults.smtpAlertChecker ?? true,
  }
  return [from(context, reading.origin, server)]
}

function sorryServer(
  { address, port }: { readonly address: Ip; readonly port: number | undefined },
  method: Forwarding,
  inhibit: boolean,
  servicePort: number,
): RealServer {
  return {
    address,
    port: method.method === 'masquerade' ? port || servicePort : servicePort,
    forwarding: method,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    inhibitOnFailure: inhibit,
    slowStartMs: 0,
    checkers: [],
    following: [],
    alpha: false,
    notifyUp: undefined,
    notifyDown: undefined,
    smtpAlert: false,
  }
}

/** A mark says no family: the configuration does, or its servers do. */
function familyOf(
  configured: 'inet' | 'inet6' | undefined,
  servers: readonly RealServer[],
  sorry: Ip | undefined,
): IpFamily {
  if (configured !== undefined) return configured === 'inet6' ? 6 : 4
  const address = servers[0]?.address ?? sorry
  return address === undefined ? 4 : ipFamily(address)
}

function schedulerFlags(values: Readonly<Record<keyof typeof FLAG_WORDS, true | undefined>>): readonly SchedulerFlag[] {
  const flags: SchedulerFlag[] = []
  if (values['flag-1'] || values['sh-fallback'] || values['mh-fallback']) flags.push('flag-1')
  if (values['flag-2'] || values['sh-port'] || values['mh-port']) flags.push('flag-2')
  if (values['flag-3']) flags.push('flag-3')
  return flags
}

export function elaborateServiceGroup(statement: Statement, context: Context): readonly GroupMember[] {
  return (statement.children ?? []).flatMap(entry => {
    const words = new Cursor(entry.line, 0, keywordOf(entry), member.syntax, context.report)
    return member.read(words) ?? []
  })
}
