/** A snapshot as a person reads it in a terminal: who is active, what is up, what is wrong. */
import { endpointText } from '../model/service.ts'
import { renderTraffic } from './render-traffic.ts'
import type {
  CheckerSnapshot,
  DataPathSnapshot,
  InstanceSnapshot,
  ProcessSnapshot,
  RealServerSnapshot,
  SessionSnapshot,
  Snapshot,
  VirtualServerSnapshot,
} from './snapshot.ts'
import type { ServiceTraffic } from './traffic.ts'

export function renderSnapshot(snapshot: Snapshot, traffic: readonly ServiceTraffic[] = []): string {
  const {
    routerId,
    pid,
    startedAtMs,
    takenAtMs,
    configurationFile,
    vrrp,
    virtualServers,
    dataPath,
    bfd,
    processes,
    alarms,
  } = snapshot
  const paragraphs = [
    [`${routerId}: pid ${pid}, running for ${ageText(startedAtMs, takenAtMs)}, ${configurationFile}`],
    ...section('ALARMS', alarms),
    ...section(
      'VRRP',
      vrrp.flatMap(instance => instanceLines(instance, takenAtMs)),
    ),
    ...section(
      'SERVICES',
      virtualServers.flatMap(server => serviceLines(server, takenAtMs)),
    ),
    ...section('TRAFFIC', traffic.length === 0 ? [] : renderTraffic(traffic)),
    ...section('DATA PATH', dataPath === undefined ? [] : dataPathLines(dataPath)),
    ...section(
      'BFD',
      bfd.map(session => sessionLine(session, takenAtMs)),
    ),
    ...section(
      'PROCESSES',
      processes.map(one => processLine(one, takenAtMs)),
    ),
  ]
  return `${paragraphs.map(lines => lines.join('\n')).join('\n\n')}\n`
}

function section(title: string, lines: readonly string[]): readonly (readonly string[])[] {
  return lines.length === 0 ? [] : [[title, ...lines.map(line => `  ${line}`)]]
}

function instanceLines(instance: InstanceSnapshot, nowMs: number): readonly string[] {
  const { name, state, sinceMs, faults, interface: where, routerId, priority, addresses, counts } = instance
  const traffic = Object.entries(counts).map(([label, count]) => `${label} ${count}`)
  return [
    `${name}  ${state}${faults.length === 0 ? '' : ` (${faults.join(', ')})`} for ${ageText(sinceMs, nowMs)}, ${where}, router id ${routerId}, priority ${priority}`,
    ...addresses.map(({ address, prefix, interface: on, present, claimedBy }) => {
      const claim = claimedBy === undefined ? '' : `, CLAIMED BY ${claimedBy}`
      return `    ${address}/${prefix} ${present ? 'on' : 'not on'} ${on}${claim}`
    }),
    ...(traffic.length === 0 ? [] : [`    ${traffic.join(', ')}`]),
  ]
}

function sessionLine(session: SessionSnapshot, nowMs: number): string {
  const { name, neighbour, state, sinceMs, detectionMs, counts } = session
  const notice = state === 'Down' ? '' : `, silence is noticed after ${Number(detectionMs.toFixed(1))} ms`
  const traffic = Object.entries(counts).map(([label, count]) => `, ${label} ${count}`)
  return `${name}  ${state} for ${ageText(sinceMs, nowMs)}, with ${neighbour}${notice}${traffic.join('')}`
}

function dataPathLines({ connections, refusals }: DataPathSnapshot): readonly string[] {
  const { ipv4, ipv6 } = connections
  const counts = Object.entries(refusals).filter(([, count]) => count > 0)
  return [
    `${ipv4.taken} of ${ipv4.places} places taken by connections of IPv4, ${ipv6.taken} of ${ipv6.places} by those of IPv6`,
    ...(counts.length === 0
      ? []
      : [`not forwarded: ${counts.map(([reason, count]) => `${reason} ${count}`).join(', ')}`]),
  ]
}

function serviceLines(virtualServer: VirtualServerSnapshot, nowMs: number): readonly string[] {
  const { service, quorum, upWeight, neededWeight, sorryServer, suspended, realServers } = virtualServer
  const up = realServers.filter(server => server.up).length
  const rest = suspended ? ', checks rest: the address is not here' : ''
  const lost = quorum ? '' : `, NO QUORUM (weight ${upWeight} of ${neededWeight})`
  const sorry = sorryServer?.serving
    ? `, sorry server ${endpointText(sorryServer.address, sorryServer.port)} serves`
    : ''
  const heading = `${service}  ${up} of ${realServers.length} up${lost}${sorry}${rest}`
  return [heading, ...realServers.map(server => `    ${serverLine(server, nowMs)}`)]
}

function serverLine(server: RealServerSnapshot, nowMs: number): string {
  const { address, port, weight, fullWeight, transitions, heldLetters, checkers } = server
  const verdicts = checkers.length === 0 ? ['nothing checks it'] : checkers.map(checker => verdictText(checker, nowMs))
  const slow = weight === fullWeight ? '' : ` of ${fullWeight} (slow start)`
  const held = heldLetters === 0 ? '' : `; FLAPS: changed ${transitions} times, ${heldLetters} mails held back`
  return `${endpointText(address, port)}  ${stateText(server)}, weight ${weight}${slow}: ${verdicts.join('; ')}${held}`
}

function stateText({ up, drained, serving, weight }: RealServerSnapshot): string {
  if (drained) return up ? 'DRAINED' : 'DOWN, DRAINED'
  if (!up) return 'DOWN'
  return serving || weight === 0 ? 'up' : 'up, but OUT while the sorry server serves'
}

function verdictText(checker: CheckerSnapshot, nowMs: number): string {
  const { sharedBy } = checker
  return `${opinionText(checker, nowMs)}${sharedBy > 1 ? `, one probe for ${sharedBy}` : ''}`
}

function opinionText({ type, up, proved, sinceMs, lastError, latencyMs }: CheckerSnapshot, nowMs: number): string {
  if (!proved) return `${type} has not ended yet${lastError === undefined ? '' : `, ${lastError}`}`
  const age = ageText(sinceMs, nowMs)
  if (!up) return `${type} fails since ${age}, ${lastError ?? 'for no known reason'}`
  if (lastError !== undefined) return `${type} failed just now, ${lastError}, and is tried again`
  return `${type} passes since ${age}${latencyMs === undefined ? '' : `, in ${latencyMs.toFixed(1)} ms`}`
}

function processLine({ role, pid, startedAtMs, restarts }: ProcessSnapshot, nowMs: number): string {
  const life = pid === undefined ? 'DEAD' : `pid ${pid}, running for ${ageText(startedAtMs, nowMs)}`
  return `${role}  ${life}${restarts === 0 ? '' : `, started again ${restarts} times`}`
}

/** `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`. */
function ageText(fromMs: number, toMs: number): string {
  const seconds = Math.max(0, toMs - fromMs) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}
