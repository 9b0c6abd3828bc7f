import { setTimeout as sleep } from 'node:timers/promises'
import { DEATH_NOTICED_MS, REBIRTH_NOTICED_MS } from '../configuration.ts'
import { listedServers, openTable } from '../director-table.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { answersByServer, failures, since, talliesText } from '../tally.ts'
import { HOSTS } from '../topology.ts'
import { Traffic } from '../traffic.ts'

const AFTERMATH_MS = 1500
/** After this the check has failed anyway. */
const LATE_MS = 1000

export const health: Scene = {
  title: "rs1's web server stops, and starts again",
  async play(stage) {
    const { crew, clients } = stage
    const traffic = new Traffic(clients, stage.freshAddresses(10), 40, 1000)
    await sleep(500)
    const removedAt = await dies(stage)
    await stage.check('from then on no request fails', async () => {
      await stage.until('some more requests', AFTERMATH_MS + 100, () =>
        performance.now() > removedAt + AFTERMATH_MS ? true : undefined,
      )
      const attempts = since(await traffic.stop(), removedAt)
      const failed = failures(attempts)
      expect(
        failed.length === 0,
        `${failed.length} of ${attempts.length} failed: ${JSON.stringify(failed[0]?.outcome)}`,
      )
      expect(!answersByServer(attempts).has('rs1'), 'rs1 answered')
      return { text: `from then on no request fails: ${attempts.length} requests, ${talliesText(attempts)}` }
    })
    await traffic.stop()
    crew.webServers.rs1.start()
    await returns(stage)
  },
}

/** When rs1 was out of the table. */
async function dies(stage: Stage): Promise<number> {
  await stage.crew.webServers.rs1.stop()
  await stage.check('rs1 leaves the table', async () => {
    await isListed(stage, false, DEATH_NOTICED_MS)
    return { boundMs: DEATH_NOTICED_MS }
  })
  stage.screen.notice('implied by delay_loop 6, retry 3 and delay_before_retry 3: at most 6 + 3 × 3 s')
  return performance.now()
}

async function returns(stage: Stage): Promise<void> {
  await stage.check('rs1 is back in the table', async () => {
    await isListed(stage, true, REBIRTH_NOTICED_MS)
    return { boundMs: REBIRTH_NOTICED_MS }
  })
  await stage.check('new clients are served by both again', async () => {
    const responses = []
    for (const address of stage.freshAddresses(6)) responses.push(await stage.clients.request(address))
    const servers = new Set(responses.map(({ server }) => server))
    expect(servers.size === 2, `only ${[...servers].join()} answered`)
  })
}

async function isListed(stage: Stage, wanted: boolean, withinMs: number): Promise<void> {
  const [rs1] = HOSTS.rs1.addresses
  using table = openTable(stage.cluster.host('lvs-master'))
  await stage.until(`rs1 ${wanted ? 'in' : 'out of'} the table`, withinMs + LATE_MS, () =>
    listedServers(table).includes(rs1) === wanted ? true : undefined,
  )
}
