/** The daemon's ear for `sluice status`: a Unix socket for root, a few conversations at a time, each short. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { type ControlAnswer, type ControlRequest, parseRequest, REQUEST_BYTES_MAX } from './control-protocol.ts'
import { LineReader } from './line-reader.ts'

export interface ControlServer {
  close(): void
}

/** Answers a request, or throws the sentence to refuse it with. */
export type Serve = (request: ControlRequest) => Promise<unknown>

const CONVERSATIONS_MAX = 32
const SILENCE_MAX_MS = 10_000

/** Listens at `path`; what is left there of a daemon before is replaced. */
export async function openControlServer(path: string, serve: Serve): Promise<ControlServer> {
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    converse(socket, serve)
  })
  server.maxConnections = CONVERSATIONS_MAX
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  server.removeAllListeners('error').on('error', () => {})
  chmodSync(path, 0o600)
  return {
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
      rmSync(path, { force: true })
    },
  }
}

function converse(socket: Socket, serve: Serve): void {
  const reader = new LineReader(REQUEST_BYTES_MAX)
  // One request after another: a peer that asks without reading the answers is not read either.
  let turn = Promise.resolve()
  socket.setTimeout(SILENCE_MAX_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    const lines = reader.push(chunk)
    if (lines === undefined) {
      socket.end(answerLine({ ok: false, error: `a request has at most ${REQUEST_BYTES_MAX} bytes` }))
      socket.pause()
      return
    }
    if (lines.length === 0) return
    socket.pause()
    turn = turn.then(async () => {
      for (const line of lines) await send(socket, answerLine(await answer(line, serve)))
      socket.resume()
    })
  })
}

async function answer(line: string, serve: Serve): Promise<ControlAnswer<unknown>> {
  const request = parseRequest(line)
  if ('error' in request) return { ok: false, error: request.error }
  try {
    return { ok: true, answer: await serve(request) }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}

function answerLine(value: ControlAnswer<unknown>): string {
  return `${JSON.stringify(value)}\n`
}

function send(socket: Socket, text: string): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed || socket.write(text)) resolve()
    else socket.once('drain', resolve).once('close', () => resolve())
  })
}
