/**
 * The web server of a lab's real server, a process of its own: it answers every request with its name, and has two
 * downloads, `/slow?seconds=8` that takes that long, and `/bulk?bytes=1000000` that goes as fast as it can.
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
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${name}`)
  response.setHeader('server', name)
  response.setHeader('connection', 'close')
  if (pathname === '/slow') await trickle(response, Number(searchParams.get('seconds')))
  else if (pathname === '/bulk') response.end(Buffer.alloc(Number(searchParams.get('bytes')), 'sluice'))
  else response.end(`${name}\n`)
}

async function trickle(response: ServerResponse, seconds: number): Promise<void> {
  const chunks = Math.round(seconds * CHUNKS_PER_S)
  response.setHeader('content-length', chunks * CHUNK.length)
  for (let sent = 0; sent < chunks && !response.destroyed; sent++) {
    response.write(CHUNK)
    await sleep(1000 / CHUNKS_PER_S)
  }
  response.end()
}
