/** What keepalived says when it has read everything and looks at the whole. */
import type { Configuration } from '../../model/configuration.ts'
import type { Script } from '../../model/script.ts'
import type { VirtualServer } from '../../model/virtual-server.ts'
import type { VrrpInstance } from '../../model/vrrp-instance.ts'
import { isWritten, type Judged } from '../check/judgement.ts'
import { keywordOf, type Statement } from '../statement.ts'

/** Complaints of the VRRP process. `root`: as keepalived took the file apart. */
export function vrrpComplaints(judged: Judged, root: Statement): readonly string[] {
  const { configuration } = judged
  const made = new Map(configuration.vrrpInstances.map(instance => [instance.name, instance]))
  const seen = new Set<string>()
  const perInstance = blocksOf(root, 'vrrp_instance').flatMap(block => {
    const name = block.line.words[1]?.text ?? ''
    if (seen.has(name)) return []
    seen.add(name)
    const instance = made.get(name)
    return instance === undefined ? unusable(block, name) : instanceComplaints(judged, instance)
  })
  return [...perInstance, ...sharedRouterIds(configuration), ...syncGroupComplaints(configuration)]
}

function unusable(block: Statement, name: string): readonly string[] {
  const has = (keyword: string) => block.children?.some(child => keywordOf(child) === keyword) ?? false
  const number = block.children?.find(child => keywordOf(child) === 'virtual_router_id')?.line.words[1]?.text
  if (!(Number(number) >= 1 && Number(number) <= 255)) return [`(${name}) the virtual router id must be set`]
  return has('interface') ? [] : [`(${name}) Unknown interface!`]
}

function instanceComplaints(judged: Judged, instance: VrrpInstance): readonly string[] {
  const found: string[] = []
  const say = (text: string) => void found.push(`(${instance.name}) ${text}`)
  if (isWritten(judged, instance, 'unicast_src_ip') && !isWritten(judged, instance, 'unicast_peer')) {
    say(
      'A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.',
    )
  }
  if (!isWritten(judged, instance, 'interface')) return [`(${instance.name}) Unknown interface!`]
  const state = judged.origins.get(instance)?.at('state')?.line.words[1]?.text
  if (state === 'MASTER' && instance.authentication.type === 'ah') {
    say('Initial state master is incompatible with AH authentication - clearing')
  }
  if (instance.addresses.length === 0) say('No VIP specified; at least one is sensible')
  if (instance.strict && (instance.initialState === 'master') !== (instance.priority === 255))
    say('State MASTER must match being address owner')
  if (instance.strict && isWritten(judged, instance, 'authentication'))
    say('Strict mode does not support authentication. Ignoring.')
  const interval = Number(judged.origins.get(instance)?.at('advert_int')?.line.words[1]?.text)
  if (instance.version === 2 && interval > 0 && !Number.isInteger(interval)) {
    say(`VRRPv2 advertisement interval ${interval.toFixed(6)}s must be an integer. rounding`)
  }
  if (isWritten(judged, instance, 'nopreempt')) {
    if (instance.priority === 255) say('nopreempt is incompatible with priority 255. resetting nopreempt')
    else if (instance.initialState === 'master')
      say('Warning - nopreempt will not work with initial state MASTER - clearing')
  }
  return found
}

function* sharedRouterIds({ vrrpInstances }: Configuration): Iterable<string> {
  for (const [i, one] of vrrpInstances.entries()) {
    for (const other of vrrpInstances.slice(i + 1)) {
      const same = one.interface === other.interface && one.family === other.family && one.routerId === other.routerId
      if (!same || one.unicastPeers.length > 0 || other.unicastPeers.length > 0) continue
      yield `${one.name} and ${other.name} both use VRID ${one.routerId} with IPv${one.family} on interface ${one.interface}`
    }
  }
}

function* syncGroupComplaints({ vrrpInstances, vrrpSyncGroups }: Configuration): Iterable<string> {
  const names = new Set(vrrpInstances.map(({ name }) => name))
  for (const group of vrrpSyncGroups) {
    const members = group.instances.filter(name => names.has(name))
    for (const name of group.instances) {
      if (!names.has(name))
        yield `Virtual router ${name} specified in sync group ${group.name} doesn't exist - ignoring`
    }
    if (members.length === 0) yield `Sync group ${group.name} has no virtual router(s). removing`
    if (members.length === 1)
      yield `Sync group ${group.name} has only 1 virtual router(s) - this probably isn't what you want`
  }
}

/** Complaints of the process that checks real servers. */
export function checkerComplaints(judged: Judged): readonly string[] {
  const blocks = new Set<Statement>()
  return judged.configuration.virtualServers.flatMap(server => {
    const statement = judged.origins.get(server)?.statement
    if (statement === undefined || blocks.has(statement)) return []
    blocks.add(statement)
    return [...serviceComplaints(judged, server)]
  })
}

