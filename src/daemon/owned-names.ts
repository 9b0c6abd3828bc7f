/**
 * Which services and servers of the table are ours, in a form that a note can keep: each service by its name, with the
 * endpoints of its servers.
 */
import { serviceKeyText } from '../model/service.ts'
import type { VirtualServer } from '../model/virtual-server.ts'
import type { ListedService } from '../model/virtual-service.ts'
import { destinationKey, type OwnedServices } from '../reconcile/services.ts'

export type OwnedNames = Readonly<Record<string, readonly string[]>>

/** Whatever the configuration may ever put into the table: its services with all their servers, sorry ones too. */
export function declaredNames(virtualServers: readonly VirtualServer[]): OwnedNames {
  return Object.fromEntries(
    virtualServers.map(({ service, realServers, sorryServer }) => {
      const all = sorryServer === undefined ? realServers : [...realServers, sorryServer]
      return [serviceKeyText(service), all.map(destinationKey)]
    }),
  )
}

/** All that is in the table, whoever put it there. */
export function listedNames(services: readonly ListedService[]): OwnedNames {
  return Object.fromEntries(services.map(one => [serviceKeyText(one.key), one.destinations.map(destinationKey)]))
}

export function unionOfNames(a: OwnedNames, b: OwnedNames): OwnedNames {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map(name => [name, [...new Set([...(a[name] ?? []), ...(b[name] ?? [])])]]))
}

export function ownedServices(names: OwnedNames): OwnedServices {
  return new Map(Object.entries(names).map(([name, endpoints]) => [name, new Set(endpoints)]))
}

/** What another version may have written is not trusted. */
export function isOwnedNames(value: unknown): value is OwnedNames {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(list => Array.isArray(list) && list.every(one => typeof one === 'string'))
}
