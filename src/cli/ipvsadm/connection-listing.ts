/**
 * `-Lc`, a connection a line:
 *
 *   pro expire state       source             virtual            destination
 *   TCP 14:59  ESTABLISHED 10.0.0.2:30001     10.0.0.100:80      172.16.0.11:80
 *
 * Lines are made as they are asked for: a table of a million connections is never one string.
 */
import type { ListedConnection } from '../../model/virtual-service.ts'
import type { ListFormat } from './command.ts'
import type { EndpointText } from './endpoint-text.ts'

export function connectionTitles(format: ListFormat): string {
  const columns = ['state'.padEnd(11), 'source'.padEnd(18), 'virtual'.padEnd(18)]
  if (format.view === 'persistent-conn') columns.push('destination'.padEnd(18), 'pe name'.padEnd(16), 'pe_data')
  else columns.push('destination')
  return `IPVS connection entries\npro expire ${columns.join(' ')}\n`
}

export function connectionLine(connection: ListedConnection, format: ListFormat, text: EndpointText): string {
  const { protocol, state, expiresInS, engine } = connection
  const named = protocol === 'IP' ? undefined : protocol
  const [source, virtual, destination] = [connection.client, connection.virtual, connection.destination].map(
    ({ address, port }) => text(address, port, named).slice(0, 59),
  ) as [string, string, string]
  const start = `${protocol.padEnd(3)} ${clock(expiresInS).padEnd(6)} ${state.padEnd(11)}`
  const ends = `${source.padEnd(18)} ${virtual.padEnd(18)}`
  if (format.view !== 'persistent-conn' || engine === undefined) return `${start} ${ends} ${destination}\n`
  return `${start} ${ends} ${destination.padEnd(16)} ${engine.name.padEnd(18)} ${engine.data}\n`
}

/** Minutes and seconds. */
function clock(seconds: number): string {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
}
