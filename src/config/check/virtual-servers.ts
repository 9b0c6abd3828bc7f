/** Judgements of `virtual_server` and what is in it. */
import { ipFamily } from '../../bytes/address.ts'
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts'
import { endpointText, serviceKeyText } from '../../model/service.ts'
import type { RealServer, VirtualServer } from '../../model/virtual-server.ts'
import { headerSpan } from '../statement.ts'
import { isWritten, type Judged, placeOf, type Rule, secondsText, valuePlace } from './judgement.ts'

export const SERVICE_RULES: readonly Rule[] = [keys, reachableAddress, eachBlock]

/** What is judged of one block alone. */
const BLOCK_RULES: readonly ((judged: Judged, server: VirtualServer) => Iterable<Diagnostic>)[] = [
  unsaidDefaults,
  persistence,
  quorum,
  schedulerFlags,
  servers,
  timing,
]

function* eachBlock(judged: Judged): Iterable<Diagnostic> {
  for (const server of blocks(judged)) for (const rule of BLOCK_RULES) yield* rule(judged, server)
}

/** One diagnostic for a block, however many services its group stands for. */
function blocks({ configuration, origins }: Judged): readonly VirtualServer[] {
  const seen = new Set<object>()
  return configuration.virtualServers.filter(server => {
    const statement = origins.get(server)?.statement
    if (statement === undefined || seen.has(statement)) return false
    seen.add(statement)
    return true
  })
}

function* keys(judged: Judged): Iterable<Diagnostic> {
  const taken = new Map<string, VirtualServer>()
  for (const server of judged.configuration.virtualServers) {
    const key = serviceKeyText(server.service)
    const first = taken.get(key)
    if (first === undefined) taken.set(key, server)
    else {
      const notes = [{ span: placeOf(judged, first), text: 'first here' }]
      yield diagnostic('duplicate-service', placeOf(judged, server), { service: key }, { label: 'again here', notes })
    }
  }
}

/** What nobody wrote, keepalived chooses: UDP, wlc, NAT. Few expect the first. */
function* unsaidDefaults(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  if (server.service.kind === 'address' && !isWritten(judged, server, 'protocol')) {
    yield diagnostic('no-protocol', placeOf(judged, server), {}, { help: 'add "protocol TCP" (or UDP, or SCTP)' })
  }
  if (!isWritten(judged, server, 'lb_algo', 'lvs_sched'))
    yield diagnostic('no-scheduler', placeOf(judged, server), {}, { help: 'add "lb_algo wlc", or another' })
  if (!isWritten(judged, server, 'lb_kind', 'lvs_method'))
    yield diagnostic('no-method', placeOf(judged, server), {}, { help: 'add "lb_kind NAT" (or DR, or TUN)' })
  if (server.realServers.length === 0 && server.sorryServer === undefined) {
    yield diagnostic(
      'no-real-server',
      placeOf(judged, server),
      {},
      { help: 'keepalived leaves out a virtual_server without any' },
    )
  }
}

/** A service answers only on machines that own its address. */
function* reachableAddress(judged: Judged): Iterable<Diagnostic> {
  const { vrrpInstances, staticAddresses } = judged.configuration
  if (vrrpInstances.length === 0) return
  const owned = new Set<string>(staticAddresses.map(({ address }) => address))
  for (const { addresses, excludedAddresses } of vrrpInstances) {
    for (const { address } of addresses) owned.add(address)
    for (const { address } of excludedAddresses) owned.add(address)
  }
  for (const server of blocks(judged)) {
    if (server.service.kind !== 'address' || owned.has(server.service.address)) continue
    const { address } = server.service
    yield diagnostic(
      'service-without-address',
      placeOf(judged, server),
      { address },
      {
        help: `add ${address} to the virtual_ipaddress of an instance, unless this machine has it already`,
      },
    )
  }
}

function* persistence(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  if (server.persistence === undefined) return
  const { timeoutS, prefix } = server.persistence
  const span = valuePlace(judged, server, 'persistence_timeout')
  const { service } = server
  const width = service.kind === 'address' && ipFamily(service.address) === 6 ? 128 : 32
  if (!isWritten(judged, server, 'persistence_timeout') && service.kind === 'address' && service.port === 0) {
    yield diagnostic('port-zero-persists', span, {}, { help: 'name a port, or say how long with persistence_timeout' })
  } else if (server.onePacket) {
    const notes = [{ span: valuePlace(judged, server, 'ops'), text: 'every packet by itself' }]
    yield diagnostic('persistence-against-ops', span, {}, { notes })
  } else if (prefix < width) {
    const place = valuePlace(judged, server, 'persistence_granularity')
    yield diagnostic('persistence-by-network', place, { prefix, timeout: timeoutS })
  } else if (server.realServers.length > 1) {
    yield diagnostic('persistence-holds-clients', span, { timeout: timeoutS, scheduler: server.scheduler })
  }
}

