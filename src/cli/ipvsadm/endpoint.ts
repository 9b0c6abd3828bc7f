/** `host[:port]` as ipvsadm reads it, oddities included. */
import { isIPv6 } from 'node:net'
import { type Ip, parseIp } from '../../bytes/address.ts'
import type { Protocol } from '../../model/service.ts'
import { inetAton } from './inet-aton.ts'
import type { KnownNames } from './known-names.ts'
import { decimal } from './number.ts'

export interface Endpoint {
  readonly address: Ip
  /** Undefined if none was written. */
  readonly port: number | undefined
}

/**
 * Undefined for what is no endpoint: digits only, a lone `[v6]`, an unknown host, a bad port. An IPv4 address or name in
 * brackets is taken, but its port then goes unheard, as in ipvsadm. `protocol` is what a port's name belongs to.
 */
export function parseEndpoint(text: string, protocol: Protocol | undefined, names: KnownNames): Endpoint | undefined {
  if (/^[0-9]*$/.test(text)) return undefined
  const bracketed = /^\[([^\]]*)\]:(.*)$/s.exec(text)
  if (text.startsWith('[') && bracketed === null) return undefined
  const [, host, portText] = bracketed ?? [text, text, undefined]
  if (host === undefined) return undefined

  if (isIPv6(host) && !host.includes('%')) {
    const address = parseIp(host)!
    return portText === undefined ? { address, port: undefined } : withPort(address, portText, protocol, names)
  }
  const colon = host.lastIndexOf(':')
  const name = colon < 0 ? host : host.slice(0, colon)
  const address = inetAton(name) ?? names.addressOf(name)
  if (address === undefined) return undefined
  return colon < 0 ? { address, port: undefined } : withPort(address, host.slice(colon + 1), protocol, names)
}

function withPort(address: Ip, text: string, protocol: Protocol | undefined, names: KnownNames): Endpoint | undefined {
  const port = decimal(text, 0, 65535) ?? (protocol && names.services.portOf(text, protocol))
  return port === undefined ? undefined : { address, port }
}
