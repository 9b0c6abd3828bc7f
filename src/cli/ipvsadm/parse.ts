/**
 * A command line to a `Command`, or `UsageError` with ipvsadm's words and exit status. Mistakes are found in ipvsadm's
 * order: option by option, then words left over, then which options go with the command, then what fits together.
 */
import { type Ip, ip, ipFamily } from '../../bytes/address.ts'
import { type SchedulerFlag, type ServiceKey, serviceFamily, type Tunnel } from '../../model/service.ts'
import type { Destination, SyncDaemon, Timeouts } from '../../model/virtual-service.ts'
import type { Command, ListFormat, RequestedService } from './command.ts'
import type { Usage } from './commands.ts'
import { COMMANDS, type CommandName, type CommandOption, TUNNEL_OPTION_NAMES, TUNNEL_USAGE, USAGE } from './commands.ts'
import { type Draft, emptyDraft } from './draft.ts'
import type { KnownNames } from './known-names.ts'
import { OPTION_NAMES, OPTIONS, type Option, type OptionName, timeout } from './options.ts'
import { type ReadOptions, readOptions } from './popt.ts'
import { seeHelp, UsageError } from './usage-error.ts'

const TABLE: readonly (CommandOption | Option)[] = [...COMMANDS, ...OPTIONS]
const DEFAULT_SCHEDULER = 'wlc'
const DEFAULT_INTERFACE = 'eth0'
const DEFAULT_GROUP: Ip = ip('224.0.0.81')
const DEFAULT_PORT = 8848
const DEFAULT_TTL = 1

/** `words` without the program's name; no words at all list the table, with names. */
export function parseCommand(words: readonly string[], names: KnownNames): Command {
  if (words.length === 0) return { name: 'list-services', format: listFormat(new Set()) }
  const read = readOptions(words, TABLE)
  const [first] = read.options
  if (first === undefined || !('command' in first.option)) throw seeHelp()
  const { command } = first.option
  if (command === 'help' || command === 'version') return { name: command }

  const role = command === 'start-daemon' || command === 'stop-daemon' ? daemonRole(command, first.value) : 'master'
  const { draft, given } = takeOptions(read, names)
  const rest = [...read.rest]
  const timeouts = command === 'set' ? takeTimeouts(rest) : undefined
  if (rest.length > 0) fail(`unexpected argument ${rest[0]}`)
  const flags = schedulerFlags(draft)
  judgeOptions(USAGE[command], OPTION_NAMES, given, `'${command}' command`, `with the '${command}' command`)
  return commandOf(command, draft, given, flags, role, timeouts)
}

function takeOptions(read: ReadOptions<CommandOption | Option>, names: KnownNames): Taken {
  const draft = emptyDraft()
  const given = new Set<OptionName>()
  for (const { option, value, word } of read.options.slice(1)) {
    if ('command' in option) return fail(`invalid option \`${word}'`)
    if (option.name !== undefined && given.has(option.name)) fail(`multiple '${option.name}' options specified`)
    if (option.name !== undefined) given.add(option.name)
    option.take?.(draft, value ?? option.missing ?? '', names)
  }
  if (read.error !== undefined) throw new UsageError(`${read.error.word}: ${read.error.problem}`, 255, false)
  return { draft, given }
}

interface Taken {
  readonly draft: Draft
  readonly given: ReadonlySet<OptionName>
}

function daemonRole(command: 'start-daemon' | 'stop-daemon', word: string | undefined): SyncDaemon['role'] {
  if (word === 'master' || word === 'backup') return word
  return fail(
    command === 'start-daemon' ? 'illegal start-daemon parameter specified' : 'illegal start_daemon specified',
  )
}

/** Takes the first three words. */
function takeTimeouts(rest: string[]): Timeouts {
  const [tcp, tcpFin, udp] = rest.splice(0, 3)
  if (tcp === undefined || tcpFin === undefined || udp === undefined)
    return fail('--set option requires 3 timeout values')
  return { tcpS: timeout(tcp, 0), tcpFinS: timeout(tcpFin, 0), udpS: timeout(udp, 0) }
}

