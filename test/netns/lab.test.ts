/** The lab as a person runs it. It takes a minute: most of it is what elections and health checks take by definition. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

function namespacesOf(pid: number | undefined): string[] {
  return readdirSync('/run/netns').filter(name => name.startsWith(`sluice-demo-${pid}-`))
}

test('the demonstration passes all its checks and leaves nothing behind', { skip }, async () => {
  const lab = spawn('bin/sluice', ['lab'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  lab.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  const [status] = await once(lab, 'close')
  assert.match(output, /\n(\d\d) checks passed, 0 failed\n$/, output)
  assert.equal(status, 0)
  assert.deepEqual(namespacesOf(lab.pid), [])
})

/** A demonstration that has built its cluster and goes on. */
async function lab(): Promise<ChildProcess> {
  const lab = spawn('bin/sluice', ['lab'], { stdio: ['ignore', 'pipe', 'inherit'] })
  while (namespacesOf(lab.pid).length < 6) await once(lab.stdout, 'data')
  lab.stdout.resume()
  return lab
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} takes everything away at once`, { skip }, async () => {
    const interrupted = await lab()
    interrupted.kill(signal)
    assert.deepEqual(await once(interrupted, 'exit'), [status, null])
    assert.deepEqual(namespacesOf(interrupted.pid), [])
  })
}

test('a lab that is killed is taken away by the next one', { skip }, async () => {
  const killed = await lab()
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  assert.equal(namespacesOf(killed.pid).length, 6)
  const next = await lab()
  assert.deepEqual(namespacesOf(killed.pid), [])
  next.kill('SIGINT')
  await once(next, 'exit')
})
