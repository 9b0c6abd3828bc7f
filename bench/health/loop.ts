/**
 * How many checks a second the checkers' loop makes on one core, and how late they come.
 *
 *     node --import tsx bench/health/loop.ts [tcp|http] [CHECKS] [INTERVAL_MS] [SECONDS]
 *
 * So many checkers, each with its own target address on loopback, are probed every interval. The servers run in a process
 * of their own. Reported are the checks a second, the lateness of wake-ups, the processor time of the checking process
 * alone and its memory, how evenly they are spread, and how long the process had to wait for a processor that others had.
 * The load is bounded by what was asked for: nothing runs as fast as it can.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { ip } from '../../src/bytes/address.ts'
import { CheckBook } from '../../src/daemon/check-book.ts'
import { monotonicNow } from '../../src/daemon/clock.ts'
import { openChannel } from '../../src/daemon/open-channel.ts'
import { wakeTimer } from '../../src/daemon/wake-timer.ts'
import { subjectOf } from '../../src/health/names.ts'
import { httpChecker, realServer, tcpChecker, virtualServer } from '../../src/health/samples.ts'
import { setLink } from '../../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'

const [kind = 'tcp', checks = '10000', intervalMs = '1000', seconds = '10'] = process.argv.slice(2)
const count = Number(checks)
const interval = Number(intervalMs)
const PORT = 8080
const WEB_SERVER = `require('node:http').createServer((_, answer) => answer.end('ok'))
  .listen({ port: ${PORT}, host: '0.0.0.0', backlog: 4096 }, () => console.log('on'))`

if (process.env.SLUICE_BENCH !== 'inside') process.exit(await runInside())

const server = await startServer()
const lateness: number[] = []
/** Probes that began in each hundredth of a second. */
const moments = new Map<number, number>()
let [measuring, probes, failures] = [false, 0, 0]
const book = openBook()
const warmUpMs = interval + 1500
await sleep(warmUpMs)

measuring = true
const before = { cpu: process.cpuUsage(), at: monotonicNow(), waitedMs: waitedMs() }
await sleep(Number(seconds) * 1000)
const elapsedMs = monotonicNow() - before.at
const cpu = process.cpuUsage(before.cpu)
const waited = waitedMs() - before.waitedMs
measuring = false
book.turn()
server.kill()

lateness.sort((a, b) => a - b)
const at = (share: number) =>
  (lateness[Math.min(lateness.length - 1, Math.floor(share * lateness.length))] ?? 0).toFixed(1)
const perSecond = probes / (elapsedMs / 1000)
const busy = (cpu.user + cpu.system) / 1000 / elapsedMs
const memory = process.memoryUsage()
console.log(`${kind}: ${count} checkers every ${interval} ms, ${(elapsedMs / 1000).toFixed(1)} s`)
console.log(
  `  ${perSecond.toFixed(0)} checks a second of ${((count * 1000) / interval).toFixed(0)} wanted, ${failures} failed`,
)
console.log(`  late by ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (worst)`)
const crowded = Math.max(...moments.values()) / (probes / (elapsedMs / 10))
console.log(`  the most in one hundredth of a second: ${crowded.toFixed(1)} times the mean`)
console.log(`  ${((waited / elapsedMs) * 100).toFixed(0)} % of the time it waited for a processor that others had`)
console.log(`  ${(busy * 100).toFixed(0)} % of a core, ${((busy * 1e6) / perSecond).toFixed(0)} us a check`)
console.log(
  `  ${(memory.rss / 2 ** 20).toFixed(0)} MiB in all, ${(memory.heapUsed / count / 1024).toFixed(1)} KiB of heap a checker`,
)
process.exit(0)

/** This program again, in a network namespace of its own: its connections meet nobody else's. */
async function runInside(): Promise<number> {
  const namespace = createNamespace(`sluice-bench-${process.pid}`)
  try {
    using route = new RouteSocket(namespace)
    setLink(route, 'lo', { up: true })
    const words = [...process.execArgv, ...process.argv.slice(1)]
    const options = { stdio: 'inherit', env: { ...process.env, SLUICE_BENCH: 'inside' } } as const
    const child = inNamespace(namespace, () => spawn(process.execPath, words, options))
    const [status] = await once(child, 'exit')
    return status ?? 1
  } finally {
    deleteNamespace(namespace.name)
    namespace.close()
  }
}

async function startServer(): Promise<ChildProcess> {
  const words =
    kind === 'http' ? ['-e', WEB_SERVER] : ['--import', 'tsx', `${import.meta.dirname}/accept.ts`, `${PORT}`]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

/** Every checker has an address of its own, as it would on a network. */
function openBook(): CheckBook {
  const made = new CheckBook({
    now: monotonicNow,
    random: Math.random,
    log: () => {},
    wake: (at, callback) =>
      wakeTimer(at, () => {
        if (measuring) lateness.push(monotonicNow() - at)
        callback()
      }),
    open: (channel, report) => {
      if (measuring) {
        probes++
        const moment = Math.floor(monotonicNow() / 10)
        moments.set(moment, (moments.get(moment) ?? 0) + 1)
      }
      return openChannel(
        channel,
        { ssl: undefined, scripts: { scriptUser: undefined, scriptSecurity: false } },
        event => {
          if (event.type === 'refused') failures++
          report(event)
        },
      )
    },
  })
  const virtual = virtualServer()
  for (let i = 0; i < count; i++) {
    const address = ip(`127.${1 + (i >> 16)}.${(i >> 8) & 0xff}.${i & 0xff}`)
    const { schedule, target } = tcpChecker()
    const own = {
      schedule: { ...schedule, intervalMs: interval, warmupMs: interval },
      target: { ...target, address, port: PORT },
    }
    const checker = kind === 'http' ? httpChecker(own) : tcpChecker(own)
    const check = made.open(subjectOf(virtual, realServer({ address }), checker), undefined)
    check.watchers.push({ verdict: () => {}, awake: () => true })
  }
  made.arrange()
  return made
}

/** On a run queue (Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat). */
function waitedMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
