/** A thousand servers fail in the same moment: how soon they are out of the table, in the kernel. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { openServiceTable } from '../../src/kernel/service-table.ts'
import { openThousand, SERVERS } from './thousand.ts'

const INTERVAL_MS = 1000
const PATIENCE_MS = 30_000

const thousand = await openThousand('sluice')
try {
  using table = inNamespace(thousand.namespace, () => openServiceTable())
  const listed = () => table.services()[0]?.destinations.length ?? 0
  const startedAt = performance.now()
  while (listed() < SERVERS && performance.now() - startedAt < PATIENCE_MS) await sleep(100)
  // Each has been found well, and then some.
  await sleep(4000)
  if (listed() !== SERVERS) throw new Error(`${listed()} of ${SERVERS} servers are in the table`)
  thousand.server.kill('SIGKILL')
  const failedAt = performance.now()
  let half: number | undefined
  while (listed() > 0 && performance.now() - failedAt < PATIENCE_MS) {
    if (listed() <= SERVERS / 2) half ??= performance.now() - failedAt
    await sleep(20)
  }
  const all = performance.now() - failedAt
  console.log(`${SERVERS} servers, checked every ${INTERVAL_MS} ms, fail in the same moment`)
  console.log(`  half of them are out of the table after ${half?.toFixed(0)} ms, all after ${all.toFixed(0)} ms`)
} finally {
  await thousand.close()
}
