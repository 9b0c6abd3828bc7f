/** Names of hosts and ports: what a person may write instead of numbers, and what is listed without `-n`. */
import { lookup, lookupService } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { type Ip, parseIp } from '../../bytes/address.ts'
import { ServiceNames } from './service-names.ts'

export interface Names {
  /** The first IPv4 address of a host; ipvsadm asks for no other. */
  addressOf(host: string): Promise<Ip | undefined>
  hostOf(address: Ip): Promise<string | undefined>
  readonly services: ServiceNames
}

/** As this machine is configured: hosts by its resolver, ports by /etc/services. */
export function systemNames(): Names {
  let services: ServiceNames | undefined
  return {
    addressOf: host =>
      lookup(host, { family: 4 }).then(
        ({ address }) => parseIp(address),
        () => undefined,
      ),
    hostOf: address =>
      lookupService(address, 0).then(
        ({ hostname }) => (parseIp(hostname) === undefined ? hostname : undefined),
        () => undefined,
      ),
    get services() {
      services ??= new ServiceNames(servicesFile())
      return services
    },
  }
}

function servicesFile(): string {
  try {
    return readFileSync('/etc/services', 'utf8')
  } catch {
    return '' // a machine without the file has no port names
  }
}
