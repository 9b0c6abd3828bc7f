/**
 * The web server of a lab's real server, a process of its own: it answers every request with its name, and
 * `/slow?seconds=8` with a download that takes that long.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { PORT } from './topology.ts'

const CHUNK = Buffer.alloc(64 * 1024, 'sluice')
const CHUNKS_PER_S = 25

/** Serves until it is told to stop. Resolves to the exit status. */
export function serveWeb(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => void answer(name, request, response))
    server.on('error', reject)
    // Connections are cut, as they are when a web server dies.
    process.on('SIGTERM', () => {
      server.closeAllConnections()
      server.close(() => resolve(0))
    })
    server.listen(PORT, '0.0.0.0')
  })
}

async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${name}`)
  response.setHeader('server', name)
  response.setHeader('connection', 'close')
  if (url.pathname !== '/slow') {
    response.end(`${name}\n`)
    return
  }
  const chunks = Math.round(Number(url.searchParams.get('seconds')) * CHUNKS_PER_S)
  response.setHeader('content-length', chunks * CHUNK.length)
  for (let sent = 0; sent < chunks && !response.destroyed; sent++) {
    response.write(CHUNK)
    await sleep(1000 / CHUNKS_PER_S)
  }
  response.end()
}
