/** `-L` and `-S`: what is printed, in pieces. */
import type { Ip } from '../../bytes/address.ts'
import type { ListedConnection, ListedService, ServiceTable, SyncDaemon } from '../../model/virtual-service.ts'
import type { ListFormat } from './command.ts'
import { connectionLine, connectionTitles } from './connection-listing.ts'
import { type EndpointText, namedEndpoints, numericEndpoint } from './endpoint-text.ts'
import { connectionJson, daemonsJson, jsonLines, serviceJson, timeoutsJson } from './json.ts'
import { listHeader, listService, listTitles } from './listing.ts'
import type { Names } from './names.ts'
import { sortedDestinations, sortedServices } from './order.ts'
import { serviceRules } from './rules.ts'

/** Connections whose hosts are looked up together. */
const BATCH = 256

export async function* listAll(table: ServiceTable, format: ListFormat, names: Names): AsyncGenerator<string> {
  const services = format.sorted ? sortedServices(table.services()) : table.services()
  if (format.json) {
    const head = `{"version":"1.2.1","connectionTableSize":${table.connectionTableSize},"services":[`
    yield* jsonLines(head, servicesJson(services, format))
    return
  }
  yield listHeader(table.connectionTableSize) + listTitles(format)
  const text = await endpoints(services, format.numeric, names)
  for (const service of services) yield listService(service, format, text)
}

export async function* listOne(service: ListedService, format: ListFormat, names: Names): AsyncGenerator<string> {
  if (format.json) {
    yield* jsonLines('{"services":[', servicesJson([service], format))
    return
  }
  const text = await endpoints([service], format.numeric, names)
  yield listTitles(format) + listService(service, format, text)
}

export async function* saveAll(table: ServiceTable, numeric: boolean, names: Names): AsyncGenerator<string> {
  const services = sortedServices(table.services())
  const text = await endpoints(services, numeric, names)
  for (const service of services) yield serviceRules(service, text)
}

export async function* listConnections(table: ServiceTable, format: ListFormat, names: Names): AsyncGenerator<string> {
  if (format.json) {
    yield* jsonLines('{"connections":[', connectionsJson(table.connections()))
    return
  }
  yield connectionTitles(format)
  if (format.numeric) {
    for (const connection of table.connections()) yield connectionLine(connection, format, numericEndpoint)
    return
  }
  for (const batch of batches(table.connections())) {
    const text = await namedEndpoints(batch.flatMap(addressesOf), names)
    for (const connection of batch) yield connectionLine(connection, format, text)
  }
}

export function listTimeouts(table: ServiceTable, format: ListFormat): string {
  const timeouts = table.timeouts()
  if (format.json) return timeoutsJson(timeouts)
  return `Timeout (tcp tcpfin udp): ${timeouts.tcpS} ${timeouts.tcpFinS} ${timeouts.udpS}\n`
}

export function listDaemons(table: ServiceTable, format: ListFormat): string {
  const daemons = table.syncDaemons()
  return format.json ? daemonsJson(daemons) : daemons.map(daemonLine).join('')
}

function daemonLine(daemon: SyncDaemon): string {
  const { role, maxLength, group, port, ttl } = daemon
  const settings = `maxlen=${maxLength}, group=${group}, port=${port}, ttl=${ttl}`
  return `${role} sync daemon (mcast=${daemon.interface}, syncid=${daemon.syncId}, ${settings})\n`
}

async function endpoints(services: readonly ListedService[], numeric: boolean, names: Names): Promise<EndpointText> {
  return numeric ? numericEndpoint : await namedEndpoints(services.flatMap(addresses), names)
}

function addresses({ key, destinations }: ListedService): readonly Ip[] {
  const servers = destinations.map(({ address }) => address)
  return key.kind === 'mark' ? servers : [key.address, ...servers]
}

function addressesOf({ client, virtual, destination }: ListedConnection): readonly Ip[] {
  return [client.address, virtual.address, destination.address]
}

function* servicesJson(services: readonly ListedService[], { sorted }: ListFormat): Generator<string> {
  for (const service of services)
    yield serviceJson(service, sorted ? sortedDestinations(service.destinations) : service.destinations)
}

function* connectionsJson(connections: Iterable<ListedConnection>): Generator<string> {
  for (const connection of connections) yield connectionJson(connection)
}

function* batches(connections: Iterable<ListedConnection>): Generator<readonly ListedConnection[]> {
  let batch: ListedConnection[] = []
  for (const connection of connections) {
    batch.push(connection)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  yield batch
}
