/**
 * The pool behind one virtual server: which real servers are up, and whether they are enough.
 *
 * A real server is up while none of its checkers says otherwise. The quorum is gained when the weights of those that
 * are up reach `quorum + hysteresis`, and lost when they fall below `quorum - hysteresis` or to nothing. Without a
 * quorum a sorry server, if there is one, takes the place of all of them (`desired.ts`).
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
  /** What each of its checkers says, in their order; empty for a server that nobody checks, which is always up. */
  readonly verdicts: readonly boolean[]
}

export interface PoolEvent {
  readonly type: 'verdict'
  readonly server: number
  readonly checker: number
  readonly up: boolean
}

export type PoolEffect =
  | { readonly type: 'log'; readonly text: string }
  | { readonly type: 'server'; readonly server: number; readonly up: boolean }
  | { readonly type: 'quorum'; readonly up: boolean }

export interface PoolStep {
  readonly state: PoolState
  readonly effects: readonly PoolEffect[]
}

/**
 * `verdicts` are what the checkers assume before their first probe, or what a reload carried over, as `quorum` is.
 * Servers that are assumed to be up are assumed to be enough too; alpha mode has everything proved.
 */
export function startPool(
  virtualServer: VirtualServer,
  verdicts: readonly (readonly boolean[])[],
  quorum: boolean = !virtualServer.alpha,
): PoolState {
  const servers = verdicts.map(own => ({ up: own.every(Boolean), verdicts: own }))
  return judgeQuorum(virtualServer, { servers, quorum }).state
}

export function stepPool(virtualServer: VirtualServer, pool: PoolState, event: PoolEvent): PoolStep {
  const before = pool.servers[event.server]
  const server = virtualServer.realServers[event.server]
  if (before === undefined || server === undefined) throw new RangeError(`no real server ${event.server}`)
  const verdicts = before.verdicts.with(event.checker, event.up)
  const up = verdicts.every(Boolean)
  const servers = pool.servers.with(event.server, { up, verdicts })
  if (up === before.up) return { state: { ...pool, servers }, effects: [] }
  const judged = judgeQuorum(virtualServer, { ...pool, servers })
  return {
    state: judged.state,
    effects: [
      { type: 'log', text: serverText(virtualServer, server, up) },
      { type: 'server', server: event.server, up },
      ...judged.effects,
    ],
  }
}

/** The weights of the servers that are up. */
export function upWeight(virtualServer: VirtualServer, servers: readonly ServerState[]): number {
  return virtualServer.realServers.reduce((sum, { weight }, i) => (servers[i]?.up ? sum + weight : sum), 0)
}

function judgeQuorum(virtualServer: VirtualServer, pool: PoolState): PoolStep {
  const sum = upWeight(virtualServer, pool.servers)
  if (!pool.quorum && sum >= gainAt(virtualServer)) return changeQuorum(virtualServer, pool, true, sum)
  if (pool.quorum && (sum === 0 || sum < loseBelow(virtualServer))) return changeQuorum(virtualServer, pool, false, sum)
  return { state: pool, effects: [] }
}

function changeQuorum(virtualServer: VirtualServer, pool: PoolState, up: boolean, sum: number): PoolStep {
  return {
    state: { ...pool, quorum: up },
    effects: [
      { type: 'log', text: quorumText(virtualServer, up, sum) },
      ...sorryTexts(virtualServer, up).map(text => ({ type: 'log', text }) as const),
      { type: 'quorum', up },
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
  const { quorum, hysteresis, service } = virtualServer
  const comparison = up
    ? `Gained quorum ${quorum}+${hysteresis}=${gainAt(virtualServer)} <= ${sum}`
    : `Lost quorum ${quorum}-${hysteresis}=${loseBelow(virtualServer)} > ${sum}`
  return `${comparison} for VS ${virtualServerName(service)}`
}

function sorryTexts({ sorryServer, service }: VirtualServer, up: boolean): readonly string[] {
  if (sorryServer === undefined) return []
  const sorry = realServerName(service, sorryServer)
  const name = virtualServerName(service)
  return up
    ? [`Removing sorry server ${sorry} from VS ${name}`, `Adding alive servers to the pool for VS ${name}`]
    : [`Adding sorry server ${sorry} to VS ${name}`, `Removing alive servers from the pool for VS ${name}`]
}
