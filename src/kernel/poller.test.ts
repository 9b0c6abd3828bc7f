import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, readSync, writeSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { call, socketpair } from './libc.ts'
import { Poller } from './poller.ts'
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from './socket.ts'

function pair(t: TestContext): readonly [near: number, far: number] {
  const fds = new Int32Array(2)
  call('make a pair', socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
  t.after(() => fds.forEach(fd => void closeSync(fd)))
  return [fds[0]!, fds[1]!]
}

function pollerOf(t: TestContext): Poller {
  const poller = new Poller()
  // Before the descriptors are closed: `after` runs in the order of the calls.
  t.after(() => poller.close())
  return poller
}

const byte = Uint8Array.of(1)

test('watch() calls back for what is there already and for what comes', async t => {
  const poller = pollerOf(t)
  const [near, far] = pair(t)
  writeSync(near, byte)
  const read = () =>
    new Promise<number>(resolve => {
      poller.watch(far, () => {
        poller.unwatch(far)
        resolve(readSync(far, new Uint8Array(8)))
      })
    })
  assert.equal(await read(), 1)
  setImmediate(() => writeSync(near, Uint8Array.of(1, 2)))
  assert.equal(await read(), 2)
})

test('watch() calls again as long as something is left', async t => {
  const poller = pollerOf(t)
  const [near, far] = pair(t)
  for (let i = 0; i < 3; i++) writeSync(near, byte)
  let calls = 0
  await new Promise<void>(resolve => {
    poller.watch(far, () => {
      readSync(far, new Uint8Array(8))
      if (++calls === 3) resolve()
    })
  })
})

test('promises made in a callback run', async t => {
  const poller = pollerOf(t)
  const [near, far] = pair(t)
  const order: string[] = []
  await new Promise<void>(resolve => {
    poller.watch(far, () => {
      readSync(far, new Uint8Array(8))
      process.nextTick(() => order.push('tick'))
      void Promise.resolve().then(() => order.push('promise'))
      setImmediate(resolve)
    })
    writeSync(near, byte)
  })
  assert.deepEqual(order, ['tick', 'promise'])
})

test('unwatch() takes back a call that is due already', async t => {
  const poller = pollerOf(t)
  const [nearA, farA] = pair(t)
  const [nearB, farB] = pair(t)
  const called: number[] = []
  // Both become readable in one turn: whichever is first unwatches the other.
  poller.watch(farA, () => {
    called.push(farA)
    poller.unwatch(farA)
    poller.unwatch(farB)
  })
  poller.watch(farB, () => {
    called.push(farB)
    poller.unwatch(farA)
    poller.unwatch(farB)
  })
  writeSync(nearA, byte)
  writeSync(nearB, byte)
  while (called.length === 0) await turn()
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(called.length, 1)
})

test('a descriptor is watched once, and again after unwatch()', t => {
  const poller = pollerOf(t)
  const [, far] = pair(t)
  poller.watch(far, () => {})
  assert.throws(() => poller.watch(far, () => {}), /watched already/)
  poller.unwatch(far)
  poller.unwatch(far)
  poller.watch(far, () => {})
})

/** Runs a script that has `poller` and a pair of sockets, `near` and `far`. */
function run(script: string): { status: number | null; stdout: string; stderr: string } {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const prelude = `
    import { readSync, writeSync } from 'node:fs'
    import { socketpair } from '${here}libc.ts'
    import { Poller } from '${here}poller.ts'
    const [near, far] = (fds => (socketpair(1, 2, 0, fds), fds))(new Int32Array(2))
    const poller = new Poller()
`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', prelude + script]
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
}

test('a process ends when nothing is watched any more, and when it calls exit while something is', () => {
  assert.equal(run('poller.watch(far, () => {}); setTimeout(() => poller.close(), 10)').status, 0)
  assert.equal(run('poller.watch(far, () => {}); setTimeout(() => process.exit(3), 10)').status, 3)
})

test('an error thrown in a callback is an uncaught one like any other', () => {
  const { status, stderr } = run(`
    poller.watch(far, () => { throw new Error('thrown by the callback') })
    writeSync(near, 'x')`)
  assert.equal(status, 1)
  assert.match(stderr, /thrown by the callback/)
})
