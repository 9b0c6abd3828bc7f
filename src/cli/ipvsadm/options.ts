/**
 * ipvsadm's options, one table: how each is written, what messages call it, and what it puts into the draft of a command.
 * Which command may have which is in commands.ts.
 */
import { type Ip, ipBytes, parseIp } from '../../bytes/address.ts'
import type { Protocol } from '../../model/service.ts'
import type { Draft } from './draft.ts'
import { parseEndpoint } from './endpoint.ts'
import { inetAton } from './inet-aton.ts'
import type { KnownNames } from './known-names.ts'
import { decimal, leadingDecimal } from './number.ts'
import type { PoptOption } from './popt.ts'
import { UsageError } from './usage-error.ts'

const DAYS_31_S = 86400 * 31
const INT_MAX = 2 ** 31 - 1
const SYNC_MESSAGE_MAX = 65535 - 20 - 8

/** What messages call an option; in the order in which ipvsadm finds fault with them. */
export const OPTION_NAMES = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'json',
] as const
export type OptionName = (typeof OPTION_NAMES)[number]

export interface Option extends PoptOption {
  /** Undefined for those that may be repeated and that no command refuses. */
  readonly name: OptionName | undefined
  /** What a missing optional argument stands for. */
  readonly missing?: string
  /** What it means for the command; most that take no argument are looked up by name later. */
  readonly take?: (draft: Draft, value: string, names: KnownNames) => void
}

export const OPTIONS: readonly Option[] = [
  service('tcp-service', 't', 'TCP'),
  service('udp-service', 'u', 'UDP'),
  service('sctp-service', undefined, 'SCTP'),
  {
    long: 'fwmark-service',
    short: 'f',
    argument: 'required',
    name: 'service-address',
    take(draft, value) {
      draft.protocol = 'TCP'
      draft.mark = decimal(value, 1, 2 ** 32 - 1) ?? fail(`invalid fwmark value \`${value}' specified`)
      draft.markFamily = 4
    },
  },
  {
    long: 'ipv6',
    short: '6',
    argument: 'none',
    name: undefined,
    take(draft) {
      if (draft.mark === undefined) fail('-6 used before -f\n')
      draft.markFamily = 6
      draft.prefix = undefined
    },
  },
  {
    long: 'scheduler',
    short: 's',
    argument: 'required',
    name: 'scheduler',
    take(draft, value) {
      draft.scheduler = value.slice(0, 15)
    },
  },
  {
    long: 'persistent',
    short: 'p',
    argument: 'optional',
    name: 'persistent',
    missing: '360',
    take(draft, value) {
      draft.persistenceS = timeout(value, 1)
    },
  },
  { long: 'netmask', short: 'M', argument: 'required', name: 'netmask', take: takeNetmask },
  {
    long: 'real-server',
    short: 'r',
    argument: 'required',
    name: 'real-server',
    take(draft, value, names) {
      const endpoint = parseEndpoint(value, draft.protocol, names)
      if (endpoint === undefined) return fail('illegal real server address[:port] specified')
      draft.server = { address: endpoint.address, port: endpoint.port ?? draft.port }
    },
  },
  forwarding('masquerading', 'm', 'masquerade'),
  forwarding('ipip', 'i', 'tunnel'),
  forwarding('gatewaying', 'g', 'route'),
  number('weight', 'w', 'weight', 0, INT_MAX, 'weight'),
  number('u-threshold', 'x', 'u_threshold', 0, INT_MAX, 'upperThreshold'),
  number('l-threshold', 'y', 'l_threshold', 0, INT_MAX, 'lowerThreshold'),
  flag('numeric', 'n'),
  flag('connection', 'c'),
  flag('timeout'),
  flag('daemon'),
  flag('stats'),
  flag('rate'),
  flag('thresholds'),
  flag('persistent-conn'),
  flag('nosort'),
  { long: 'sort', argument: 'none', name: undefined },
  flag('exact', 'X'),
  flag('tun-info'),
  flag('json'),
  flag('ops', 'o'),
  {
    long: 'pe',
    argument: 'required',
    name: 'pe',
    take(draft, value) {
      draft.persistenceEngine = value === '' ? undefined : value
    },
  },
  {
    long: 'sched-flags',
    short: 'b',
    argument: 'required',
    name: 'sched-flags',
    take(draft, value) {
      draft.schedulerFlags = value
    },
  },
  {
    long: 'mcast-interface',
    argument: 'required',
    name: 'mcast-interface',
    take(draft, value) {
      if (value !== '') draft.daemon.interface = value.slice(0, 15)
    },
  },
  daemonNumber('syncid', 0, 255, 'syncId'),
  { long: 'mcast-group', argument: 'required', name: 'mcast-group', take: takeGroup },
  daemonNumber('mcast-port', 1, 65535, 'port'),
  daemonNumber('mcast-ttl', 1, 255, 'ttl'),
  daemonNumber('sync-maxlen', 1, SYNC_MESSAGE_MAX, 'maxLength'),
  {
    long: 'tun-type',
    argument: 'required',
    name: 'tun-type',
    take(draft, value) {
      if (value !== 'ipip' && value !== 'gue' && value !== 'gre') return fail('illegal tunnel type specified')
      draft.tunnelType = value
    },
  },
  number('tun-port', undefined, 'tunnel port', 1, 65535, 'tunnelPort'),
  flag('tun-nocsum'),
  flag('tun-csum'),
  flag('tun-remcsum'),
]

