/** What `sluice top` shows on a terminal and on none, of a table that forwards with no daemon. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import { Segment, withTable } from './segment.ts'

const SLUICE = new URL('../../bin/sluice', import.meta.url).pathname
const KEY: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.9.0.100'), port: 80 }

test('sluice top shows the table, until q is pressed', { skip: needsRoot, timeout: 60_000 }, async t => {
  const segment = new Segment(t)
  const director = segment.host('director')
  segment.plug(director, 'eth0', ip('10.9.0.2'), ip('10.9.0.100'))
  const top = (...words: readonly string[]) =>
    inNamespace(director, () => spawnSync(SLUICE, ['top', ...words], { encoding: 'utf8' }))
  assert.match(top('--once').stdout, /^\d\d:\d\d:\d\d {2}no daemon runs here, 0 connections\n\nno services\n$/)

  withTable(t, director, table => {
    const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
    table.addService({ ...plain, key: KEY, scheduler: 'wlc' })
    const server = { port: 80, forwarding: { method: 'route' }, upperThreshold: 0, lowerThreshold: 0 } as const
    table.addDestination(KEY, { ...server, address: ip('10.9.0.11'), weight: 7 })
  })
  const [heads, service, server] = top('--once').stdout.trim().split('\n').slice(2)
  assert.match(heads!, /^ +weight +active +inactive +conn\/s +pkt\/s in +pkt\/s out +B\/s in +B\/s out$/)
  assert.match(service!, /^TCP 10\.9\.0\.100:80 +wlc +0 +0 +0 +0 +0 +0 +0$/)
  assert.match(server!, /^ {2}10\.9\.0\.11:80 +7 +0 +0 +0 +0 +0 +0 +0$/)
  assert.match(top('--interval', '0').stderr, /a number of seconds from 0.1 to 3600/)

  // script(1) gives it a terminal, whose screen it takes and gives back.
  const live = inNamespace(director, () =>
    spawn('script', ['-qec', `stty rows 4 cols 60; ${SLUICE} top -n 0.2`, '/dev/null'], { stdio: 'pipe' }),
  )
  t.after(() => live.kill('SIGKILL'))
  let shown = ''
  let isQuitting = false
  live.stdout.on('data', data => {
    shown += data
    // Two pictures have been drawn.
    if (isQuitting || shown.split('conn/s').length <= 2) return
    isQuitting = true
    live.stdin.write('q')
  })
  const [status] = await once(live, 'close')
  assert.equal(status, 0)
  assert.ok(shown.includes('\x1b[?1049h') && shown.endsWith('\x1b[?1049l'), 'the screen is given back')
  assert.match(shown, /… 2 lines more/)
})
