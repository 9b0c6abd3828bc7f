/** What this machine lacks, in earnest: no server is blamed for it, and none is forgotten. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { startChecker } from '../health/checker.ts'
import { subjectOf } from '../health/names.ts'
import { httpChecker, realServer, tcpChecker, virtualServer } from '../health/samples.ts'
import { call, setrlimit } from '../kernel/libc.ts'
import type { Checker } from '../model/virtual-server.ts'
import { Check } from './check-book.ts'
import { monotonicNow } from './clock.ts'
import { openChannel } from './open-channel.ts'
import { listen, probe, target, until, verdict } from './probe-fixture.ts'
import { wakeTimer } from './wake-timer.ts'

const RULES = { ssl: undefined, scripts: { scriptUser: undefined, scriptSecurity: false } }
const RLIMIT_NOFILE = 7

/** A check that has not begun. */
function checkOf(checker: Checker, log: (text: string) => void): Check {
  const now = monotonicNow()
  const state = { ...startChecker(checker, now, 0), phase: { name: 'waiting', probeAt: now } } as const
  const open = (...[channel, report]: Parameters<ConstructorParameters<typeof Check>[2]['open']>) =>
    openChannel(channel, RULES, report)
  const world = { now: monotonicNow, random: Math.random, wake: wakeTimer, open, log }
  const check = new Check(subjectOf(virtualServer(), realServer(), checker), state, world)
  check.watchers.push({ verdict: () => {}, awake: () => true })
  return check
}

/** One that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

for (const [type, checker] of [
  ['TCP_CHECK', tcpChecker()],
  ['HTTP_GET', httpChecker()],
] as const) {
  test(`${type} without a descriptor to be had is postponed, and made when there is one`, async t => {
    const port = await listen(t, socket => void socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n')))
    await probe({ ...checker, target: target(port) })
    const said: string[] = []
    const schedule = { ...checker.schedule, retryDelayMs: 1 }
    const check = checkOf({ ...checker, schedule, target: target(port) }, text => said.push(text))
    const limits = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!
    const [soft, hard] = [BigInt(limits[1]!), BigInt(limits[2]!)]
    // Descriptors above the limit stay open; no more can be had.
    call('lower the limit', setrlimit(RLIMIT_NOFILE, BigUint64Array.of(1n, hard)))
    try {
      check.arrange()
      await until(() => said.length > 0)
    } finally {
      call('raise the limit', setrlimit(RLIMIT_NOFILE, BigUint64Array.of(soft, hard)))
    }
    assert.match(said[0] ?? '', /cannot be made: this process has no more descriptors \(raise LimitNOFILE\)/)
    assert.deepEqual([check.state.up, check.state.proved], [true, false])
    await until(() => check.state.proved)
    assert.deepEqual([check.state.up, check.state.lastError], [true, undefined])
    check.retire()
  })

  test(`${type} from a certain port can be made again and again`, async t => {
    const ports: (number | undefined)[] = []
    const port = await listen(t, socket => {
      ports.push(socket.remotePort)
      socket.once('data', () => socket.write('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'))
    })
    const bindPort = await freePort()
    for (let i = 0; i < 3; i++)
      assert.equal((await verdict({ ...checker, target: target(port, { bindPort }) })).lastError, undefined)
    assert.deepEqual(ports, [bindPort, bindPort, bindPort])
  })

  test(`${type} from a port that somebody else has is postponed`, async t => {
    const port = await listen(t, () => {})
    const taken = await listen(t, () => {})
    const said: string[] = []
    const check = checkOf({ ...checker, target: target(port, { bindPort: taken }) }, text => said.push(text))
    check.arrange()
    await until(() => said.length > 0)
    check.retire()
    assert.match(said[0] ?? '', /cannot be made: this machine has no more ports to connect from/)
    assert.equal(check.state.up, true)
  })
}
