/** For tests: one probe against a real server, and whether it left anything behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { ip } from '../bytes/address.ts'
import { type CheckerState, startChecker } from '../health/checker.ts'
import { subjectOf } from '../health/names.ts'
import { realServer, tcpChecker, virtualServer } from '../health/samples.ts'
import type { Checker, CheckTarget } from '../model/virtual-server.ts'
import { Check } from './check-book.ts'
import { monotonicNow } from './clock.ts'
import { openChannel } from './open-channel.ts'
import { wakeTimer } from './wake-timer.ts'

const RULES = { ssl: undefined, scripts: { scriptUser: { user: '0', group: undefined }, scriptSecurity: false } }

/** What a probe of a port on this machine talks to, with little patience. */
export function target(port: number, given: Partial<CheckTarget> = {}): CheckTarget {
  return { ...tcpChecker().target, address: ip('127.0.0.1'), port, connectTimeoutMs: 400, ...given }
}

/** What the first probe comes to. Its sockets and processes must be gone then. */
export async function verdict<C extends Checker>(checker: C, ssl?: { readonly ca: string }): Promise<CheckerState> {
  await probe({ ...checker, type: 'TCP_CHECK', target: target(1) } as Checker)
  const [descriptors, programs] = [openDescriptors(), children()]
  const state = await probe(checker, ssl)
  for (const socket of accepted) socket.destroy()
  const left = () => [...without(openDescriptors(), descriptors), ...without(children(), programs)]
  await until(() => left().length === 0)
  assert.deepEqual(left(), [])
  return state
}

/** The same, but what it keeps open on purpose may stay. */
export async function probe(checker: Checker, ssl?: { readonly ca: string }): Promise<CheckerState> {
  const quick = { ...checker, schedule: { ...checker.schedule, intervalMs: 1500 } }
  const now = monotonicNow()
  const state = { ...startChecker(quick, now, 0.37), phase: { name: 'waiting', probeAt: now } } as const
  const rules =
    ssl === undefined
      ? RULES
      : { ...RULES, ssl: { ...ssl, password: undefined, certificate: undefined, key: undefined } }
  const check = new Check(subjectOf(virtualServer(), realServer(), quick), state, {
    now: monotonicNow,
    random: Math.random,
    wake: wakeTimer,
    open: (channel, report) => openChannel(channel, rules, report),
    log: () => {},
  })
  await new Promise<void>(resolve => {
    check.watchers.push({ verdict: () => resolve(), awake: () => true })
    check.arrange()
  })
  check.retire()
  return check.state
}

/** What comes within seconds, or never. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition() && i < 600; i++) await new Promise(resolve => setTimeout(resolve, 10))
}

/** The servers' ends of connections. */
export const accepted: Set<Socket> = new Set()

/** A server on a port of its own, until the test ends. */
export async function listen(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer(socket => {
    accepted.add(socket)
    socket.on('close', () => accepted.delete(socket))
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Sockets, pipes and files of this process, as the kernel has them. */
function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`]
    } catch {
      // That of the folder itself.
      return []
    }
  })
}

/** Processes that this one started, zombies too. */
function children(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap(thread =>
    readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  )
}

function without(some: readonly string[], others: readonly string[]): readonly string[] {
  return some.filter(one => !others.includes(one))
}
