import { setTimeout as sleep } from 'node:timers/promises'
import { activeDownMs, skewMs } from '../configuration.ts'
import { sluice } from '../executable.ts'
import { seconds } from '../line.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { failures, longestOutageMs, since, talliesText } from '../tally.ts'
import { Traffic } from '../traffic.ts'

/** The issue's own bound: priority 0 spares the backup the three intervals. */
const TAKEOVER_MS = 1000
const STARTUP_MS = 3000

export const takeover: Scene = {
  title: 'The master is stopped, and returns',
  async play(stage) {
    const traffic = new Traffic(stage.clients, stage.freshAddresses(10), 30, 500)
    await sleep(300)
    await stop(stage, traffic)
    await traffic.stop()
    await comeBack(stage)
  },
}

async function stop(stage: Stage, traffic: Traffic): Promise<void> {
  const { watch } = stage
  const stoppedAt = performance.now()
  const stopped = stage.crew.directors['lvs-master'].stop()
  let takenAt = stoppedAt
  await stage.check('lvs-master says farewell with priority 0 and lvs-backup takes over', async () => {
    const taken = await stage.until('lvs-backup to announce the address', 6000, () =>
      watch.announcement('lvs-backup', stoppedAt),
    )
    takenAt = taken.at
    expect(
      watch.adverts('lvs-master', stoppedAt).some(({ priority }) => priority === 0),
      'there was no farewell',
    )
    return { ms: takenAt - stoppedAt, boundMs: TAKEOVER_MS }
  })
  stage.screen.notice(
    `priority 0 spares lvs-backup the three intervals: it waits for its skew, ${seconds(skewMs('lvs-backup'))}`,
  )
  await stopped
  await stage.check('requests go on', async () => {
    await sleep(1000, undefined, { signal: stage.signal })
    const attempts = await traffic.stop()
    const later = since(attempts, takenAt + 20)
    const failed = failures(later)
    expect(later.length > 0 && failed.length === 0, `${failed.length} of ${later.length} failed after the take-over`)
    const outage = longestOutageMs(attempts, stoppedAt, performance.now())
    return { text: `requests go on: ${talliesText(later)}, none failed since the take-over`, ms: outage }
  })
  const { output } = await stage.cluster.host('lvs-backup').run(sluice('ipvsadm', '-Ln'))
  stage.screen.command('lvs-backup', ['sluice', 'ipvsadm', '-Ln'], output)
}

async function comeBack(stage: Stage): Promise<void> {
  const startedAt = performance.now()
  stage.crew.directors['lvs-master'].start()
  await stage.check('lvs-master returns and preempts', async () => {
    const withinMs = activeDownMs('lvs-master') + STARTUP_MS
    const taken = await stage.until('lvs-master to announce the address', withinMs, () =>
      stage.watch.announcement('lvs-master', startedAt),
    )
    return { ms: taken.at - startedAt }
  })
  const listens = seconds(activeDownMs('lvs-master'))
  stage.screen.notice(`its processes start, then it listens for ${listens}: three intervals and its skew`)
}
