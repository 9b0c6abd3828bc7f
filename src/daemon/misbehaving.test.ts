/** Every type of checker against real servers on this machine, most of which do what no server should. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { decode, encode } from 'dns-packet'
import { ip } from '../bytes/address.ts'
import {
  dnsChecker,
  httpChecker,
  httpPage,
  miscChecker,
  pingChecker,
  smtpChecker,
  tcpChecker,
  udpChecker,
} from '../health/samples.ts'
import { accepted, listen, target, until, verdict } from './probe-fixture.ts'

const root = process.getuid?.() === 0
const skip = !root && 'not root: raw sockets and other users are not to be had'
/** A server that answers a request for a page with this. */
function answers(text: string): (socket: Socket) => void {
  return socket => void socket.once('data', () => socket.end(text))
}

test('HTTP_GET passes with the right status, digest and pattern, and asks as keepalived does', async t => {
  let asked = ''
  const port = await listen(t, socket => {
    socket.once('data', bytes => {
      asked = String(bytes)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    })
  })
  const page = httpPage({
    digest: '5d41402abc4b2a76b9719d911017c592',
    body: 'ell',
    regex: { pattern: '^HEL+O$', options: ['caseless'], noMatch: false, minOffset: 0, maxOffset: undefined },
  })
  const { up, lastError } = await verdict(httpChecker({ target: target(port), pages: [page] }))
  assert.equal(lastError, undefined)
  assert.equal(up, true)
  assert.equal(asked, `GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
})

for (const [what, serve, cause] of [
  ['says nothing', () => {}, 'no answer in time'],
  ['resets', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()), 'connection reset'],
  [
    'closes early',
    (socket: Socket) => void socket.once('data', () => socket.end()),
    'closed the connection without an answer',
  ],
  ['closes within the headers', answers('HTTP/1.1 200 OK\r\nServer: x'), 'closed the connection within the headers'],
  ['is sick', answers('HTTP/1.1 503 No\r\n\r\n'), 'status 503 of /'],
  ['speaks another protocol', answers('SSH-2.0-OpenSSH_9.2\r\n'), 'the answer is not HTTP'],
  [
    'sends endless headers',
    (socket: Socket) => {
      const send = () => socket.writable && socket.write(`X-A: ${'a'.repeat(4000)}\r\n`, send)
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n', send))
    },
    'more than 64 KiB of headers',
  ],
  [
    'drips',
    (socket: Socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
      const timer = setInterval(() => socket.write('.'), 100)
      socket.on('close', () => clearInterval(timer))
    },
    'the answer did not end in time',
  ],
] as const) {
  test(`HTTP_GET fails with a server that ${what}`, async t => {
    const { up, lastError } = await verdict(httpChecker({ target: target(await listen(t, serve)) }))
    assert.equal(lastError, cause)
    assert.equal(up, false)
  })
}

test('TCP_CHECK passes with a server that says nothing, and fails with a closed port', async t => {
  const port = await listen(t, () => {})
  assert.equal((await verdict(tcpChecker({ target: target(port) }))).up, true)
  assert.equal((await verdict(tcpChecker({ target: target(1) }))).lastError, 'connection refused')
})

test('a check leaves by the interface, the mark, the address and the port that it is given', { skip }, async t => {
  let from: string | undefined
  const port = await listen(t, socket => {
    from = `${socket.remoteAddress} ${socket.remotePort}`
  })
  const free = await listen(t, () => {})
  const bindPort = free === 65535 ? free - 1 : free + 1
  const bound = target(port, { bindInterface: 'lo', mark: 7, bindAddress: ip('127.0.0.9'), bindPort })
  assert.deepEqual((await verdict(tcpChecker({ target: bound }))).lastError, undefined)
  assert.equal(from, `127.0.0.9 ${bindPort}`)
  const nowhere = target(port, { bindInterface: 'no-such-if' })
  assert.match((await verdict(tcpChecker({ target: nowhere }))).lastError ?? '', /interface to connect from|no-such-if/)
})

test('SSL_GET accepts any certificate, unless it is to verify it; garbage is no TLS', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [key, expired, good] = ['key.pem', 'expired.pem', 'good.pem'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const self = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-subj',
    '/CN=www.example.org',
    '-addext',
    'subjectAltName=DNS:www.example.org',
  ]
  execFileSync('openssl', [...self, '-out', good, '-days', '9'], { stdio: 'ignore' })
  execFileSync('openssl', ['x509', '-in', good, '-signkey', key, '-out', expired, '-days', '-1'], { stdio: 'ignore' })
  const serve = async (certificate: string) => {
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, socket => {
      socket.on('error', () => {})
      accepted.add(socket)
      socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\n\r\n${socket.servername || 'nobody'}`))
    })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    return (server.address() as AddressInfo).port
  }
  const check = (port: number, name: string | undefined, verifyCertificate: boolean) =>
    httpChecker({
      type: 'SSL_GET',
      target: target(port, { connectTimeoutMs: 3000 }),
      serverName: name,
      sendServerName: name !== undefined,
      verifyCertificate,
      pages: [httpPage({ body: name ?? 'nobody' })],
    })
  const [old, fresh] = [await serve(expired), await serve(good)]
  assert.equal((await verdict(check(old, undefined, false))).lastError, undefined)
  assert.equal((await verdict(check(fresh, 'www.example.org', true), { ca: good })).lastError, undefined)
  assert.match((await verdict(check(old, 'www.example.org', true), { ca: expired })).lastError ?? '', /expired/)
  assert.match((await verdict(check(fresh, 'www.example.com', true), { ca: good })).lastError ?? '', /another name/)
  assert.match((await verdict(check(fresh, 'www.example.org', true))).lastError ?? '', /signed by/)
  const garbage = await listen(t, socket => void socket.write('220 mail.example.org ESMTP\r\n'))
  assert.match((await verdict(check(garbage, undefined, false))).lastError ?? '', /no TLS/)
  const silent = await listen(t, () => {})
  const timid = { ...check(silent, undefined, false), target: target(silent) }
  assert.match((await verdict(timid)).lastError ?? '', /timed out/)
})

