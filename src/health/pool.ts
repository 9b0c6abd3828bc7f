/**
 * The pool behind one virtual server: which real servers are up, with which weight, and whether they are enough.
 *
 * A real server is up while none of its checkers says otherwise. Checkers may also change its weight: programs with
 * `misc_dynamic`, and numbers in tracked files. Who drains a server gives it weight 0, whatever its checkers say. The
 * quorum is gained when the weights of those that are up reach `quorum + hysteresis`, and lost when they fall below
 * `quorum - hysteresis` or to nothing. Without a quorum a sorry server, if there is one, takes the place of all of them
 * (`desired.ts`).
 */
import type { RealServer, VirtualServer } from '../model/virtual-server.ts'
import { realServerName, virtualServerName } from './names.ts'

export interface PoolState {
  /** In the order of `virtualServer.realServers`. */
  readonly servers: readonly ServerState[]
  readonly quorum: boolean
}

export interface ServerState {
  readonly up: boolean
  /** What new connections see: that of the configuration and its checkers, 0 while it is drained. */
  readonly weight: number
  readonly drained: boolean
  /** What each of its checkers says, in their order, those that follow a file behind those that probe. */
  readonly opinions: readonly Opinion[]
}

export interface Opinion {
  readonly up: boolean
  /** What it adds to the configured weight. */
  readonly weight: number
}

export type PoolEvent =
  | { readonly type: 'opinion'; readonly server: number; readonly checker: number; readonly opinion: Opinion }
  | { readonly type: 'drain'; readonly server: number; readonly drained: boolean }

export type PoolEffect =
  | { readonly type: 'log'; readonly text: string }
  | { readonly type: 'server'; readonly server: number; readonly up: boolean }
  | { readonly type: 'weight'; readonly server: number; readonly weight: number }
  /** `mail` is keepalived's: `Gained quorum 1+0=1 <= 2`. */
  | { readonly type: 'quorum'; readonly up: boolean; readonly mail: string }

export interface PoolStep {
  readonly state: PoolState
  readonly effects: readonly PoolEffect[]
}

/**
 * `opinions` are what the checkers assume before their first probe, or what a reload carried over, as `quorum` is;
 * undefined: the daemon has just started. A quorum that is there from the start is told like one that is gained.
 */
export function startPool(
  virtualServer: VirtualServer,
  opinions: readonly (readonly Opinion[])[],
  drained: readonly boolean[] = [],
  quorum?: boolean,
): PoolStep {
  const servers = virtualServer.realServers.map((server, i) =>
    judgeServer(server, opinions[i] ?? [], drained[i] ?? false),
  )
  const first = quorum === undefined
  return judgeQuorum(virtualServer, { servers, quorum: quorum ?? false }, first)
}

export function stepPool(virtualServer: VirtualServer, pool: PoolState, event: PoolEvent): PoolStep {
  const before = pool.servers[event.server]
  const server = virtualServer.realServers[event.server]
  if (before === undefined || server === undefined) throw new RangeError(`no real server ${event.server}`)
  const now =
    event.type === 'drain'
      ? judgeServer(server, before.opinions, event.drained)
      : judgeServer(server, before.opinions.with(event.checker, event.opinion), before.drained)
  const judged = judgeQuorum(virtualServer, { ...pool, servers: pool.servers.with(event.server, now) })
  return {
    state: judged.state,
    effects: [
      ...drainEffects(virtualServer, server, before, now),
      ...weightEffects(virtualServer, server, event.server, before, now),
      ...serverEffects(virtualServer, server, event.server, before, now),
      ...judged.effects,
    ],
  }
}

/** The weights of the servers that are up. */
export function upWeight(servers: readonly ServerState[]): number {
  return servers.reduce((sum, { up, weight }) => (up ? sum + weight : sum), 0)
}

/** The least weight that keeps the quorum, or gains it while it is lost. */
export function neededWeight(virtualServer: VirtualServer, { quorum }: PoolState): number {
  return quorum ? Math.max(1, loseBelow(virtualServer)) : gainAt(virtualServer)
}

function judgeServer({ weight }: RealServer, opinions: readonly Opinion[], drained: boolean): ServerState {
  const wished = opinions.reduce((sum, opinion) => sum + opinion.weight, weight)
  return {
    up: opinions.every(opinion => opinion.up),
    weight: drained ? 0 : Math.min(Math.max(wished, 0), WEIGHT_MAX),
    drained,
    opinions,
  }
}

