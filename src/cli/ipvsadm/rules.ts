/** `-S`: services and servers as the command lines that make them, which `-R` reads. */
import type { Protocol, ServiceKey } from '../../model/service.ts'
import type { ListedDestination, ListedService } from '../../model/virtual-service.ts'
import type { EndpointText } from './endpoint-text.ts'
import { netmask } from './listing.ts'
import { sortedDestinations } from './order.ts'
import { flagNames } from './scheduler-flag-names.ts'

export function serviceRules(service: ListedService, text: EndpointText): string {
  const name = serviceOption(service.key, text)
  const protocol = service.key.kind === 'mark' ? undefined : service.key.protocol
  let rules = `-A ${name} -s ${service.scheduler}${serviceOptions(service)}\n`
  for (const destination of sortedDestinations(service.destinations))
    rules += `-a ${name} -r ${serverOptions(destination, protocol, text)}\n`
  return rules
}

const PROTOCOL_OPTIONS: Readonly<Record<Protocol, string>> = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' }

function serviceOption(key: ServiceKey, text: EndpointText): string {
  if (key.kind === 'mark') return key.family === 6 ? `-f ${key.mark} -6` : `-f ${key.mark}`
  return `${PROTOCOL_OPTIONS[key.protocol]} ${text(key.address, key.port, key.protocol)}`
}

function serviceOptions(service: ListedService): string {
  const { persistence, persistenceEngine, onePacket, schedulerFlags } = service
  const options: string[] = []
  if (persistence !== undefined) {
    options.push(` -p ${persistence.timeoutS}`)
    const mask = netmask(service.key, persistence.prefix)
    if (mask !== undefined) options.push(` -M ${mask}`)
  }
  if (persistenceEngine !== undefined) options.push(` --pe ${persistenceEngine}`)
  if (onePacket) options.push(' -o')
  if (schedulerFlags.length > 0) {
    const nameless = schedulerFlags.filter(flag => flagNames({ ...service, schedulerFlags: [flag] }).length === 0)
    options.push(` -b ${[...flagNames(service), ...nameless].join(',')}`)
  }
  return options.join('')
}

function serverOptions(
  { address, port, forwarding, weight }: ListedDestination,
  protocol: Protocol | undefined,
  text: EndpointText,
): string {
  const name = text(address, port, protocol)
  if (forwarding.method === 'route') return `${name} -g -w ${weight}`
  if (forwarding.method === 'masquerade') return `${name} -m -w ${weight}`
  const { tunnel } = forwarding
  const options =
    tunnel.type === 'ipip'
      ? 'ipip'
      : tunnel.type === 'gre'
        ? `gre --tun-${tunnel.checksum}`
        : `gue --tun-port ${tunnel.port} --tun-${tunnel.checksum}`
  return `${name} -i -w ${weight} --tun-type ${options}`
}
