import { setTimeout as sleep } from 'node:timers/promises'
import { processesIn } from '../processes.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { failures } from '../tally.ts'
import { Traffic } from '../traffic.ts'
import type { Response } from '../web-client.ts'

const DOWNLOAD_S = 7
const DEAD_MS = 300
/** The server itself pauses 40 ms between two pieces; scheduling adds to it. */
const PAUSE_MAX_MS = 400

export const restart: Scene = {
  title: "The master's daemon is killed with -9 and started again, while a download runs",
  async play(stage) {
    const [address] = stage.freshAddresses(1)
    const download = new Download(stage, address!)
    await stage.check('no sluice process is alive: the download goes on, new clients are served', () =>
      killed(stage, download),
    )
    await stage.check('the daemon starts again and is the active one still, lvs-backup is silent', () => resume(stage))
    await stage.check('the download does not notice', async () => {
      const { bytes, longestPauseMs } = await download.end()
      const pause = `${Math.round(longestPauseMs)} ms`
      expect(longestPauseMs < PAUSE_MAX_MS, `nothing came for ${pause}`)
      return { text: `the download does not notice: ${kilobytes(bytes)} complete, longest pause ${pause}` }
    })
  },
}

class Download {
  bytes = 0
  readonly #stage: Stage
  readonly #response: Promise<Response>

  constructor(stage: Stage, from: Parameters<Stage['clients']['request']>[0]) {
    this.#stage = stage
    this.#response = stage.clients.request(from, {
      path: `/slow?seconds=${DOWNLOAD_S}`,
      onProgress: bytes => {
        this.bytes = bytes
      },
    })
    // Whoever waits for the end hears of a failure; until then it is nobody's.
    this.#response.catch(() => {})
  }

  async end(): Promise<Response> {
    this.#stage.screen.wait('the download to end', DOWNLOAD_S * 1000)
    try {
      return await this.#response
    } finally {
      this.#stage.screen.stopWaiting()
    }
  }
}

async function killed(stage: Stage, download: Download): Promise<undefined> {
  await stage.until('the download to begin', 2000, () => (download.bytes > 0 ? true : undefined))
  // Right behind an advertisement, so that what is measured is not how long ago the last one was.
  const asked = performance.now()
  await stage.until('an advertisement', 2000, () => stage.watch.adverts('lvs-master', asked)[0])
  await stage.crew.directors['lvs-master'].kill()
  const alive = processesIn(stage.cluster.host('lvs-master').namespace)
  expect(alive.length === 0, `${alive.length} processes are left`)
  const before = download.bytes
  const traffic = new Traffic(stage.clients, stage.freshAddresses(10), 30, 500)
  await sleep(DEAD_MS, undefined, { signal: stage.signal })
  const attempts = await traffic.stop()
  const failed = failures(attempts)
  expect(download.bytes > before, 'the download stands still')
  expect(failed.length === 0, `${failed.length} of ${attempts.length} requests failed`)
  stage.screen.notice(`${kilobytes(download.bytes - before)} came, and ${attempts.length} new requests were answered`)
  return undefined
}

async function resume(stage: Stage): Promise<undefined> {
  const director = stage.crew.directors['lvs-master']
  // For the case that the check before this one failed before it came to that.
  await director.kill()
  const startedAt = performance.now()
  director.start()
  await stage.until('lvs-master to advertise', 6000, () => stage.watch.adverts('lvs-master', startedAt)[0])
  const heard = stage.watch.adverts('lvs-backup', startedAt)
  expect(heard.length === 0, 'lvs-backup took over meanwhile')
  return undefined
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`
}
