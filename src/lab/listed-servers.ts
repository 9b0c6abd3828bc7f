import { type Ip, parseIp } from '../bytes/address.ts'
import { sluice } from './executable.ts'
import type { Host } from './host.ts'

/** The real servers in a director's table, as `ipvsadm` lists them. */
export async function listedServers(director: Host): Promise<Ip[]> {
  const { output } = await director.run(sluice('ipvsadm', '-Ln'))
  return [...output.matchAll(/^ {2}-> ([\d.]+):\d+ /gm)].flatMap(([, address]) => parseIp(address!) ?? [])
}
