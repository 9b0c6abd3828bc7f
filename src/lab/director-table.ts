import type { Ip } from '../bytes/address.ts'
import { openServiceTable, type PinnedTable } from '../kernel/service-table.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Host } from './host.ts'
import { PORT, VIP } from './topology.ts'

const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: PORT }

/** The table of a director, to look into more often than a command could. */
export function openTable(director: Host): PinnedTable {
  return director.here(() => openServiceTable())
}

/** Packets that it has sent to its real servers so far. */
export function packetsForwarded(table: PinnedTable): bigint {
  return table.service(WEB)?.counters.inPackets ?? 0n
}

/** The real servers in it. */
export function listedServers(table: PinnedTable): Ip[] {
  return table.service(WEB)?.destinations.map(({ address }) => address) ?? []
}
