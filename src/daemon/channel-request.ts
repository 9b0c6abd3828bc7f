/** A request in HTTP/2 (RFC 9113), by node's own client; with an idle time its connection serves the next one too. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Channel } from '../health/channel.ts'
import type { SslSettings } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import { connectOverTls, connectTcp } from './channel-stream.ts'
import { IdleConnections } from './idle-connections.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

type RequestChannel = Channel & { readonly kind: 'request' }

const idle = new IdleConnections<Session>()

export function openRequest(channel: RequestChannel, ssl: SslSettings | undefined, report: Report): OpenChannel {
  const { target, tls, idleMs, authority, path } = channel
  const key = JSON.stringify([target, tls, ssl])
  let session: Session | undefined
  let stream: ClientHttp2Stream | undefined
  let closed = false
  const say: Report = event => {
    if (!closed) report(event)
  }
  const begin = (one: Session, waited: boolean) => {
    session = one
    let answered = false
    one.hear = error => {
      // It was given up just when we took it up again (section 6.8): that is no answer.
      if (waited && !answered) {
        one.close()
        begin(new Session(channel, ssl), false)
      } else if (error !== undefined) say(refusedBy(error))
      else say(answered ? { type: 'refused', cause: 'closed the connection within the page' } : { type: 'ended' })
    }
    one.onceReady(() => {
      if (closed || session !== one) return
      if (one.over) return one.hear(undefined)
      say({ type: 'connected' })
      const opened = one.request(authority, path)
      stream = opened
      opened.on('response', headers => {
        answered = true
        say({ type: 'head', status: Number(headers[constants.HTTP2_HEADER_STATUS]) })
      })
      opened.on('data', bytes => say({ type: 'data', bytes }))
      opened.on('error', error => session === one && one.hear(error))
      // A page ends properly or with a code (section 7); node lets it end in both cases.
      opened.on('close', () => {
        if (session !== one) return
        if (opened.rstCode === constants.NGHTTP2_NO_ERROR) say({ type: 'ended' })
        else one.hear(undefined)
      })
    })
  }
  setImmediate(() => {
    if (closed) return
    const waiting = idle.take(key)
    try {
      begin(waiting ?? new Session(channel, ssl), waiting !== undefined)
    } catch (error) {
      say(refusedBy(error))
    }
  })
  return {
    write: () => {},
    close: (reusable = false) => {
      closed = true
      stream?.removeAllListeners()
      stream?.on('error', () => {})
      if (session === undefined) return
      const done = session
      if (!reusable || idleMs === 0 || done.over) return done.close()
      done.hear = () => {
        idle.forget(key, done)
        done.close()
      }
      idle.put(key, done, idleMs)
    },
  }
}

/** A connection, and HTTP/2 over it. */
class Session {
  /** The connection ended, or broke. */
  hear: (error: Error | undefined) => void = () => {}
  readonly #http: ClientHttp2Session
  readonly #tcp: Socket
  #ready = false

  constructor({ target, tls }: RequestChannel, ssl: SslSettings | undefined) {
    const tcp = connectTcp(target)
    this.#tcp = tcp
    const socket = tls === undefined ? tcp : connectOverTls(tcp, tls, ssl, ['h2'])
    const fail = (error: Error) => this.hear(error)
    // Before node's client hears of it, and in words that say more.
    if (tls !== undefined)
      socket.once('secureConnect', () => {
        if ((socket as TLSSocket).alpnProtocol !== 'h2') fail(new Error('the server does not agree to speak HTTP/2'))
      })
    tcp.on('error', fail)
    const scheme = tls === undefined ? 'http' : 'https'
    this.#http = connect(`${scheme}://localhost`, { createConnection: () => socket })
    this.#http.on('error', fail)
    this.#http.on('close', () => this.hear(undefined))
  }

  get over(): boolean {
    return this.#http.closed || this.#http.destroyed
  }

  /** Calls back when requests can be made: when the server has said what it allows, which no other protocol does. */
  onceReady(callback: () => void): void {
    if (this.#ready) setImmediate(callback)
    else
      this.#http.once('remoteSettings', () => {
        this.#ready = true
        callback()
      })
  }

  request(authority: string, path: string): ClientHttp2Stream {
    const { HTTP2_HEADER_PATH, HTTP2_HEADER_AUTHORITY, HTTP2_HEADER_USER_AGENT } = constants
    return this.#http.request({
      [HTTP2_HEADER_PATH]: path,
      [HTTP2_HEADER_AUTHORITY]: authority,
      [HTTP2_HEADER_USER_AGENT]: 'KeepAliveClient',
    })
  }

  close(): void {
    this.hear = () => {}
    this.#http.on('error', () => {})
    this.#http.destroy()
    this.#tcp.on('error', () => {}).destroy()
  }
}