test('SMTP_CHECK holds the whole conversation, and fails where it breaks', async t => {
  const heard: string[] = []
  const speak = (refuse: string) => (socket: Socket) => {
    socket.write('220-mail.example.org\r\n220 ready\r\n')
    socket.on('data', bytes => {
      const line = String(bytes).trim()
      heard.push(line)
      const answer = line.startsWith('HELO') ? '250 hello' : '221 bye'
      socket.write(line.startsWith(refuse) ? '554 no service\r\n' : `${answer}\r\n`)
    })
  }
  const port = await listen(t, speak('never'))
  assert.equal((await verdict(smtpChecker({ target: target(port) }))).lastError, undefined)
  assert.deepEqual(heard, ['HELO smtpchecker.keepalived.org', 'QUIT'])
  const sick = await listen(t, speak('HELO'))
  assert.equal((await verdict(smtpChecker({ target: target(sick) }))).lastError, 'answered HELO with "554 no service"')
  const mute = await listen(t, () => {})
  assert.equal((await verdict(smtpChecker({ target: target(mute) }))).lastError, 'no answer to the connection in time')
})

async function answerDatagrams(t: TestContext, answer: (question: Buffer) => Uint8Array | undefined): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const bytes = answer(question)
    if (bytes !== undefined) socket.send(bytes, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return socket.address().port
}

for (const [what, answer, error] of [
  [
    'answers',
    (q: Buffer) => encode({ type: 'response', id: decode(q).id ?? 0, questions: decode(q).questions ?? [] }),
    undefined,
  ],
  [
    'has no answer',
    (q: Buffer) => encode({ type: 'response', id: decode(q).id ?? 0, flags: 2, questions: decode(q).questions ?? [] }),
    'answers SERVFAIL',
  ],
  [
    'answers somebody else',
    (q: Buffer) => encode({ type: 'response', id: (decode(q).id ?? 0) ^ 1, questions: decode(q).questions ?? [] }),
    'no answer in time, but 1 to other questions',
  ],
  [
    'answers another question',
    (q: Buffer) =>
      encode({ type: 'response', id: decode(q).id ?? 0, questions: [{ type: 'A', name: 'evil.example' }] }),
    'no answer in time, but 1 to other questions',
  ],
  ['talks rubbish', () => Buffer.from([1, 2, 3]), 'no answer in time, but 1 to other questions'],
  ['says nothing', () => undefined, 'no answer in time'],
] as const) {
  test(`DNS_CHECK with a name server that ${what}`, async t => {
    const port = await answerDatagrams(t, answer)
    assert.equal((await verdict(dnsChecker({ target: target(port) }))).lastError, error)
  })
}

