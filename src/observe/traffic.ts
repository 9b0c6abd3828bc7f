/** What flows: connections and rates of every service and its servers, busiest first. */
import { endpointText, serviceKeyText } from '../model/service.ts'
import type { Counters, ListedDestination, ListedService, Rates } from '../model/virtual-service.ts'
import type { VirtualServerSnapshot } from './snapshot.ts'

export interface ServiceTraffic extends Flow {
  /** `TCP 192.168.41.249:80` */
  readonly service: string
  readonly scheduler: string
  readonly servers: readonly ServerTraffic[]
}

export interface ServerTraffic extends Flow {
  readonly server: string
  readonly weight: number
  /** What a daemon's checks say; undefined where none looks. */
  readonly health: 'up' | 'DOWN' | 'DRAINED' | undefined
}

export interface Flow {
  readonly active: number
  readonly inactive: number
  /** Per second. */
  readonly rates: Rates
}

/** An earlier look at the same table. */
export interface Earlier {
  readonly services: readonly ListedService[]
  readonly seconds: number
}

/** Rates are those between the two looks; of one look alone, the estimator's. */
export function trafficOf(
  services: readonly ListedService[],
  health: readonly VirtualServerSnapshot[],
  earlier?: Earlier,
): readonly ServiceTraffic[] {
  const before = new Map(earlier?.services.map(service => [serviceKeyText(service.key), service]))
  return services
    .map(service => {
      const name = serviceKeyText(service.key)
      const past = before.get(name)
      const checked = health.find(each => each.service === name)
      return {
        service: name,
        scheduler: service.scheduler,
        ...connectionsOf(service.destinations),
        rates: ratesOf(service, past, earlier),
        servers: service.destinations.map(server => ({
          server: endpointText(server.address, server.port),
          weight: server.weight,
          health: healthOf(server, checked),
          active: server.activeConnections,
          inactive: server.inactiveConnections,
          rates: ratesOf(
            server,
            past?.destinations.find(({ address, port }) => address === server.address && port === server.port),
            earlier,
          ),
        })),
      }
    })
    .sort((a, b) => volume(b) - volume(a))
}

function connectionsOf(servers: readonly ListedDestination[]): { readonly active: number; readonly inactive: number } {
  return {
    active: servers.reduce((sum, server) => sum + server.activeConnections, 0),
    inactive: servers.reduce((sum, server) => sum + server.inactiveConnections, 0),
  }
}

interface Counted {
  readonly counters: Counters
  readonly rates: Rates
}

/** What is new since an earlier look has brought all that it has; counts that were zeroed begin anew. */
function ratesOf(now: Counted, past: Counted | undefined, earlier: Earlier | undefined): Rates {
  if (earlier === undefined) return now.rates
  const rate = (name: keyof Counters) => {
    const grown = Number(now.counters[name] - (past?.counters[name] ?? 0n))
    return Math.max(0, grown) / earlier.seconds
  }
  return {
    connections: rate('connections'),
    inPackets: rate('inPackets'),
    outPackets: rate('outPackets'),
    inBytes: rate('inBytes'),
    outBytes: rate('outBytes'),
  }
}

function healthOf(
  { address, port }: ListedDestination,
  checked: VirtualServerSnapshot | undefined,
): ServerTraffic['health'] {
  const server = checked?.realServers.find(each => each.address === address && each.port === port)
  if (server === undefined) return undefined
  return server.drained ? 'DRAINED' : server.up ? 'up' : 'DOWN'
}

/** What services are ordered by: bytes first, then connections. */
function volume({ rates, active, inactive }: Flow): number {
  return rates.inBytes + rates.outBytes + (active + inactive) / 1e6
}
