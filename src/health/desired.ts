/** What the table of virtual services should hold for one virtual server, given which of its servers are up. */
import type { Instant } from '../model/time.ts'
import type { RealServer, VirtualServer } from '../model/virtual-server.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import type { PoolState } from './pool.ts'
import { rampedWeight } from './slow-start.ts'

export interface DesiredService {
  readonly service: VirtualService
  readonly destinations: readonly Destination[]
}

/**
 * The servers that are up; those that failed only if they are inhibited, with weight 0, so that their connections
 * live on; those that are drained with weight 0 too. When the quorum is lost and there is a sorry server, that one alone
 * beside the inhibited and the drained ones. An inhibited sorry server waits with weight 0. `risenAt`: when each server
 * came up again, if it was ever down, for those that start slowly.
 */
export function desiredService(
  virtualServer: VirtualServer,
  pool: PoolState,
  risenAt: readonly (Instant | undefined)[],
  now: Instant,
): DesiredService {
  const { sorryServer } = virtualServer
  const sorry = !pool.quorum && sorryServer !== undefined
  const destinations = virtualServer.realServers.flatMap((server, i) => {
    const { up = false, weight = 0, drained = false } = pool.servers[i] ?? {}
    if (up && (!sorry || drained))
      return [destination(server, rampedWeight(weight, server.slowStartMs, risenAt[i], now))]
    return server.inhibitOnFailure ? [destination(server, 0)] : []
  })
  if (sorry) destinations.push(destination(sorryServer, sorryServer.weight))
  else if (sorryServer?.inhibitOnFailure) destinations.push(destination(sorryServer, 0))
  return { service: virtualService(virtualServer), destinations }
}

function virtualService({ service, scheduler, schedulerFlags, onePacket, persistence }: VirtualServer): VirtualService {
  return { key: service, scheduler, schedulerFlags, onePacket, persistence, persistenceEngine: undefined }
}

function destination(server: RealServer, weight: number): Destination {
  const { address, port, forwarding, upperThreshold, lowerThreshold } = server
  return { address, port, forwarding, weight, upperThreshold, lowerThreshold }
}