/** Flags by the names that only their scheduler knows; the plain ones go with any. */
const FLAGS: ReadonlyMap<string, { readonly flag: SchedulerFlag; readonly scheduler: string | undefined }> = new Map([
  ['flag-1', { flag: 'flag-1', scheduler: undefined }],
  ['flag-2', { flag: 'flag-2', scheduler: undefined }],
  ['flag-3', { flag: 'flag-3', scheduler: undefined }],
  ['sh-fallback', { flag: 'flag-1', scheduler: 'sh' }],
  ['sh-port', { flag: 'flag-2', scheduler: 'sh' }],
  ['mh-fallback', { flag: 'flag-1', scheduler: 'mh' }],
  ['mh-port', { flag: 'flag-2', scheduler: 'mh' }],
])

function schedulerFlags(draft: Draft): readonly SchedulerFlag[] {
  const flags = new Set<SchedulerFlag>()
  for (const word of draft.schedulerFlags.split(',').filter(word => word !== '')) {
    const known = FLAGS.get(word) ?? fail(`invalid scheduler flag \`${word}'`)
    if (known.scheduler !== undefined && known.scheduler !== (draft.scheduler || DEFAULT_SCHEDULER))
      fail(`incompatible scheduler flag \`${word}'`)
    flags.add(known.flag)
  }
  return [...flags].sort()
}

function judgeOptions(
  usage: Usage,
  order: readonly OptionName[],
  given: ReadonlySet<OptionName>,
  whom: string,
  withWhom: string,
): void {
  let chosen: OptionName | undefined
  for (const name of order) {
    if (!given.has(name)) {
      if (usage.needs.includes(name)) fail(`You need to supply the '${name}' option for the ${whom}`)
    } else if (usage.oneOf.includes(name)) {
      if (chosen !== undefined) fail(`The option '${name}' conflicts with the '${chosen}' option in the ${whom}`)
      chosen = name
    } else if (!usage.needs.includes(name) && !usage.allows.includes(name)) fail(`Illegal '${name}' option ${withWhom}`)
  }
}

function commandOf(
  command: Exclude<CommandName, 'help' | 'version'>,
  draft: Draft,
  given: ReadonlySet<OptionName>,
  flags: readonly SchedulerFlag[],
  role: SyncDaemon['role'],
  timeouts: Timeouts | undefined,
): Command {
  switch (command) {
    case 'add-service':
    case 'edit-service':
      return { name: command, service: requestedService(draft, given, flags) }
    case 'delete-service':
      return { name: command, key: serviceKey(draft) }
    case 'zero':
      return { name: command, key: namesNoService(draft) ? undefined : serviceKey(draft) }
    case 'add-server':
    case 'edit-server':
      return { name: command, key: serviceKey(draft), destination: destination(draft, given) }
    case 'delete-server':
      return { name: command, key: serviceKey(draft), ...draft.server! }
    case 'list':
      return listCommand(draft, given)
    case 'save':
      return { name: command, numeric: given.has('numeric') }
    case 'set':
      return { name: command, timeouts: timeouts! }
    case 'start-daemon':
      return { name: command, daemon: syncDaemon(draft, role) }
    case 'stop-daemon':
      return { name: command, role, syncId: draft.daemon.syncId ?? 0 }
    case 'flush':
    case 'restore':
      return { name: command }
  }
}

function serviceKey(draft: Draft): ServiceKey {
  if (draft.mark !== undefined) return { kind: 'mark', mark: draft.mark, family: draft.markFamily! }
  return { kind: 'address', protocol: draft.protocol!, address: draft.address!, port: draft.port }
}

/** `-Z` of address and port zero is `-Z` of everything. */
function namesNoService(draft: Draft): boolean {
  if (draft.mark !== undefined || draft.port !== 0) return false
  return draft.address === undefined || draft.address === '0.0.0.0' || draft.address === '::'
}

