/** HTTP as keepalived does not ask: connections that stay, HTTP/2, and pages of JSON, against real servers. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bodyDigest } from '../health/http-probe.ts'
import { httpChecker, httpPage } from '../health/samples.ts'
import type { HttpChecker, JsonWish } from '../model/virtual-server.ts'
import { listen, probe, target, verdict } from './probe-fixture.ts'

function kept(port: number, given: Partial<HttpChecker> = {}): HttpChecker {
  return httpChecker({ target: target(port), keepAlive: true, ...given })
}

/** Counts the connections that a server gets. */
async function counted(t: TestContext, server: Server): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = []
  server.on('connection', socket => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

const UP: JsonWish = { path: 'status', steps: ['status'], value: 'UP' }

test('with keep_alive one connection serves check after check, with chunks and without', async t => {
  let asked = 0
  const server = createHttpServer((question, answer) => {
    assert.equal(question.httpVersion, '1.1')
    if (asked++ % 2 === 0) answer.setHeader('content-length', 15)
    else answer.write('{"stat')
    answer.end(asked % 2 === 1 ? '{"status":"UP"}' : 'us":"UP"}')
  })
  const { port, sockets } = await counted(t, server)
  const digest = bodyDigest(new TextEncoder().encode('{"status":"UP"}'))
  for (let i = 0; i < 4; i++)
    assert.equal((await probe(kept(port, { pages: [httpPage({ json: [UP], digest })] }))).lastError, undefined)
  assert.equal(sockets.length, 1)
  assert.match((await probe(kept(port, { pages: [httpPage({ statusCodes: [] })] }))).lastError ?? '', /status 200/)
  assert.equal((await probe(kept(port))).lastError, undefined)
  assert.equal(sockets.length, 1)
})

test('with keep_alive a connection that the server gave up is no failure, and one that it wants closed is not kept', async t => {
  const server = createHttpServer((_, answer) => {
    answer.setHeader('connection', sockets.length > 2 ? 'close' : 'keep-alive')
    answer.end('fine')
  })
  const { port, sockets } = await counted(t, server)
  assert.equal((await probe(kept(port))).lastError, undefined)
  sockets[0]?.destroy()
  assert.equal((await probe(kept(port))).lastError, undefined)
  // While it waits, and we do not know it yet.
  sockets[1]?.resetAndDestroy()
  assert.equal((await probe(kept(port))).lastError, undefined)
  assert.equal(sockets.length, 3)
  assert.equal((await probe(kept(port))).lastError, undefined)
  assert.equal(sockets.length, 4)
})

test('with keep_alive a server that answers the second question with silence, or goes, is down', async t => {
  let asked = 0
  const port = await listen(t, socket => {
    socket.on('data', () => {
      if (asked++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  assert.equal((await probe(kept(port))).lastError, undefined)
  assert.equal((await probe(kept(port))).lastError, 'no answer in time')
  const gone = createHttpServer((_, answer) => answer.end('fine'))
  const { port: another, sockets } = await counted(t, gone)
  assert.equal((await probe(kept(another))).lastError, undefined)
  gone.close()
  for (const socket of sockets) socket.destroy()
  assert.equal((await verdict(kept(another))).lastError, 'connection refused')
})

for (const [what, answer, error] of [
  ['early hints', 'HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ['broken chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'the chunks of the page are broken'],
  [
    'half a page',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
    'closed the connection within the page',
  ],
  ['a page without an end', 'HTTP/1.1 200 OK\r\n\r\nok', undefined],
  ['more than asked for', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n', undefined],
] as const) {
  test(`with keep_alive: ${what}`, async t => {
    const port = await listen(t, socket => void socket.once('data', () => socket.end(answer)))
    assert.equal((await verdict(kept(port))).lastError, error)
  })
}

test('HTTP/2 by prior knowledge: the page is judged, the connection is kept if that is wished', async t => {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': headers[':path'] === '/' ? 200 : 404, 'content-type': 'application/json' })
    stream.end(`{"status":"UP","host":"${headers[':authority']}"}`)
  })
  const { port, sockets } = await counted(t, server as unknown as Server)
  const page = httpPage({ virtualHost: 'www.example.org', body: 'www.example.org', json: [UP] })
  const asking = httpChecker({ target: target(port), http2: true, pages: [page] })
  assert.equal((await verdict(asking)).lastError, undefined)
  assert.match((await verdict({ ...asking, pages: [httpPage({ path: '/x' })] })).lastError ?? '', /status 404 of \/x/)
  assert.equal(sockets.length, 2)
  for (let i = 0; i < 3; i++) assert.equal((await probe({ ...asking, keepAlive: true })).lastError, undefined)
  assert.equal(sockets.length, 3)
  sockets[2]?.destroy()
  assert.equal((await probe({ ...asking, keepAlive: true })).lastError, undefined)
  assert.equal(sockets.length, 4)
})

for (const [what, serve, cause] of [
  ['says nothing', () => {}, /timed out/],
  ['speaks HTTP/1.1', (socket: Socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 No\r\n\r\n')), /./],
  [
    'closes',
    (socket: Socket) => void socket.once('data', () => socket.end()),
    /closed the connection without an answer/,
  ],
  ['resets', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()), /reset/],
] as const) {
  test(`HTTP/2 with a server that ${what}`, async t => {
    const { up, lastError } = await verdict(httpChecker({ target: target(await listen(t, serve)), http2: true }))
    assert.match(lastError ?? '', cause)
    assert.equal(up, false)
  })
}

test('HTTP/2 with a server that opens the page and never ends it', async t => {
  const server = createHttp2Server()
  server.on('stream', stream => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    stream.write('.')
  })
  const { port } = await counted(t, server as unknown as Server)
  const { lastError } = await verdict(httpChecker({ target: target(port), http2: true }))
  assert.equal(lastError, 'the answer did not end in time')
})

test('HTTP/2 with a server that goes in the middle of a page', async t => {
  const server = createHttp2Server()
  server.on('stream', stream => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    stream.write('half')
    setTimeout(() => stream.session?.destroy(), 50)
  })
  const { port } = await counted(t, server as unknown as Server)
  assert.equal((await verdict(httpChecker({ target: target(port), http2: true }))).up, false)
})

test('HTTP/2 over TLS is agreed upon in the handshake, or the check fails', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-h2-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '9']
  const subject = ['-subj', '/CN=www.example.org', '-addext', 'subjectAltName=DNS:www.example.org']
  execFileSync('openssl', [...words, ...subject], { stdio: 'ignore' })
  const identity = { key: readFileSync(key), cert: readFileSync(certificate) }
  const server = createSecureServer(identity)
  server.on('stream', stream => {
    stream.respond({ ':status': 200 })
    stream.end('hello')
  })
  const { port, sockets } = await counted(t, server as unknown as Server)
  const asking = httpChecker({
    type: 'SSL_GET',
    target: target(port, { connectTimeoutMs: 3000 }),
    http2: true,
    verifyCertificate: true,
    serverName: 'www.example.org',
    sendServerName: true,
    pages: [httpPage({ body: 'hello' })],
  })
  assert.equal((await verdict(asking, { ca: certificate })).lastError, undefined)
  assert.match((await verdict(asking)).lastError ?? '', /signed by/)
  for (let i = 0; i < 3; i++)
    assert.equal((await probe({ ...asking, keepAlive: true }, { ca: certificate })).lastError, undefined)
  assert.equal(sockets.length, 3)

  const { createServer: createHttpsServer } = await import('node:https')
  const old = createHttpsServer({ ...identity, ALPNProtocols: ['http/1.1'] }, (_, answer) => answer.end('hello'))
  const { port: oldPort } = await counted(t, old as unknown as Server)
  const refused = await verdict({ ...asking, target: target(oldPort, { connectTimeoutMs: 3000 }) }, { ca: certificate })
  assert.match(refused.lastError ?? '', /no TLS|HTTP\/2/)
  const mailPort = await listen(t, socket => void socket.write('220 mail\r\n'))
  assert.match((await verdict({ ...asking, target: target(mailPort) })).lastError ?? '', /no TLS/)
})
