/** `sluice run` beside Debian's keepalived, each in both roles, on one segment. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { instance, KEEPALIVED, type Router, Routers } from './routers.ts'

const skip =
  process.getuid?.() !== 0
    ? 'not root: network namespaces cannot be made'
    : !existsSync(KEEPALIVED) && `${KEEPALIVED} is not installed (Debian package keepalived)`

const run = {
  sluice: (router: Router) => router.runSluice(),
  keepalived: (router: Router) => router.runKeepalived(),
}

describe('sluice run beside keepalived', { concurrency: 4, skip }, () => {
  for (const [better, worse] of [
    ['sluice', 'keepalived'],
    ['keepalived', 'sluice'],
  ] as const) {
    test(`${better} is active, ${worse} takes over when it stops or is killed, and lets go when it returns`, async () => {
      await using routers = new Routers(better)
      const { a, b } = routers
      a.configure(instance(100))
      b.configure(instance(50))
      run[better](a)
      await routers.onlyOn(a)
      run[worse](b)
      await sleep(4500)
      await routers.onlyOn(a)

      await a.end('SIGTERM')
      await routers.onlyOn(b)
      assert.match(b.log, /Backup received priority 0 advertisement/)
      run[better](a)
      await routers.onlyOn(a)
      await b.says(/Master received advert from 192\.168\.41\.181 with higher priority 100, ours 50/)
      await b.says(/Entering BACKUP STATE\n?[\s\S]*Entering BACKUP STATE/)
    })

    test(`${worse} and ${better} with different passwords ignore each other`, async () => {
      await using routers = new Routers(`${better}-password`)
      const { a, b } = routers
      a.configure(instance(100))
      b.configure(instance(50, { password: 'other' }))
      run[better](a)
      run[worse](b)
      await a.says(/Entering MASTER STATE/)
      await b.says(/Entering MASTER STATE/)
      await sleep(2200)
      assert.ok(a.has() && b.has())
    })
  }
})