function* quorum(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  const origin = judged.origins.get(server)
  const written = (keyword: string) => Number(origin?.at(keyword)?.line.words[1]?.text ?? 0)
  const weights = server.realServers.reduce((sum, { weight }) => sum + weight, 0)
  if (written('quorum') > server.quorum) {
    const help = `keepalived lowers it to ${server.quorum}`
    yield diagnostic(
      'quorum-above-weights',
      valuePlace(judged, server, 'quorum'),
      { quorum: written('quorum'), weights },
      { help },
    )
  }
  if (written('hysteresis') > server.hysteresis) {
    const fill = { hysteresis: written('hysteresis'), quorum: server.quorum, lowered: server.hysteresis }
    yield diagnostic('hysteresis-above-quorum', valuePlace(judged, server, 'hysteresis'), fill)
  }
}

/** sh-port and its like are options of one scheduler, and keepalived wants to know the scheduler first. */
function* schedulerFlags(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  if (server.schedulerFlags.length === 0) return
  const origin = judged.origins.get(server)
  const chosen = origin?.at('lb_algo') ?? origin?.at('lvs_sched')
  for (const keyword of ['sh-port', 'sh-fallback', 'mh-port', 'mh-fallback']) {
    const statement = origin?.at(keyword)
    if (statement === undefined) continue
    const wanted = keyword.slice(0, 2)
    const late = chosen !== undefined && headerSpan(chosen).start > headerSpan(statement).start
    if (server.scheduler !== wanted || late) {
      const help = late ? 'write it below lb_algo' : `it is an option of lb_algo ${wanted}`
      yield diagnostic(
        'flag-without-scheduler',
        headerSpan(statement),
        { flag: keyword, scheduler: server.scheduler },
        { help },
      )
    }
  }
}

function* servers(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  const { service } = server
  const taken = new Map<string, RealServer>()
  for (const real of server.realServers) {
    const name = endpointText(real.address, real.port)
    const first = taken.get(name)
    if (first === undefined) taken.set(name, real)
    else {
      const notes = [{ span: placeOf(judged, first), text: 'first here' }]
      yield diagnostic('duplicate-real-server', placeOf(judged, real), { server: name }, { label: 'again here', notes })
    }
    const direct = real.forwarding.method !== 'masquerade'
    const port = direct ? judged.origins.get(real)?.statement.line.words[2] : undefined
    if (
      port !== undefined &&
      service.kind === 'address' &&
      Number(port.text) !== service.port &&
      Number(port.text) !== 0
    ) {
      const method = real.forwarding.method === 'route' ? 'DR' : 'TUN'
      yield diagnostic(
        'port-cannot-change',
        port,
        { method, port: service.port },
        {
          label: `clients reach it at ${service.port}`,
          help: 'use the same port, or NAT, which rewrites it',
        },
      )
    }
    if (
      service.kind === 'address' &&
      real.forwarding.method !== 'tunnel' &&
      ipFamily(real.address) !== ipFamily(service.address)
    ) {
      yield diagnostic(
        'other-family',
        placeOf(judged, real),
        { server: real.address },
        { help: 'only a tunnel (lb_kind TUN) carries one family in the other' },
      )
    }
    if (real.lowerThreshold > real.upperThreshold && real.upperThreshold > 0) {
      yield diagnostic('thresholds-crossed', valuePlace(judged, real, 'lthreshold'), {
        lower: real.lowerThreshold,
        upper: real.upperThreshold,
      })
    }
    if (real.slowStartMs > 0 && real.weight === 1) {
      yield diagnostic(
        'slow-start-without-weight',
        placeOf(judged, real),
        { server: name, weight: real.weight },
        { help: 'give all servers of the service weights such as 100' },
      )
    }
    if (real.checkers.length > 0 && real.checkers.every(one => 'keepAlive' in one && one.keepAlive)) {
      yield diagnostic(
        'keep-alive-alone',
        placeOf(judged, real),
        { server: name },
        { help: 'add a check that connects, such as TCP_CHECK { }' },
      )
    }
    if (real.checkers.length === 0 && real.following.length === 0) {
      yield diagnostic(
        'unchecked-server',
        placeOf(judged, real),
        { server: name },
        { help: 'add a check such as TCP_CHECK { }' },
      )
    }
  }
}

/** A check begins again only when the last has ended: one that may take longer than delay_loop stretches it. */
function* timing(judged: Judged, server: VirtualServer): Iterable<Diagnostic> {
  for (const real of server.realServers) {
    for (const checker of real.checkers) {
      const { intervalMs } = checker.schedule
      const longestMs = checker.type === 'MISC_CHECK' ? checker.timeoutMs : checker.target.connectTimeoutMs
      if (longestMs <= intervalMs) continue
      const keyword = checker.type === 'MISC_CHECK' ? 'misc_timeout' : 'connect_timeout'
      const holder = [checker, real, server].find(part => isWritten(judged, part, keyword)) ?? checker
      const loop = [checker, real, server].find(part => isWritten(judged, part, 'delay_loop'))
      yield diagnostic(
        'check-outlasts-interval',
        valuePlace(judged, holder, keyword),
        { longest: secondsText(longestMs), interval: secondsText(intervalMs) },
        {
          notes:
            loop === undefined ? [] : [{ span: valuePlace(judged, loop, 'delay_loop'), text: 'between two checks' }],
          help: `a ${keyword} below delay_loop finds a dead server sooner`,
        },
      )
    }
  }
}
