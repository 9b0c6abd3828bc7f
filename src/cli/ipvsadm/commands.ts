/** ipvsadm's commands: how each is written, and which options it needs, allows, or allows one of. */
import type { OptionName } from './options.ts'
import type { PoptOption } from './popt.ts'

export interface CommandOption extends PoptOption {
  readonly command: CommandName
}

export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'
  | 'help'
  | 'version'

export const COMMANDS: readonly CommandOption[] = [
  { long: 'add-service', short: 'A', argument: 'none', command: 'add-service' },
  { long: 'edit-service', short: 'E', argument: 'none', command: 'edit-service' },
  { long: 'delete-service', short: 'D', argument: 'none', command: 'delete-service' },
  { long: 'clear', short: 'C', argument: 'none', command: 'flush' },
  { long: 'list', short: 'L', argument: 'none', command: 'list' },
  { long: 'list', short: 'l', argument: 'none', command: 'list' },
  { long: 'zero', short: 'Z', argument: 'none', command: 'zero' },
  { long: 'add-server', short: 'a', argument: 'none', command: 'add-server' },
  { long: 'edit-server', short: 'e', argument: 'none', command: 'edit-server' },
  { long: 'delete-server', short: 'd', argument: 'none', command: 'delete-server' },
  { long: 'set', argument: 'none', command: 'set' },
  { long: 'help', short: 'h', argument: 'none', command: 'help' },
  { long: 'version', short: 'v', argument: 'none', command: 'version' },
  { long: 'restore', short: 'R', argument: 'none', command: 'restore' },
  { long: 'save', short: 'S', argument: 'none', command: 'save' },
  { long: 'start-daemon', argument: 'required', command: 'start-daemon' },
  { long: 'stop-daemon', argument: 'required', command: 'stop-daemon' },
]

export interface Usage {
  readonly needs: readonly OptionName[]
  readonly allows: readonly OptionName[]
  /** At most one of these. */
  readonly oneOf: readonly OptionName[]
}

const SERVICE_OPTIONS: readonly OptionName[] = ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags']
const SERVER_OPTIONS: readonly OptionName[] = [
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
]

export const USAGE: Readonly<Record<Exclude<CommandName, 'help' | 'version'>, Usage>> = {
  'add-service': usage(['service-address'], SERVICE_OPTIONS),
  'edit-service': usage(['service-address'], SERVICE_OPTIONS),
  'delete-service': usage(['service-address']),
  flush: usage(),
  list: usage(
    [],
    ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info', 'json'],
    ['connection', 'service-address', 'timeout', 'daemon'],
  ),
  'add-server': usage(['service-address', 'real-server'], SERVER_OPTIONS),
  'delete-server': usage(['service-address', 'real-server']),
  'edit-server': usage(['service-address', 'real-server'], SERVER_OPTIONS),
  set: usage(),
  'start-daemon': usage([], ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen']),
  'stop-daemon': usage([], ['syncid']),
  restore: usage(),
  save: usage([], ['numeric']),
  zero: usage([], ['service-address']),
}

/** Options of a tunnel, by its type. */
export const TUNNEL_OPTION_NAMES = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const
export const TUNNEL_USAGE: Readonly<Record<'ipip' | 'gue' | 'gre', Usage>> = {
  ipip: usage(),
  gue: usage(['tun-port'], [], ['tun-nocsum', 'tun-csum', 'tun-remcsum']),
  gre: usage([], [], ['tun-nocsum', 'tun-csum']),
}

function usage(
  needs: readonly OptionName[] = [],
  allows: readonly OptionName[] = [],
  oneOf: readonly OptionName[] = [],
): Usage {
  return { needs, allows, oneOf }
}
