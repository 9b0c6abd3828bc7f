import type { Ip } from '../../bytes/address.ts'
import { sluice } from '../executable.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { HOSTS, PORT, VIP } from '../topology.ts'

export const spreading: Scene = {
  title: 'Requests spread over the real servers, and an address stays where it was',
  async play(stage) {
    const addresses = stage.freshAddresses(20)
    let first: ReadonlyMap<Ip, string> = new Map()
    await stage.check('requests of 20 client addresses spread evenly', async () => {
      first = await serversOf(stage, addresses)
      const [rs1, rs2] = [count(first, 'rs1'), count(first, 'rs2')]
      expect(rs1 === 10 && rs2 === 10, `rs1 answered ${rs1}, rs2 answered ${rs2}`)
      return { text: `requests of 20 client addresses spread evenly: rs1 ${rs1}, rs2 ${rs2}` }
    })
    await stage.check('each address stays with its server', async () => {
      const again = await serversOf(stage, [...addresses].reverse())
      const moved = addresses.filter(address => again.get(address) !== first.get(address))
      expect(moved.length === 0, `${moved.join(', ')} went to another one`)
      return { text: 'each address stays with its server: 20 asked again, none went to the other' }
    })
    await list(stage)
  },
}

/** Which server answers each address. One after the other, so that round robin sees them in order. */
async function serversOf({ clients }: Stage, addresses: readonly Ip[]): Promise<Map<Ip, string>> {
  const servers = new Map<Ip, string>()
  for (const address of addresses) servers.set(address, (await clients.request(address)).server)
  return servers
}

function count(servers: ReadonlyMap<Ip, string>, name: string): number {
  return [...servers.values()].filter(server => server === name).length
}

const CONNECTIONS_SHOWN = 8

async function list(stage: Stage): Promise<void> {
  const master = stage.cluster.host('lvs-master')
  await stage.check('sluice ipvsadm -Ln lists the service and both servers', async () => {
    const { output } = await master.run(sluice('ipvsadm', '-Ln'))
    stage.screen.command('lvs-master', ['sluice', 'ipvsadm', '-Ln'], output)
    expect(output.includes(`TCP  ${VIP}:${PORT} rr persistent 50`), 'the service is missing')
    for (const { addresses } of [HOSTS.rs1, HOSTS.rs2])
      expect(output.includes(`-> ${addresses[0]}:${PORT}`), `${addresses[0]} is missing`)
  })
  await stage.check('sluice ipvsadm -Lcn lists connections and persistence templates', async () => {
    const { output } = await master.run(sluice('ipvsadm', '-Lcn'))
    const lines = output.trimEnd().split('\n')
    const shown = lines.slice(0, CONNECTIONS_SHOWN)
    if (lines.length > shown.length) shown.push(`… ${lines.length - shown.length} more`)
    stage.screen.command('lvs-master', ['sluice', 'ipvsadm', '-Lcn'], shown.join('\n'))
    const templates = lines.filter(line => /:0 +192\.168\.41\.249:80 /.test(line)).length
    expect(templates >= 20, `there are ${templates} templates`)
    return { text: `sluice ipvsadm -Lcn lists ${lines.length - 2} entries, ${templates} of them persistence templates` }
  })
}
