/**
 * The lab's many clients: one process in the client's namespace that asks in the name of any of its addresses. Orders
 * come and answers go over node's channel between parent and child.
 */
import { get } from 'node:http'
import type { Ip } from '../bytes/address.ts'

export interface Request {
  readonly id: number
  readonly from: Ip
  readonly to: Ip
  readonly port: number
  readonly path: string
  /** Of silence: until the connection stands, and between any two pieces of the answer. */
  readonly timeoutMs: number
}

export interface Response {
  /** The server's name, as it says it. */
  readonly server: string
  readonly bytes: number
  readonly ms: number
  /** The longest time in which nothing came. */
  readonly longestPauseMs: number
}

export type Report =
  | { readonly id: number; readonly kind: 'progress'; readonly bytes: number }
  | { readonly id: number; readonly kind: 'response'; readonly response: Response }
  | { readonly id: number; readonly kind: 'failure'; readonly error: string }

/** Answers until the channel closes. Resolves to the exit status. */
export function serveRequests(): Promise<number> {
  process.on('message', request => perform(request as Request, report => process.send?.(report)))
  return new Promise(resolve => process.on('disconnect', () => resolve(0)))
}

/**
 * A client's kernel takes its ports in turn and is long in coming back to one. Ours would throw dice, as it is told the
 * source address but not the port; and a director takes a port that returns within two minutes for the old connection.
 */
const portsTaken = new Map<Ip, number>()
const PORT_MIN = 20_000

function nextPort(from: Ip): number {
  const taken = portsTaken.get(from) ?? 0
  portsTaken.set(from, taken + 1)
  return PORT_MIN + (taken % 40_000)
}

function perform({ id, from, to, port, path, timeoutMs }: Request, send: (report: Report) => void): void {
  const startedAt = performance.now()
  const source = { localAddress: from, localPort: nextPort(from) }
  const options = { ...source, host: to, port, path, agent: false, timeout: timeoutMs }
  const request = get(options, response => {
    let bytes = 0
    let lastAt = performance.now()
    let longestPauseMs = 0
    response.on('data', (chunk: Buffer) => {
      const now = performance.now()
      longestPauseMs = Math.max(longestPauseMs, now - lastAt)
      lastAt = now
      bytes += chunk.length
      send({ id, kind: 'progress', bytes })
    })
    response.on('error', fail)
    response.on('end', () => {
      const server = String(response.headers.server)
      const ms = performance.now() - startedAt
      send({ id, kind: 'response', response: { server, bytes, ms, longestPauseMs } })
    })
  })
  request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
  request.on('error', fail)

  function fail(error: Error): void {
    const ms = Math.round(performance.now() - startedAt)
    send({ id, kind: 'failure', error: `${error.message} after ${ms} ms` })
  }
}