/** A timeout in seconds. */
export function timeout(text: string, min: number): number {
  return decimal(text, min, DAYS_31_S) ?? fail(`invalid timeout value \`${text}' specified`)
}

function fail(message: string): never {
  throw new UsageError(message)
}

function named(long: string, short: string | undefined): { long: string; short?: string } {
  return short === undefined ? { long } : { long, short }
}

function flag(name: OptionName, short?: string): Option {
  return { ...named(name, short), argument: 'none', name }
}

function service(long: string, short: string | undefined, protocol: Protocol): Option {
  return {
    ...named(long, short),
    argument: 'required',
    name: 'service-address',
    take(draft, value, names) {
      const endpoint = parseEndpoint(value, protocol, names)
      if (endpoint === undefined) return fail('illegal virtual server address[:port] specified')
      draft.protocol = protocol
      draft.address = endpoint.address
      draft.port = endpoint.port ?? 0
      if (endpoint.address.includes(':')) draft.prefix = undefined
    },
  }
}

function forwarding(long: string, short: string, method: Draft['method']): Option {
  return {
    long,
    short,
    argument: 'none',
    name: 'forwarding-method',
    take(draft) {
      draft.method = method
    },
  }
}

type NumberField = 'weight' | 'upperThreshold' | 'lowerThreshold' | 'tunnelPort'

function number(
  name: OptionName,
  short: string | undefined,
  words: string,
  min: number,
  max: number,
  field: NumberField,
): Option {
  return {
    ...named(name, short),
    argument: 'required',
    name,
    take(draft, value) {
      draft[field] = decimal(value, min, max) ?? fail(`illegal ${words} specified`)
    },
  }
}

function daemonNumber(
  name: OptionName,
  min: number,
  max: number,
  field: 'syncId' | 'port' | 'ttl' | 'maxLength',
): Option {
  return {
    long: name,
    argument: 'required',
    name,
    take(draft, value) {
      draft.daemon[field] = decimal(value, min, max) ?? fail(`illegal ${name} specified`)
    },
  }
}

function takeNetmask(draft: Draft, value: string, names: KnownNames): void {
  if (draft.markFamily === 6 || draft.address?.includes(':')) {
    draft.prefix = leadingDecimal(value)
    if (draft.prefix < 1 || draft.prefix > 128) fail('illegal ipv6 netmask specified')
    return
  }
  const mask = inetAton(value) ?? names.addressOf(value)
  draft.prefix = (mask && maskPrefix(mask)) ?? fail('illegal virtual server persistent mask specified')
}

/** How many ones the mask begins with; undefined if others follow the first zero, as in the 0.0.0.24 of `-M 24`. */
function maskPrefix(mask: Ip): number | undefined {
  const bits = [...ipBytes(mask)].map(byte => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined
}

function takeGroup(draft: Draft, value: string): void {
  const group = parseIp(value)
  const first = group === undefined ? 0 : ipBytes(group)[0]!
  const multicast = value.includes(':') ? first === 0xff : first >= 224 && first < 240
  if (!multicast) fail(`invalid IPv${value.includes(':') ? 6 : 4} mcast-group \`${value}'`)
  draft.daemon.group = group
}