test('UDP_CHECK passes with silence unless a reply is required, and hears that a port is closed', async t => {
  const silent = await answerDatagrams(t, () => undefined)
  assert.equal((await verdict(udpChecker({ target: target(silent) }))).up, true)
  assert.equal(
    (await verdict(udpChecker({ target: target(silent), requireReply: true }))).lastError,
    'no answer in time',
  )
  assert.equal((await verdict(udpChecker({ target: target(1) }))).lastError, 'connection refused')
  const echo = await answerDatagrams(t, question => question)
  const wanted = { bytes: Uint8Array.of(1, 0x20), mask: Uint8Array.of(0xff, 0xf0) }
  const check = udpChecker({ target: target(echo), requireReply: true, reply: wanted })
  assert.equal((await verdict({ ...check, payload: Uint8Array.of(1, 0x2f, 9) })).lastError, undefined)
  assert.match((await verdict({ ...check, payload: Uint8Array.of(1, 0x3f) })).lastError ?? '', /at byte 1/)
  assert.match((await verdict({ ...check, payload: Uint8Array.of(1) })).lastError ?? '', /at byte 1/)
})

test('PING_CHECK hears its own echo, in both families', { skip }, async () => {
  assert.equal((await verdict(pingChecker({ target: target(0) }))).lastError, undefined)
  assert.equal((await verdict(pingChecker({ target: target(0, { address: ip('::1') }) }))).lastError, undefined)
  const nobody = target(0, { address: ip('127.0.0.1'), bindInterface: 'no-such-if' })
  assert.equal((await verdict(pingChecker({ target: nobody }))).up, false)
})

test('MISC_CHECK goes by the exit code; a script that forks and hangs leaves nothing behind', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-misc-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const script = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return { argv: [path, 'a b'], user: undefined, group: undefined }
  }
  const said = join(folder, 'said')
  assert.equal((await verdict(miscChecker({ script: script('good', `echo "$1 $(id -u)" > ${said}`) }))).up, true)
  assert.equal(readFileSync(said, 'utf8'), 'a b 0\n')
  const bad = miscChecker({ script: script('bad', 'exit 7') })
  assert.equal((await verdict(bad)).lastError, 'exit status 7')
  assert.equal((await verdict({ ...bad, dynamic: true })).weight, 5)
  const missing = { argv: [join(folder, 'none')], user: undefined, group: undefined }
  assert.match((await verdict(miscChecker({ script: missing }))).lastError ?? '', /no such program/)
  const nobody = { ...script('who', `test "$(id -u)" = 65534`), user: 'nobody' }
  chmodSync(folder, 0o755)
  assert.equal((await verdict(miscChecker({ script: nobody }))).lastError, undefined)

  const leader = join(folder, 'leader')
  const text = `trap '' TERM\necho $$ > ${leader}\n(trap '' TERM; while :; do sleep 1; done) & sleep 60 & wait`
  const { lastError } = await verdict(miscChecker({ script: script('hang', text), timeoutMs: 300 }))
  assert.match(lastError ?? '', /not finished/)
  const group = readFileSync(leader, 'utf8').trim()
  await until(() => membersOf(group).length === 0)
  assert.deepEqual(membersOf(group), [])
})

/** The processes of a process group. */
function membersOf(group: string): readonly string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      // Behind the name in parentheses: state, parent, process group.
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return pgrp === group && state !== 'Z'
    } catch {
      return false
    }
  })
}
