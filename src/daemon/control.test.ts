import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Snapshot } from '../observe/snapshot.ts'
import { NoDaemonError, requestStatus } from './control-client.ts'
import { type ControlServer, openControlServer } from './control-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-control-'))
const path = join(folder, 'control.sock')
const snapshot: Snapshot = {
  version: 1,
  pid: 7,
  routerId: 'LVS_DEVEL',
  configurationFile: '/etc/keepalived/keepalived.conf',
  startedAtMs: 0,
  takenAtMs: 0,
  processes: [],
  vrrp: [],
  virtualServers: [],
  bfd: [],
  alarms: [],
  log: [],
}
let server: ControlServer
before(async () => {
  server = await openControlServer(path, async () => snapshot)
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

/** All that comes back until the server hangs up, or until a line has come. */
function say(text: string | Uint8Array): Promise<string> {
  return new Promise(resolve => {
    let heard = ''
    const socket = connect(path, () => socket.write(text))
    socket.on('data', chunk => {
      heard += chunk
      if (heard.endsWith('\n')) socket.end()
    })
    socket.on('error', () => resolve(heard))
    socket.on('close', () => resolve(heard))
  })
}

test('requestStatus() gets the snapshot', async () => {
  assert.deepEqual(await requestStatus(path), snapshot)
})

test('requestStatus() says what to do where no daemon runs', async () => {
  await assert.rejects(requestStatus(join(folder, 'nobody.sock')), (error: Error) => {
    assert.ok(error instanceof NoDaemonError)
    assert.match(error.message, /no sluice daemon runs .*: start one with "sluice run"/)
    return true
  })
})

for (const [name, text, error] of [
  ['no JSON', 'GET / HTTP/1.1\r\n\n', 'the request is not JSON'],
  ['JSON without a command', '[]\n', 'the request has no "command"'],
  ['null', 'null\n', 'the request has no "command"'],
  ['an unknown command', '{"command":"halt"}\n', 'there is no command "halt"'],
  ['a command that is no text', '{"command":{"x":1}}\n', 'there is no command {"x":1}'],
  ['a line without end', 'x'.repeat(100_000), 'a request has at most 4096 bytes'],
] as const) {
  test(`the control server answers ${name} with an error`, async () => {
    const [line = ''] = (await say(text)).split('\n')
    assert.deepEqual(JSON.parse(line), { ok: false, error })
    assert.deepEqual(await requestStatus(path), snapshot)
  })
}

test('the control server outlives bytes that mean nothing', async () => {
  await say(Uint8Array.from({ length: 3000 }, (_, i) => (i * 37) & 0xff).with(2999, 10))
  assert.deepEqual(await requestStatus(path), snapshot)
})