/** ip_vs keeps weights in an int. */
const WEIGHT_MAX = 0x7fff_ffff

function serverEffects(
  virtualServer: VirtualServer,
  server: RealServer,
  index: number,
  before: ServerState,
  { up }: ServerState,
): readonly PoolEffect[] {
  if (up === before.up) return []
  return [
    { type: 'log', text: serverText(virtualServer, server, up) },
    { type: 'server', server: index, up },
  ]
}

function weightEffects(
  { service }: VirtualServer,
  server: RealServer,
  index: number,
  before: ServerState,
  { up, weight }: ServerState,
): readonly PoolEffect[] {
  if (weight === before.weight) return []
  const whose = `${up ? 'active' : 'inactive'} service ${realServerName(service, server)} of VS ${virtualServerName(service)}`
  return [
    { type: 'log', text: `Changing weight from ${before.weight} to ${weight} for ${whose}` },
    { type: 'weight', server: index, weight },
  ]
}

function drainEffects(
  { service }: VirtualServer,
  server: RealServer,
  before: ServerState,
  { drained }: ServerState,
): readonly PoolEffect[] {
  if (drained === before.drained) return []
  const name = `service ${realServerName(service, server)} of VS ${virtualServerName(service)}`
  return [{ type: 'log', text: drained ? `Draining ${name}: no new connections` : `Draining of ${name} has ended` }]
}

function judgeQuorum(virtualServer: VirtualServer, pool: PoolState, first = false): PoolStep {
  const sum = upWeight(pool.servers)
  if (!pool.quorum && sum >= gainAt(virtualServer)) return changeQuorum(virtualServer, pool, true, sum, first)
  if (pool.quorum && (sum === 0 || sum < loseBelow(virtualServer))) return changeQuorum(virtualServer, pool, false, sum)
  return { state: pool, effects: [] }
}

function changeQuorum(
  virtualServer: VirtualServer,
  pool: PoolState,
  up: boolean,
  sum: number,
  first = false,
): PoolStep {
  const text = quorumText(virtualServer, up, sum)
  return {
    state: { ...pool, quorum: up },
    effects: [
      { type: 'log', text: `${text} for VS ${virtualServerName(virtualServer.service)}` },
      ...(first ? [] : sorryTexts(virtualServer, up)).map(sorry => ({ type: 'log', text: sorry }) as const),
      { type: 'quorum', up, mail: quorumMail(virtualServer, up, sum, first) },
    ],
  }
}

function gainAt({ quorum, hysteresis }: VirtualServer): number {
  return quorum + hysteresis
}

function loseBelow({ quorum, hysteresis }: VirtualServer): number {
  return quorum - hysteresis
}

function serverText({ service }: VirtualServer, server: RealServer, up: boolean): string {
  const name = realServerName(service, server)
  const [verb, preposition] = server.inhibitOnFailure
    ? [up ? 'Enabling' : 'Disabling', 'of']
    : up
      ? ['Adding', 'to']
      : ['Removing', 'from']
  return `${verb} service ${name} ${preposition} VS ${virtualServerName(service)}`
}

function quorumText(virtualServer: VirtualServer, up: boolean, sum: number): string {
  const { quorum, hysteresis } = virtualServer
  return up
    ? `Gained quorum ${quorum}+${hysteresis}=${gainAt(virtualServer)} <= ${sum}`
    : `Lost quorum ${quorum}-${hysteresis}=${loseBelow(virtualServer)} > ${sum}`
}

/** Both ways with the same signs, as keepalived has it. */
function quorumMail(virtualServer: VirtualServer, up: boolean, sum: number, first: boolean): string {
  const { quorum, hysteresis } = virtualServer
  const words = first ? 'Starting with quorum up' : up ? 'Gained quorum' : 'Lost quorum'
  return `${words} ${quorum}+${hysteresis}=${up ? gainAt(virtualServer) : loseBelow(virtualServer)} <= ${sum}`
}

function sorryTexts({ sorryServer, service }: VirtualServer, up: boolean): readonly string[] {
  if (sorryServer === undefined) return []
  const sorry = realServerName(service, sorryServer)
  const name = virtualServerName(service)
  return up
    ? [`Removing sorry server ${sorry} from VS ${name}`, `Adding alive servers to the pool for VS ${name}`]
    : [`Adding sorry server ${sorry} to VS ${name}`, `Removing alive servers from the pool for VS ${name}`]
}
