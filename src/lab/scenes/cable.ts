import { setTimeout as sleep } from 'node:timers/promises'
import { activeDownMs } from '../configuration.ts'
import { openTable, packetsForwarded } from '../director-table.ts'
import { seconds } from '../line.ts'
import type { Scene } from '../scene.ts'
import { expect, type Stage } from '../stage.ts'
import { failures, longestOutageMs, since, talliesText } from '../tally.ts'
import { HOSTS, hostOf } from '../topology.ts'
import { Traffic } from '../traffic.ts'

/** After this a check has failed anyway. */
const LATE_MS = 1000
const QUESTIONS = 10

export const cable: Scene = {
  title: "The master's cable is pulled, and plugged back",
  async play(stage) {
    await pull(stage)
    await plug(stage)
    await stage.check('nobody else answers for the address', () => whoAnswers(stage))
  },
}

async function pull(stage: Stage): Promise<void> {
  const traffic = new Traffic(stage.clients, stage.freshAddresses(10), 30, 500)
  await sleep(300)
  using table = openTable(stage.cluster.host('lvs-backup'))
  const before = packetsForwarded(table)
  const pulledAt = performance.now()
  stage.cluster.pullCable('lvs-master')
  let takenAt = pulledAt
  await stage.check('lvs-backup takes over', async () => {
    let forwarded = before
    const boundMs = activeDownMs('lvs-backup')
    const taken = await stage.until('lvs-backup to announce the address', boundMs + LATE_MS, () => {
      const announcement = stage.watch.announcement('lvs-backup', pulledAt)
      if (announcement === undefined) forwarded = packetsForwarded(table)
      return announcement
    })
    takenAt = taken.at
    // The switch has forgotten where lvs-master is, and sends everybody the frames that are for it.
    const early = forwarded - before
    expect(early === 0n, `before that it forwarded ${early} packets, sent to lvs-master's hardware address`)
    return { ms: takenAt - pulledAt, boundMs }
  })
  await stage.check('requests go on', async () => {
    await sleep(700, undefined, { signal: stage.signal })
    const attempts = await traffic.stop()
    const later = since(attempts, takenAt + 20)
    const failed = failures(later)
    expect(later.length > 0 && failed.length === 0, `${failed.length} of ${later.length} failed after the take-over`)
    const outage = longestOutageMs(attempts, pulledAt, performance.now())
    return { text: `requests go on: ${talliesText(later)}, none failed since the take-over`, ms: outage }
  })
  await traffic.stop()
}

async function plug(stage: Stage): Promise<void> {
  const pluggedAt = performance.now()
  stage.cluster.plugCable('lvs-master')
  const listensMs = activeDownMs('lvs-master')
  await stage.check('plugged back, lvs-master preempts', async () => {
    const taken = await stage.until('lvs-master to announce the address', listensMs + LATE_MS, () =>
      stage.watch.announcement('lvs-master', pluggedAt),
    )
    return { ms: taken.at - pluggedAt }
  })
  stage.screen.notice(`it listens for ${seconds(listensMs)} first: three intervals and its skew`)
}

async function whoAnswers(stage: Stage): Promise<{ text: string }> {
  const heardAt = performance.now()
  // By the next advertisement lvs-backup has had the one that made it a backup.
  await stage.until('the next advertisement', 2000, () => stage.watch.adverts('lvs-master', heardAt)[0])
  const askedAt = performance.now()
  for (let question = 0; question < QUESTIONS; question++) {
    stage.watch.askWhoHasIt()
    await sleep(100, undefined, { signal: stage.signal })
  }
  const answers = stage.watch.claims(askedAt).filter(({ gratuitous }) => !gratuitous)
  const others = answers.filter(({ mac }) => mac !== HOSTS['lvs-master'].mac)
  expect(answers.length >= QUESTIONS, `${QUESTIONS} questions got ${answers.length} answers`)
  expect(others.length === 0, `${[...new Set(others.map(({ mac }) => hostOf(mac)))].join()} answered too`)
  expect(stage.watch.adverts('lvs-backup', askedAt).length === 0, 'lvs-backup still advertises')
  return { text: `no two hosts answer for the address: ${answers.length} answers, all of them lvs-master's` }
}
