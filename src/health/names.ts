/** How keepalived's log lines name servers and outcomes; people and their tools grep for these. */
import type { Ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { ProbedChecker } from './probe.ts'

/** `[192.168.41.249]:tcp:80`, `FWM 7`. */
export function virtualServerName(key: ServiceKey): string {
  return key.kind === 'mark' ? `FWM ${key.mark}` : `[${key.address}]:${key.protocol.toLowerCase()}:${key.port}`
}

/** `[192.168.41.31]:tcp:80`: a real server has its service's protocol; behind a mark it has none to name. */
export function realServerName(key: ServiceKey, server: { readonly address: Ip; readonly port: number }): string {
  const protocol = key.kind === 'mark' ? 'none' : key.protocol.toLowerCase()
  return `[${server.address}]:${protocol}:${server.port}`
}

/** Whom the checker talks to, which `connect_ip` and `connect_port` may make another than the server. */
export function checkedName(checker: ProbedChecker): string {
  return `[${checker.target.address}]:tcp:${checker.target.port}`
}

export function successText(checker: ProbedChecker): string {
  return `TCP connection to ${checkedName(checker)} success.`
}

export function failureText(checker: ProbedChecker, retries: number): string {
  const when = retries === 0 ? 'failed.' : `failed after ${retries} retries.`
  return `${checker.type} on service ${checkedName(checker)} ${when}`
}
