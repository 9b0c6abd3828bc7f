/** How keepalived's log lines name servers; people and their tools grep for these. */
import type { Ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Checker, RealServer, VirtualServer } from '../model/virtual-server.ts'

/** A checker, and the names of what it is about: the server's, even where it talks to somebody else. */
export interface Subject {
  readonly checker: Checker
  readonly server: string
  readonly service: string
}

export function subjectOf({ service }: VirtualServer, server: RealServer, checker: Checker): Subject {
  return {
    checker,
    server: realServerName(service, server),
    service: virtualServerName(service),
  }
}

/** `[192.168.41.249]:tcp:80`, `FWM 7`. */
export function virtualServerName(key: ServiceKey): string {
  return key.kind === 'mark' ? `FWM ${key.mark}` : `[${key.address}]:${key.protocol.toLowerCase()}:${key.port}`
}

/** `[192.168.41.31]:tcp:80`: a real server has its service's protocol; behind a mark it has none to name. */
export function realServerName(key: ServiceKey, server: { readonly address: Ip; readonly port: number }): string {
  const protocol = key.kind === 'mark' ? 'none' : key.protocol.toLowerCase()
  return `[${server.address}]:${protocol}:${server.port}`
}

/**
 * Equal for checks that ask the same: a reload carries the answer over. With `schedule` they ask at the same times too,
 * and one probe answers for all of them, under the name of the first. A program is somebody else's: it is run for each
 * server that names it.
 */
export function questionKey({ checker, server, service }: Subject, schedule: boolean): string {
  const own = checker.type === 'MISC_CHECK' ? [server, service] : []
  return JSON.stringify([schedule ? checker : { ...checker, schedule: undefined }, ...own])
}
