/** A TCP connection, with TLS over it if that is wished. */
import { readFileSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls'
import { ipFamily } from '../bytes/address.ts'
import type { TlsWish } from '../health/channel.ts'
import { openStreamSocket } from '../kernel/probe-socket.ts'
import type { CheckTarget, SslSettings } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

export function openStream(
  target: CheckTarget,
  tls: TlsWish | undefined,
  ssl: SslSettings | undefined,
  report: Report,
): OpenChannel {
  let socket: Socket | undefined
  let over: Socket | undefined
  const fail = (error: unknown) => report(refusedBy(error))
  try {
    socket = connectTcp(target)
    over = tls === undefined ? socket : connectOverTls(socket, tls, ssl)
  } catch (error) {
    setImmediate(() => {
      if (over === undefined) fail(error)
    })
  }
  over?.on(tls === undefined ? 'connect' : 'secureConnect', () => report({ type: 'connected' }))
  over?.on('data', bytes => report({ type: 'data', bytes }))
  over?.on('end', () => report({ type: 'ended' }))
  over?.on('error', fail)
  // A TLS socket whose connection is closed in the handshake says nothing else.
  if (tls !== undefined) over?.on('close', () => report({ type: 'ended' }))
  return {
    write: bytes => void over?.write(bytes),
    close: () => {
      over ??= socket
      for (const one of [over, socket]) {
        one?.removeAllListeners()
        one?.on('error', () => {})
        one?.destroy()
      }
    },
  }
}

export function connectTcp({ address, port, bindAddress, bindPort, bindInterface, mark }: CheckTarget): Socket {
  const where = { host: address, port }
  if (bindInterface === undefined && mark === 0 && bindAddress === undefined && bindPort === 0) return connect(where)
  const wishes = { interface: bindInterface, mark }
  const fd = openStreamSocket(ipFamily(address), wishes, { address: bindAddress, port: bindPort })
  // Node would read at once, from a socket that is connected to nobody yet.
  const socket = new Socket({ fd, pauseOnCreate: true } as ConstructorParameters<typeof Socket>[0])
  socket.once('connect', () => socket.resume())
  return socket.connect(where)
}

/** `protocols`: which of them the handshake is to agree on, if any (ALPN). */
export function connectOverTls(
  socket: Socket,
  tls: TlsWish,
  ssl: SslSettings | undefined,
  protocols: readonly string[] = [],
): TLSSocket {
  return connectTls({
    ...tlsOptions(socket, tls, ssl),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  })
}

/** Old servers are spoken to as OpenSSL's defaults would not: what is asked is whether they work. */
function tlsOptions(
  socket: Socket,
  { serverName, verifiedName }: TlsWish,
  ssl: SslSettings | undefined,
): ConnectionOptions {
  return {
    socket,
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: verifiedName !== undefined,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verifiedName === undefined
      ? {}
      : { checkServerIdentity: (_: string, certificate) => checkServerIdentity(verifiedName, certificate) }),
    ...(ssl?.ca === undefined ? {} : { ca: readFileSync(ssl.ca) }),
    ...(ssl?.certificate === undefined ? {} : { cert: readFileSync(ssl.certificate) }),
    ...(ssl?.key === undefined ? {} : { key: readFileSync(ssl.key) }),
    ...(ssl?.password === undefined ? {} : { passphrase: ssl.password }),
  }
}
