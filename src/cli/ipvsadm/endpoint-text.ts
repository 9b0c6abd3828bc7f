import { availableParallelism } from 'node:os'
import { type Ip, ipBytes } from '../../bytes/address.ts'
import { endpointText, type Protocol } from '../../model/service.ts'
import type { Names } from './names.ts'

/** How a listing writes an address and port; ports of no protocol have no name. */
export type EndpointText = (address: Ip, port: number, protocol: Protocol | undefined) => string

export const numericEndpoint: EndpointText = (address, port) => endpointText(withDottedTail(address), port)

/** Writes the names of hosts and ports, where they have some. The hosts are looked up first, several at a time. */
export async function namedEndpoints(addresses: Iterable<Ip>, names: Names): Promise<EndpointText> {
  const hosts = new Map<Ip, string>()
  const waiting = new Set(addresses).values()
  const lookUp = async () => {
    for (const address of waiting) {
      const host = await names.hostOf(address)
      if (host !== undefined) hosts.set(address, host)
    }
  }
  await Promise.all(Array.from({ length: Math.max(4, availableParallelism()) }, lookUp))
  return (address, port, protocol) => {
    const host = hosts.get(address) ?? withDottedTail(address)
    const service = (protocol && names.services.nameOf(port, protocol)) ?? port
    return address.includes(':') ? `[${host}]:${service}` : `${host}:${service}`
  }
}

/** IPv6 addresses that embed an IPv4 one as inet_ntop(3) writes them: `::ffff:10.0.0.1`, `::10.0.0.1`. */
function withDottedTail(address: Ip): Ip {
  const [, embedding] = /^(::(?:ffff:)?)[0-9a-f]+:[0-9a-f]+$/.exec(address) ?? []
  return embedding === undefined ? address : (`${embedding}${ipBytes(address).subarray(12).join('.')}` as Ip)
}
