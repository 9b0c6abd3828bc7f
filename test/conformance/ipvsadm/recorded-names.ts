import { readFileSync } from 'node:fs'
import { type Ip, parseIp } from '../../../src/bytes/address.ts'
import type { Names } from '../../../src/cli/ipvsadm/names.ts'
import { ServiceNames } from '../../../src/cli/ipvsadm/service-names.ts'

/** The names that the real machine had while it was recorded: from the files beside this one. */
export function recordedNames(): Names {
  const known = read('hosts')
    .split('\n')
    .flatMap(line => {
      const [address = '', ...names] = line.trim().split(/\s+/)
      const ip = parseIp(address)
      return ip === undefined ? [] : [{ ip, names }]
    })
  const addressOf = (host: string): Ip | undefined =>
    known.find(({ ip, names }) => !ip.includes(':') && names.includes(host.toLowerCase()))?.ip
  return {
    addressOf: async host => addressOf(host),
    hostOf: async address => known.find(({ ip }) => ip === address)?.names[0],
    services: new ServiceNames(read('services')),
  }
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}
