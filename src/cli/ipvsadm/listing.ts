/**
 * `-L` of services and servers, column by column:
 *
 *   Prot LocalAddress:Port Scheduler Flags
 *     -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
 *   TCP  10.0.0.1:80 wlc persistent 600 mask 255.255.255.0
 *     -> 172.16.0.11:8080             Masq    3      0          0
 *
 * The last column is padded too. Names of IPv4 are cut to their column, those of IPv6 are not.
 */
import { type Ip, ipFromBytes } from '../../bytes/address.ts'
import { type Protocol, type ServiceKey, serviceFamily, type Tunnel } from '../../model/service.ts'
import type { Counters, ListedDestination, ListedService, Rates, VirtualService } from '../../model/virtual-service.ts'
import type { ListFormat } from './command.ts'
import type { EndpointText } from './endpoint-text.ts'
import { sortedDestinations } from './order.ts'
import { flagNames } from './scheduler-flag-names.ts'

const VERSION = '1.2.1'
const SERVICE_WIDTH = 33
const SERVER_WIDTH = 28
/** ipvsadm's buffer for a name and port. */
const ENDPOINT_MAX = 59

export function listHeader(connectionTableSize: number): string {
  return `IP Virtual Server version ${VERSION} (size=${connectionTableSize})\n`
}

export function listTitles({ view }: ListFormat): string {
  const plain = 'Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward '
  switch (view) {
    case 'stats':
      return columns(['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'].map(title => title.padStart(8)))
    case 'rate':
      return columns(['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'].map(title => title.padStart(8)))
    case 'thresholds':
      return columns(['Uthreshold', 'Lthreshold', 'ActiveConn', 'InActConn '])
    case 'persistent-conn':
      return columns(['Weight   ', 'PersistConn', 'ActiveConn', 'InActConn '])
    case 'tun-info':
      return `${plain}TunnelInfo    Weight ActiveConn InActConn\n`
    case 'plain':
      return `${plain}Weight ActiveConn InActConn\n`
  }
}

/** A service's line and those of its servers. */
export function listService(service: ListedService, format: ListFormat, text: EndpointText): string {
  const protocol = service.key.kind === 'mark' ? undefined : service.key.protocol
  const destinations = format.sorted ? sortedDestinations(service.destinations) : service.destinations
  let lines = `${serviceLine(service, format, text)}\n`
  for (const destination of destinations) lines += `${serverLine(destination, protocol, format, text)}\n`
  return lines
}

function columns(titles: readonly string[]): string {
  return `${'Prot LocalAddress:Port'.padEnd(SERVICE_WIDTH)} ${titles.join(' ')}\n  -> RemoteAddress:Port\n`
}

function serviceLine(service: ListedService, format: ListFormat, text: EndpointText): string {
  const name = serviceName(service.key, text)
  if (format.view === 'stats') return name.padEnd(SERVICE_WIDTH) + counterColumns(service.counters, format)
  if (format.view === 'rate') return name.padEnd(SERVICE_WIDTH) + rateColumns(service.rates, format)
  return `${name} ${service.scheduler}${flags(service)}${persistence(service)}${service.onePacket ? ' ops' : ''}`
}

function serviceName(key: ServiceKey, text: EndpointText): string {
  // a mark above 2^31 is shown as what it is to a signed integer
  if (key.kind === 'mark') return `FWM  ${key.mark | 0}${key.family === 6 ? ' IPv6' : ''}`
  const name = `${key.protocol.padEnd(4)} ${text(key.address, key.port, key.protocol).slice(0, ENDPOINT_MAX)}`
  return serviceFamily(key) === 6 ? name : name.slice(0, SERVICE_WIDTH)
}

function flags(service: VirtualService): string {
  return service.schedulerFlags.length === 0 ? '' : ` (${flagNames(service).join(',')})`
}

function persistence(service: VirtualService): string {
  if (service.persistence === undefined) return ''
  const { timeoutS, prefix } = service.persistence
  const mask = netmask(service.key, prefix)
  const engine = service.persistenceEngine === undefined ? '' : ` pe ${service.persistenceEngine}`
  return ` persistent ${timeoutS}${mask === undefined ? '' : ` mask ${mask}`}${engine}`
}

