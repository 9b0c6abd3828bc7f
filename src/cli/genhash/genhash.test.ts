/** What ours prints beside what Debian's genhash prints, where that is installed; recorded output where it is not. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { genhash } from './genhash.ts'

const REAL = '/usr/bin/genhash'
const skip = !existsSync(REAL) && `${REAL} is not installed`

async function serve(t: TestContext, answer: string, requests: string[] = []): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', bytes => {
      requests.push(String(bytes))
      socket.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return String((server.address() as AddressInfo).port)
}

async function ours(argv: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', '']
  const io = {
    stdout: (text: string) => {
      stdout += text
    },
    stderr: (text: string) => {
      stderr += text
    },
  }
  return { status: await genhash(argv, io), stdout, stderr }
}

/** It calls itself what it is called by. */
async function theirs(argv: readonly string[]): ReturnType<typeof ours> {
  const said = (status: number, stdout: string, stderr: string) => {
    return { status, stdout, stderr: stderr.replace(`Usage: ${REAL}`, 'Usage: genhash') }
  }
  return await promisify(execFile)(REAL, [...argv]).then(
    ({ stdout, stderr }) => said(0, stdout, stderr),
    ({ code, stdout, stderr }) => said(code, stdout, stderr),
  )
}

test('genhash() prints the MD5 of the body', async t => {
  const port = await serve(t, 'HTTP/1.0 404 No\r\nX: y\r\n\r\nabc')
  const { status, stdout } = await ours(['-s', '127.0.0.1', '-p', port, '-u', '/x'])
  assert.deepEqual([status, stdout], [0, '900150983cd24fb0d6963f7d28e17f72\n'])
})

for (const words of [
  '-u /x',
  '-u /x -v',
  '-u /x -V www.example.org -P 1.1 -v',
  '--url /x --protocol 1.0c',
  '-S -u /',
]) {
  test(`genhash() and Debian's say and ask the same with ${words}`, { skip }, async t => {
    const asked: string[] = []
    const port = await serve(t, `HTTP/1.0 200 Fine\r\nServer: x\r\n\r\nh\u00e4llo ${'w'.repeat(40)}\n`, asked)
    const argv = ['-s', '127.0.0.1', '-p', port, ...words.split(' ')]
    const timeless = ({ stdout, ...rest }: Awaited<ReturnType<typeof ours>>) => ({
      ...rest,
      stdout: stdout.replace(/\d+ usecs/, 'N usecs'),
    })
    assert.deepEqual(timeless(await ours(argv)), timeless(await theirs(argv)))
    if (!words.includes('-S') && asked.length > 0) assert.equal(asked[0], asked[1])
  })
}

for (const words of [
  '-h',
  '-s localhost -u /',
  '-s 127.0.0.1 -u / -p 0',
  '-s 127.0.0.1 -u / -P 2',
  '-s 127.0.0.1 -u / x',
  '-q',
  '-s 127.0.0.1 -p 1 -u /',
]) {
  test(`genhash() and Debian's refuse ${words} in the same words`, { skip }, async () => {
    const argv = words.split(' ')
    assert.deepEqual(await ours(argv), await theirs(argv))
  })
}
