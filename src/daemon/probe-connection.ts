/** A checker's connection on real sockets: what `connect` of the checkers' surroundings is in the daemon. */
import { connect as connectTcp } from 'node:net'
import type { ProbeEvent } from '../health/probe.ts'
import type { CheckTarget } from '../model/virtual-server.ts'

/** Reports `connected`, or once `refused`; nothing more after the function it returns was called. */
export function probeConnection(target: CheckTarget, report: (event: ProbeEvent) => void): () => void {
  const socket = connectTcp({
    host: target.address,
    port: target.port,
    ...(target.bindAddress === undefined ? {} : { localAddress: target.bindAddress }),
    ...(target.bindPort === 0 ? {} : { localPort: target.bindPort }),
  })
  socket.on('connect', () => report({ type: 'connected' }))
  socket.on('data', bytes => report({ type: 'data', bytes }))
  socket.on('error', (error: NodeJS.ErrnoException) => report({ type: 'refused', cause: cause(error) }))
  return () => {
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.destroy()
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'the address to connect from is not on this machine',
}

function cause({ code, message }: NodeJS.ErrnoException): string {
  return (code === undefined ? undefined : CAUSES[code]) ?? message
}
