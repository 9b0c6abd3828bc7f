/** `--json`: what `-L` shows as JSON, a service or connection a line. The schema is in docs/ipvsadm.md. */
import { endpointText, serviceFamily } from '../../model/service.ts'
import type {
  Counters,
  ListedConnection,
  ListedDestination,
  ListedService,
  SyncDaemon,
  Timeouts,
} from '../../model/virtual-service.ts'

type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [name: string]: Json }

export function serviceJson(service: ListedService, destinations: readonly ListedDestination[]): string {
  const { key, persistence } = service
  return printJson({
    ...(key.kind === 'mark' ? { mark: key.mark } : { protocol: key.protocol, address: key.address, port: key.port }),
    family: serviceFamily(key),
    scheduler: service.scheduler,
    schedulerFlags: service.schedulerFlags,
    onePacket: service.onePacket,
    persistence: persistence === undefined ? null : { timeoutS: persistence.timeoutS, prefix: persistence.prefix },
    persistenceEngine: service.persistenceEngine ?? null,
    counters: countersJson(service.counters),
    rates: { ...service.rates },
    servers: destinations.map(serverJson),
  })
}

function serverJson(destination: ListedDestination): Json {
  const { forwarding } = destination
  return {
    address: destination.address,
    port: destination.port,
    forwarding: forwarding.method,
    tunnel: forwarding.method === 'tunnel' ? { ...forwarding.tunnel } : null,
    weight: destination.weight,
    upperThreshold: destination.upperThreshold,
    lowerThreshold: destination.lowerThreshold,
    activeConnections: destination.activeConnections,
    inactiveConnections: destination.inactiveConnections,
    persistentConnections: destination.persistentConnections,
    counters: countersJson(destination.counters),
    rates: { ...destination.rates },
  }
}

export function connectionJson(connection: ListedConnection): string {
  const { protocol, state, expiresInS, client, virtual, destination, engine } = connection
  return printJson({
    protocol,
    state,
    expiresInS,
    client: endpointText(client.address, client.port),
    virtual: endpointText(virtual.address, virtual.port),
    destination: endpointText(destination.address, destination.port),
    ...(engine === undefined ? {} : { engine: { name: engine.name, data: engine.data } }),
  })
}

export function timeoutsJson(timeouts: Timeouts): string {
  return `${printJson({ timeouts: { tcpS: timeouts.tcpS, tcpFinS: timeouts.tcpFinS, udpS: timeouts.udpS } })}\n`
}

export function daemonsJson(daemons: readonly SyncDaemon[]): string {
  return `${printJson({ syncDaemons: daemons.map(daemon => ({ ...daemon })) })}\n`
}

/** The pieces of an object with one long array, an element a line: `{"services":[` … `]}`. */
export function* jsonLines(head: string, elements: Iterable<string>): Generator<string> {
  yield head
  let separator = '\n'
  for (const element of elements) {
    yield `${separator}${element}`
    separator = ',\n'
  }
  yield '\n]}\n'
}

function countersJson(counters: Counters): Json {
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters
  return { connections, inPackets, outPackets, inBytes, outBytes }
}

/** JSON.stringify knows no bigint; here a counter is written as the number it is, whatever its size. */
function printJson(value: Json): string {
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isArray(value)) return `[${value.map(printJson).join(',')}]`
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${printJson(member)}`)
    .join(',')}}`
}

function isArray(value: readonly Json[] | { readonly [name: string]: Json }): value is readonly Json[] {
  return Array.isArray(value)
}