function requestedService(
  draft: Draft,
  given: ReadonlySet<OptionName>,
  flags: readonly SchedulerFlag[],
): RequestedService {
  const key = serviceKey(draft)
  const onePacket = given.has('ops')
  if (key.kind === 'address') {
    if (key.port === 0 && draft.persistenceS === undefined) fail('Zero port specified for non-persistent service')
    if (onePacket && key.protocol !== 'UDP') fail('One-Packet Scheduling is only for UDP virtual services')
  }
  const wholeAddress = serviceFamily(key) === 6 ? 128 : 32
  return {
    key,
    scheduler: draft.scheduler || DEFAULT_SCHEDULER,
    schedulerFlags: flags,
    onePacket,
    persistence:
      draft.persistenceS === undefined
        ? undefined
        : { timeoutS: draft.persistenceS, prefix: draft.prefix ?? wholeAddress },
    persistenceEngine: draft.persistenceEngine,
  }
}

function destination(draft: Draft, given: ReadonlySet<OptionName>): Destination {
  const { address, port } = draft.server!
  const { method, weight, upperThreshold, lowerThreshold } = draft
  const key = serviceKey(draft)
  if (ipFamily(address) !== serviceFamily(key) && method !== 'tunnel')
    fail('Different address family is allowed only for tunneling servers')
  if (method !== 'tunnel' && ['tun-type', ...TUNNEL_OPTION_NAMES].some(name => given.has(name as OptionName)))
    fail('Tunnel options conflict with forward method')
  const type = draft.tunnelType
  judgeOptions(
    TUNNEL_USAGE[type],
    TUNNEL_OPTION_NAMES,
    given,
    `'${type}' tunnel type`,
    `with the '${type}' tunnel type`,
  )
  return {
    address,
    // a routed or tunnelled packet keeps its port
    port: key.kind === 'address' && method !== 'masquerade' ? key.port : port,
    forwarding: method === 'tunnel' ? { method, tunnel: tunnel(draft, given) } : { method },
    weight,
    upperThreshold,
    lowerThreshold,
  }
}

function tunnel(draft: Draft, given: ReadonlySet<OptionName>): Tunnel {
  const checksum = given.has('tun-csum') ? 'csum' : 'nocsum'
  switch (draft.tunnelType) {
    case 'ipip':
      return { type: 'ipip' }
    case 'gre':
      return { type: 'gre', checksum }
    case 'gue':
      return { type: 'gue', port: draft.tunnelPort, checksum: given.has('tun-remcsum') ? 'remcsum' : checksum }
  }
}

function syncDaemon(draft: Draft, role: SyncDaemon['role']): SyncDaemon {
  const { daemon } = draft
  return {
    role,
    interface: daemon.interface ?? DEFAULT_INTERFACE,
    syncId: daemon.syncId ?? 0,
    maxLength: daemon.maxLength ?? 0,
    group: daemon.group ?? DEFAULT_GROUP,
    port: daemon.port ?? DEFAULT_PORT,
    ttl: daemon.ttl ?? DEFAULT_TTL,
  }
}

function listCommand(draft: Draft, given: ReadonlySet<OptionName>): Command {
  const format = listFormat(given)
  const special = given.has('connection') || given.has('timeout') || given.has('daemon')
  if (special && (given.has('stats') || given.has('rate') || given.has('thresholds')))
    fail('options conflicts in the list command')
  if ((given.has('timeout') || given.has('daemon')) && given.has('persistent-conn'))
    fail('options conflicts in the list command')
  if (given.has('connection')) return { name: 'list-connections', format }
  if (given.has('service-address')) return { name: 'list-service', key: serviceKey(draft), format }
  if (given.has('timeout')) return { name: 'list-timeouts', format }
  if (given.has('daemon')) return { name: 'list-daemons', format }
  return { name: 'list-services', format }
}

const VIEWS = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const

function listFormat(given: ReadonlySet<OptionName>): ListFormat {
  return {
    view: VIEWS.find(view => given.has(view)) ?? 'plain',
    numeric: given.has('numeric'),
    sorted: !given.has('nosort'),
    exact: given.has('exact'),
    json: given.has('json'),
  }
}

function fail(message: string): never {
  throw new UsageError(message)
}
