import { setTimeout as sleep } from 'node:timers/promises'
import { processesIn } from '../processes.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { failures } from '../tally.ts'
import { Traffic } from '../traffic.ts'

const DOWNLOAD_S = 7
const DEAD_MS = 700
/** The server itself pauses 40 ms between two pieces; scheduling adds to it. */
const PAUSE_MAX_MS = 400

export const restart: Scene = {
  title: "The master's daemon is killed (kill -9) and started again, while a download runs",
  async play(stage) {
    const [downloader, ...others] = stage.freshAddresses(11)
    let bytes = 0
    const onProgress = (total: number) => {
      bytes = total
    }
    const download = stage.clients.request(downloader!, { path: `/slow?seconds=${DOWNLOAD_S}`, onProgress })
    download.catch(() => {})
    await stage.check(
      'with no sluice process alive on lvs-master, packets flow and new clients are served',
      async () => {
        await stage.until('the download to begin', 2000, () => (bytes > 0 ? true : undefined))
        await stage.crew.directors['lvs-master'].kill()
        const alive = processesIn(stage.cluster.host('lvs-master').namespace)
        expect(alive.length === 0, `${alive.length} processes are left`)
        const before = bytes
        const traffic = new Traffic(stage.clients, others, 30, 500)
        await sleep(DEAD_MS, undefined, { signal: stage.signal })
        const attempts = await traffic.stop()
        expect(bytes > before, 'the download stands still')
        const failed = failures(attempts)
        expect(failed.length === 0, `${failed.length} of ${attempts.length} requests failed`)
        return {
          text: `with no sluice process on lvs-master the download goes on (${kilobytes(bytes - before)}) and new clients are served (${attempts.length} requests)`,
        }
      },
    )
    await stage.check('the daemon starts again and carries on as the active one; lvs-backup stays silent', () =>
      resume(stage),
    )
    await stage.check('the download does not notice', async () => {
      const response = await withWait(stage, download)
      expect(response.longestPauseMs < PAUSE_MAX_MS, `nothing came for ${Math.round(response.longestPauseMs)} ms`)
      return {
        text: `the download does not notice: ${kilobytes(response.bytes)} complete, longest pause ${Math.round(response.longestPauseMs)} ms`,
      }
    })
  },
}

async function resume(stage: Stage): Promise<undefined> {
  const startedAt = performance.now()
  stage.crew.directors['lvs-master'].start()
  await stage.until('lvs-master to advertise', 6000, () => stage.watch.adverts('lvs-master', startedAt)[0])
  const heard = stage.watch.adverts('lvs-backup', startedAt)
  expect(heard.length === 0, 'lvs-backup took over meanwhile')
  return undefined
}

async function withWait<T>(stage: Stage, result: Promise<T>): Promise<T> {
  stage.screen.wait('the download to end', DOWNLOAD_S * 1000)
  try {
    return await result
  } finally {
    stage.screen.stopWaiting()
  }
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`
}
