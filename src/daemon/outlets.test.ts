/** Where news goes: to a real SMTP server, through a real pipe, into real programs. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Fifo } from '../kernel/fifo.ts'
import type { GlobalDefinitions } from '../model/global.ts'
import { openOutlets } from './open-outlets.ts'

const skip = process.getuid?.() !== 0 && 'not root: scripts cannot be run as somebody'

const GLOBAL = {
  routerId: 'LVS_DEVEL',
  notificationEmails: ['root@example.org', 'ops@example.org'],
  notificationEmailFrom: 'lvs@example.org',
  smtpHeloName: 'lvs.example.org',
  smtpConnectTimeoutMs: 2000,
  smtpServer: undefined,
  scriptUser: { user: '0', group: undefined },
  scriptSecurity: false,
  notifyFifo: undefined,
  lvsNotifyFifo: undefined,
} as unknown as GlobalDefinitions

/** A mail server that takes everything, and tells what it was told; each conversation is a list of lines. */
async function mailServer(t: TestContext, greeting: string): Promise<{ port: number; conversations: string[][] }> {
  const conversations: string[][] = []
  const server = createServer(socket => {
    const lines: string[] = []
    conversations.push(lines)
    let data = false
    let text = ''
    socket.on('error', () => {})
    socket.write(`${greeting}\r\n`)
    socket.on('data', bytes => {
      text += bytes
      for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        lines.push(line)
        if (data && line !== '.') continue
        data = /^DATA/i.test(line)
        if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write(data ? '354 go on\r\n' : '250 fine\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, conversations }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; !condition() && i < 800; i++) await new Promise(resolve => setTimeout(resolve, 10))
  assert.ok(condition(), what)
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-outlets-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('letters go to everybody by SMTP, a connection each, with the headers of keepalived', async t => {
  const { port, conversations } = await mailServer(t, '220 mail.example.org ESMTP')
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure({ ...GLOBAL, smtpServer: { host: '127.0.0.1', port } }, true)
  outlets.mail({
    subject: '[LVS_DEVEL] Realserver [10.0.0.1]:tcp:80 of virtual server FWM 7 - DOWN',
    body: '=> TCP CHECK failed on service <=',
  })
  outlets.mail({ subject: 'second', body: '.' })
  await until(() => conversations.length === 2 && conversations[1]!.includes('.'), 'both are delivered')
  const [first = [], second = []] = conversations
  assert.match(first[0] ?? '', /^(EHLO|HELO) lvs\.example\.org$/)
  assert.ok(first.includes('MAIL FROM:<lvs@example.org>'))
  assert.ok(first.includes('RCPT TO:<root@example.org>') && first.includes('RCPT TO:<ops@example.org>'))
  for (const header of [
    /^From: lvs@example\.org$/,
    /^To: root@example\.org, ops@example\.org$/,
    /^X-Mailer: Keepalived$/,
    /^Date: /,
  ])
    assert.ok(
      first.some(line => header.test(line)),
      `${header} in ${first.join('\n')}`,
    )
  assert.match(
    first.join('\n').replace(/\n /g, ' '),
    /^Subject: \[LVS_DEVEL\] Realserver \[10\.0\.0\.1\]:tcp:80 of virtual server FWM 7 - DOWN$/m,
  )
  assert.ok(first.includes('=> TCP CHECK failed on service <='))
  assert.ok(second.includes('..'), 'a line that is a dot does not end the mail')
  assert.deepEqual(logged, [])
})

/** Debian's python3-aiosmtpd, for the python3 that is Debian's. */
const PYTHON = '/usr/bin/python3'
const withoutAiosmtpd = spawnSync(PYTHON, ['-c', 'import aiosmtpd']).status !== 0 && 'python3-aiosmtpd is not installed'

test('a real mail server gets letters whole, and is taken leave of', { skip: withoutAiosmtpd }, async t => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  const words = [
    '-m',
    'aiosmtpd',
    '-n',
    '-d',
    '-d',
    '-l',
    `127.0.0.1:${port}`,
    '-c',
    'aiosmtpd.handlers.Debugging',
    'stdout',
  ]
  const server = spawn(PYTHON, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
  })
  t.after(() => server.kill('SIGKILL'))
  let said = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', bytes => {
      said += bytes
    })
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure({ ...GLOBAL, smtpServer: { host: '127.0.0.1', port } }, true)
  await until(() => /[Ss]erver is listening|[Ss]tarting asyncio loop/.test(said), `it listens: ${said}`)
  outlets.mail({ subject: '[LVS] one', body: '=> TCP CHECK failed on service <=' })
  outlets.mail({ subject: '[LVS] two', body: '.\nbehind the dot' })
  await until(() => said.split("b'QUIT'").length === 3, 'both are taken leave of')
  assert.match(said, /Subject: \[LVS\] one\r?\nX-Mailer: Keepalived\r?\nTo: root@example\.org, ops@example\.org/)
  assert.match(said, /^\.\r?\nbehind the dot$/m)
  assert.deepEqual(logged, [])
})

test('a mail server that refuses is said by name, and delays nothing else', async t => {
  const { port } = await mailServer(t, '554 go away')
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure({ ...GLOBAL, smtpServer: { host: '127.0.0.1', port } }, true)
  outlets.mail({ subject: 'one', body: '' })
  await until(() => logged.length === 1, 'it is logged')
  assert.match(logged[0] ?? '', /^cannot mail "one": .*554/s)
})

test('the pipe gets a line an event, and is gone afterwards', { skip }, t => {
  const path = join(folder(t), 'fifo')
  const outlets = openOutlets(() => {})
  outlets.configure({ ...GLOBAL, lvsNotifyFifo: { path, script: undefined } }, true)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  outlets.line('VS [10.0.0.1]:tcp:80 DOWN')
  const bytes = Buffer.alloc(100)
  assert.equal(bytes.toString('latin1', 0, readSync(reader, bytes)), 'VS [10.0.0.1]:tcp:80 DOWN\n\0')
  outlets.close()
  assert.equal(readSync(reader, bytes), 0, 'its reader sees the end')
  closeSync(reader)
  assert.ok(!existsSync(path))
})

test('the pipe that elections share is theirs: it is written, never made or removed', { skip }, t => {
  const path = join(folder(t), 'fifo')
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure({ ...GLOBAL, notifyFifo: { path, script: undefined } }, false)
  outlets.line('RS a b UP')
  assert.match(logged[0] ?? '', /"RS a b UP" is lost/)
  const theirs = new Fifo(path)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  outlets.line('RS a b DOWN')
  const bytes = Buffer.alloc(100)
  assert.equal(bytes.toString('latin1', 0, readSync(reader, bytes)), 'RS a b DOWN\n\0')
  closeSync(reader)
  outlets.close()
  assert.ok(existsSync(path))
  theirs.close()
})

test('a pipe that is no pipe, and one that nobody reads, harm nothing', { skip }, t => {
  const path = join(folder(t), 'file')
  writeFileSync(path, 'precious')
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure({ ...GLOBAL, lvsNotifyFifo: { path, script: undefined } }, true)
  assert.match(logged[0] ?? '', /is not a pipe/)
  outlets.configure({ ...GLOBAL, lvsNotifyFifo: { path: `${path}2`, script: undefined } }, true)
  for (let i = 0; i < 3000; i++) outlets.line('VS [10.0.0.1]:tcp:80 DOWN'.padEnd(60))
  assert.match(logged.at(-1) ?? '', /nobody reads/)
  outlets.close()
  assert.equal(readFileSync(path, 'utf8'), 'precious')
})

test('scripts run with their words, by nobody else than they should', { skip }, async t => {
  const path = join(folder(t), 'up.sh')
  const said = `${path}.said`
  writeFileSync(path, `#!/bin/sh\necho "$# $1 $(id -u)" > ${said}\n`)
  chmodSync(path, 0o755)
  const logged: string[] = []
  const outlets = openOutlets(text => logged.push(text))
  outlets.configure(GLOBAL, true)
  outlets.run({ argv: [path, 'a; b'], user: undefined, group: undefined })
  await until(() => existsSync(said) && readFileSync(said, 'utf8').endsWith('\n'), 'it ran')
  assert.equal(readFileSync(said, 'utf8'), '1 a; b 0\n')
  outlets.run({ argv: [path], user: 'no-such-user', group: undefined })
  assert.match(logged.pop() ?? '', /there is no user no-such-user/)
  chmodSync(path, 0o757)
  outlets.configure({ ...GLOBAL, scriptSecurity: true }, true)
  outlets.run({ argv: [path], user: undefined, group: undefined })
  assert.match(logged.pop() ?? '', /script security .* may change .*up\.sh/)
})
