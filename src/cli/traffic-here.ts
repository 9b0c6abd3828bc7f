/** What flows through the table of this namespace; nothing where there is no table, or no privilege to look at it. */
import { Failure } from '../diagnostics/failure.ts'
import { serviceTable } from '../kernel/service-table.ts'
import type { VirtualServerSnapshot } from '../observe/snapshot.ts'
import { type ServiceTraffic, trafficOf } from '../observe/traffic.ts'

export function trafficHere(health: readonly VirtualServerSnapshot[]): readonly ServiceTraffic[] {
  try {
    return trafficOf(serviceTable().services(), health)
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}
