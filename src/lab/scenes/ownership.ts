import { type Neighbour, neighbours } from '../../kernel/neighbour.ts'
import { RouteSocket } from '../../kernel/route-socket.ts'
import { activeDownMs } from '../configuration.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { HOSTS, VIP } from '../topology.ts'

/** Process start-up comes on top of what the protocol implies. */
const STARTUP_MS = 6000

export const ownership: Scene = {
  title: 'Who owns the virtual address',
  async play(stage) {
    await stage.check('lvs-master takes the virtual address and says so by gratuitous ARP', async () => {
      const withinMs = activeDownMs('lvs-master') + STARTUP_MS
      await stage.until('lvs-master to announce the address', withinMs, () => stage.watch.announcement('lvs-master', 0))
    })
    await stage.check(`the client's neighbour entry for ${VIP} is lvs-master's hardware address`, async () => {
      await stage.clients.request(stage.freshAddresses(1)[0]!)
      const entry = neighbourEntry(stage)
      expect(entry?.mac === HOSTS['lvs-master'].mac, `it is ${entry?.mac ?? 'missing'}`)
      stage.screen.notice(`${VIP} is at ${entry.mac}, ${entry.state}`)
    })
    await stage.check('lvs-backup is silent', async () => {
      const since = stage.watch.announcement('lvs-master', 0)?.at ?? 0
      const heard = await stage.until('two more advertisements of lvs-master', 5000, () => {
        const adverts = stage.watch.adverts('lvs-master', since)
        return adverts.length >= 3 ? adverts : undefined
      })
      expect(stage.watch.adverts('lvs-backup', 0).length === 0, 'it has advertised')
      expect(
        stage.watch.claims(0).every(({ mac }) => mac === HOSTS['lvs-master'].mac),
        'it has claimed the address by ARP',
      )
      const count = stage.watch.adverts('lvs-master', 0).length
      return {
        text: `lvs-backup is silent; lvs-master has advertised ${count} times, priority ${heard[0]!.priority}`,
      }
    })
  },
}

function neighbourEntry(stage: Stage): Neighbour | undefined {
  using route = new RouteSocket(stage.cluster.host('client').namespace)
  return neighbours(route, { family: 4 }).find(({ address }) => address === VIP)
}