/** The persistence netmask as it is written; undefined where it is that of single clients. */
export function netmask(key: ServiceKey, prefix: number): string | undefined {
  if (serviceFamily(key) === 6) return prefix === 128 ? undefined : String(prefix)
  if (prefix === 32) return undefined
  const bits = prefix === 0 ? 0 : -1 << (32 - prefix)
  return ipFromBytes(Uint8Array.of(bits >>> 24, bits >>> 16, bits >>> 8, bits))
}

function serverLine(
  destination: ListedDestination,
  protocol: Protocol | undefined,
  format: ListFormat,
  text: EndpointText,
): string {
  const { activeConnections, inactiveConnections, weight } = destination
  const name = serverName(destination.address, text(destination.address, destination.port, protocol))
  const connections = `${column(activeConnections, 10)} ${column(inactiveConnections, 10)}`
  switch (format.view) {
    case 'stats':
      return `  -> ${name}${counterColumns(destination.counters, format)}`
    case 'rate': {
      const { rates } = destination
      const plain = [rates.connections, rates.inPackets, rates.outPackets].map(rate => ` ${String(rate).padStart(8)}`)
      return `  -> ${name}${plain.join('')}${largeNumbers([rates.inBytes, rates.outBytes], format)}`
    }
    case 'thresholds':
      return `  -> ${name} ${column(destination.upperThreshold, 10)} ${column(destination.lowerThreshold, 10)} ${connections}`
    case 'persistent-conn':
      return `  -> ${name} ${column(weight, 9)} ${column(destination.persistentConnections, 11)} ${connections}`
    case 'tun-info':
      return `  -> ${name} ${forwarding(destination)} ${tunnelInfo(destination).padEnd(13)} ${column(weight, 6)} ${connections}`
    case 'plain':
      return `  -> ${name} ${forwarding(destination)} ${column(weight, 6)} ${connections}`
  }
}

function serverName(address: Ip, name: string): string {
  const max = address.includes(':') ? ENDPOINT_MAX : SERVER_WIDTH
  return name.slice(0, max).padEnd(SERVER_WIDTH)
}

function column(number: number, width: number): string {
  return String(number).padEnd(width)
}

function forwarding({ forwarding: { method } }: ListedDestination): string {
  return { route: 'Route', masquerade: 'Masq', tunnel: 'Tunnel' }[method].padEnd(7)
}

function tunnelInfo({ forwarding }: ListedDestination): string {
  return forwarding.method === 'tunnel' ? tunnelText(forwarding.tunnel) : 'n/a'
}

function tunnelText(tunnel: Tunnel): string {
  if (tunnel.type === 'ipip') return 'ipip'
  const checksum = { nocsum: '-c', csum: '+c', remcsum: 'r+c' }[tunnel.checksum]
  return tunnel.type === 'gue' ? `gue:${tunnel.port}:${checksum}`.slice(0, 15) : `gre:${checksum}`
}

function counterColumns(counters: Counters, format: ListFormat): string {
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters
  return largeNumbers([connections, inPackets, outPackets, inBytes, outBytes], format)
}

function rateColumns(rates: Rates, format: ListFormat): string {
  const { connections, inPackets, outPackets, inBytes, outBytes } = rates
  return largeNumbers([connections, inPackets, outPackets, inBytes, outBytes], format)
}

const LARGE: readonly { readonly below: bigint; readonly divisor: bigint; readonly unit: string }[] = [
  { below: 10n ** 8n, divisor: 1n, unit: '' },
  { below: 10n ** 9n, divisor: 10n ** 3n, unit: 'K' },
  { below: 10n ** 11n, divisor: 10n ** 6n, unit: 'M' },
  { below: 10n ** 14n, divisor: 10n ** 9n, unit: 'G' },
]
const LARGEST = { divisor: 10n ** 12n, unit: 'T' }

/** Each in nine characters, cut to thousands and so on unless they are to be exact. */
function largeNumbers(numbers: readonly (bigint | number)[], format: ListFormat): string {
  return numbers
    .map(number => {
      const exact = String(number)
      if (format.exact) return exact.length <= 8 ? exact.padStart(9) : ` ${exact}`
      const { divisor, unit } = LARGE.find(({ below }) => number < below) ?? LARGEST
      return divisor === 1n ? exact.padStart(9) : `${String(BigInt(number) / divisor).padStart(8)}${unit}`
    })
    .join('')
}
