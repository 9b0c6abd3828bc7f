/** The loop of `sluice top`: look at table and daemon, draw, wait for time, a key or another size of the terminal. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { NoDaemonError, requestStatus } from '../daemon/control-client.ts'
import { serviceTable } from '../kernel/service-table.ts'
import type { ListedService } from '../model/virtual-service.ts'
import { renderTop, type Terminal, type TopView } from '../observe/render-top.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import { type Earlier, trafficOf } from '../observe/traffic.ts'

/** The other screen, and back; the cursor away, and back; from the upper left corner; the rest of line and screen. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_REST = '\x1b[J'

const CONTROL_C = '\x03'

/** One picture without an interval; else until somebody ends it. */
export async function showTop(intervalS: number | undefined): Promise<void> {
  const look = looker()
  const { stdout, stdin } = process
  if (intervalS === undefined) {
    stdout.write(`${renderTop(await look()).join('\n')}\n`)
    return
  }
  if (!stdout.isTTY) {
    for (;;) {
      stdout.write(`${renderTop(await look()).join('\n')}\n\n`)
      await sleep(intervalS * 1000)
    }
  }
  const end = new AbortController()
  const quit = () => end.abort()
  let view = await look()
  const draw = () => {
    const lines = renderTop(view, terminalSize())
    stdout.write(`${HOME}${lines.map(line => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`)
  }
  stdout.write(ENTER)
  try {
    stdin.setRawMode?.(true)
    stdin.on('data', key => ['q', 'Q', CONTROL_C].includes(String(key)) && quit())
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, quit)
    stdout.on('resize', draw)
    while (!end.signal.aborted) {
      draw()
      await sleep(intervalS * 1000, undefined, { signal: end.signal }).catch(() => {})
      if (!end.signal.aborted) view = await look()
    }
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stdout.write(LEAVE)
    if (stdout.writableNeedDrain) await once(stdout, 'drain')
  }
}

/** A terminal that does not say how large it is has the size of the oldest. */
function terminalSize(): Terminal {
  return { rows: process.stdout.rows || 24, columns: process.stdout.columns || 80 }
}

/** Looks at the table again and again: rates are those since the look before. Throws Failure without privilege. */
function looker(): () => Promise<TopView> {
  const table = serviceTable()
  let before: { readonly services: readonly ListedService[]; readonly at: number } | undefined
  return async () => {
    const snapshot = await daemonSnapshot()
    const services = table.services()
    const at = performance.now()
    const earlier: Earlier | undefined = before && { services: before.services, seconds: (at - before.at) / 1000 }
    before = { services, at }
    const traffic = trafficOf(services, snapshot?.virtualServers ?? [], earlier)
    const connections = traffic.reduce((sum, { active, inactive }) => sum + active + inactive, 0)
    return { snapshot, traffic, connections, time: new Date().toTimeString().slice(0, 8) }
  }
}

/** Undefined where no daemon answers. */
async function daemonSnapshot(): Promise<Snapshot | undefined> {
  try {
    return await requestStatus()
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined
    throw error
  }
}
