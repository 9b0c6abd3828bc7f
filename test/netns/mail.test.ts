/** Mail about an election, to a mail server that somebody else wrote (Debian package python3-aiosmtpd). */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { instance, Routers, until } from './routers.ts'

/** Debian's, which has Debian's packages. */
const PYTHON = '/usr/bin/python3'

const skip =
  process.getuid?.() !== 0
    ? 'not root: network namespaces cannot be made'
    : spawnSync(PYTHON, ['-c', 'import aiosmtpd']).status !== 0 &&
      'aiosmtpd is not installed (Debian package python3-aiosmtpd)'

test('a change of state is mailed as keepalived mails it, once the mail server is there', { skip }, async () => {
  await using routers = new Routers('mail')
  const { a, b } = routers
  const settings = `global_defs {
  notification_email {
    ops@example.net
    night@example.net
  }
  notification_email_from lvs@example.net
  smtp_server ${b.address} 2525
  smtp_connect_timeout 5
  smtp_alert on
`
  a.configure(instance(100).replace('global_defs {\n', settings))
  a.runSluice()
  // Nobody listens yet: the log says what became of the mail, and the election does not wait for it.
  await a.says(/Entering MASTER STATE/)
  await a.says(/cannot mail "\[LVS_DEVEL\] VRRP Instance VI_1 - Entering BACKUP state"/)
  await a.says(/cannot mail "\[LVS_DEVEL\] VRRP Instance VI_1 - Entering MASTER state"/)

  const words = [
    '-u',
    '-m',
    'aiosmtpd',
    '-n',
    '-d',
    '-l',
    `${b.address}:2525`,
    '-c',
    'aiosmtpd.handlers.Debugging',
    'stdout',
  ]
  const server = inNamespace(b.namespace, () => spawn(PYTHON, words, { stdio: ['ignore', 'pipe', 'pipe'] }))
  let printed = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', bytes => {
      printed += bytes
    })
  try {
    await until(
      () =>
        inNamespace(b.namespace, () => spawnSync('ss', ['-Hltn', 'sport = :2525'], { encoding: 'utf8' })).stdout !== '',
      'the mail server listens',
      () => printed,
    )
    await a.end()
    await until(
      () => printed.includes('END MESSAGE'),
      'the mail is there',
      () => `${printed}\n${a.log}`,
    )
    for (const line of [
      /^From: lvs@example\.net$/m,
      /^To: ops@example\.net, night@example\.net$/m,
      /^Subject: \[LVS_DEVEL\] VRRP Instance VI_1 - stopping$/m,
      /^X-Mailer: Keepalived$/m,
      /^Date: /m,
      /^=> VRRP Instance stopping <=$/m,
    ])
      assert.match(printed, line)
    assert.match(printed, /RCPT TO:<night@example\.net>/)
  } finally {
    server.kill('SIGKILL')
  }
})