function* serviceComplaints(judged: Judged, server: VirtualServer): Iterable<string> {
  const name = nameOf(server)
  if (server.realServers.length === 0) {
    yield `Virtual server ${name} has no real servers - ignoring`
    return
  }
  if (server.service.kind === 'address' && !isWritten(judged, server, 'protocol')) {
    yield `Virtual server ${nameOf(server, 'none')}: no protocol set - defaulting to UDP`
  }
  const { service } = server
  if (service.kind === 'mark' && isWritten(judged, server, 'protocol')) {
    yield `Warning: Virtual server ${name}: protocol specified for fwmark - protocol will be ignored`
  }
  if (service.kind === 'address' && service.port === 0 && !isWritten(judged, server, 'persistence_timeout')) {
    yield `Virtual server ${name}: zero port only valid for persistent services - setting`
  }
  if (!isWritten(judged, server, 'lb_algo', 'lvs_sched'))
    yield `Virtual server ${name}: no scheduler set, setting default 'wlc'`
  if (!isWritten(judged, server, 'lb_kind', 'lvs_method'))
    yield `Virtual server ${name}: no forwarding method set, setting default NAT`
  const weights = server.realServers.reduce((sum, { weight }) => sum + weight, 0)
  const written = (keyword: string) => Number(judged.origins.get(server)?.at(keyword)?.line.words[1]?.text ?? 0)
  const quorum = Math.max(1, written('quorum'))
  if (quorum > weights) {
    yield `Warning - quorum ${quorum} for ${name} exceeds total weight of real servers ${weights}, reducing quorum to ${weights}`
  }
  const lowered = Math.min(quorum, weights)
  const hysteresis = written('hysteresis')
  if (hysteresis >= lowered) {
    // keepalived's number has no sign: one below 0 is the largest there is.
    const set = (lowered - 1) >>> 0
    yield `Virtual server ${name}: hysteresis ${hysteresis} >= quorum ${lowered}; setting hysteresis to ${set}`
  }
  for (const real of server.realServers) {
    const port = Number(judged.origins.get(real)?.statement.line.words[2]?.text)
    if (real.forwarding.method === 'masquerade' || service.kind !== 'address' || !(port > 0) || port === service.port)
      continue
    const protocol = service.protocol.toLowerCase()
    yield `WARNING - virtual server ${name} and real server [${real.address}]:${protocol}:${port} ports don't match - resetting`
  }
}

/** `[192.168.40.9]:tcp:80`, as log lines have it. */
function nameOf({ service, group }: VirtualServer, protocol?: string): string {
  if (group !== undefined) return `[${group}]:0`
  if (service.kind === 'mark') return `FWM ${service.mark}`
  return `[${service.address}]:${protocol ?? service.protocol.toLowerCase()}:${service.port}`
}

function blocksOf(root: Statement, keyword: string): readonly Statement[] {
  return root.children?.filter(child => keywordOf(child) === keyword) ?? []
}

/**
 * Complaints about the programs of a process. Without enable_script_security a program that would run is a violation.
 * `runs`: whether there is such a program.
 */
export function* programComplaints(
  { configuration }: Judged,
  process: 'vrrp' | 'checkers',
  runs: (path: string) => boolean,
): Iterable<string> {
  const ours = process === 'vrrp'
  const programs = ours ? vrrpPrograms(configuration) : checkerPrograms(configuration)
  for (const { name, script } of ours ? configuration.scripts : []) {
    if (!runs(script.argv[0] ?? '')) yield `Disabling track script ${name} since not found/accessible`
  }
  if (configuration.global.scriptSecurity || !programs.some(({ argv }) => runs(argv[0] ?? ''))) return
  yield `SECURITY VIOLATION - ${ours ? '' : 'check '}scripts are being executed but script_security not enabled.`
}

function vrrpPrograms({ scripts, vrrpInstances, vrrpSyncGroups }: Configuration): readonly Script[] {
  const notified = [...vrrpInstances, ...vrrpSyncGroups].flatMap(({ notify }) => Object.values(notify))
  return [...scripts.map(({ script }) => script), ...notified.filter(each => typeof each === 'object')]
}

function checkerPrograms({ virtualServers }: Configuration): readonly Script[] {
  const servers = virtualServers.flatMap(({ realServers }) => realServers)
  const checkers = servers.flatMap(server => server.checkers)
  return [
    ...virtualServers.flatMap(({ quorumUp, quorumDown }) => [quorumUp, quorumDown]),
    ...servers.flatMap(({ notifyUp, notifyDown }) => [notifyUp, notifyDown]),
    ...checkers.map(checker => (checker.type === 'MISC_CHECK' ? checker.script : undefined)),
  ].filter(script => script !== undefined)
}
