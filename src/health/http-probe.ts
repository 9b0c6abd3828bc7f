/**
 * HTTP_GET and SSL_GET: one page is asked for and read to its end, then judged: status, digest, text, pattern.
 *
 * The request is keepalived's, so that servers and their logs see no difference: a bare GET, the port in the Host header
 * unless a virtual host is configured. No redirect is followed, and digest and pattern see the bytes as they came, chunks
 * and all: `genhash` computes the digest over the same.
 *
 * With `keep_alive`, which keepalived does not have, the end of the page is where HTTP/1.1 says (RFC 9112, section 6.3),
 * the chunks are decoded, and the connection serves the next check. HTTP/2 is spoken by the channel (RFC 9113).
 */
import { createHash } from 'node:crypto'
import { concat } from '../bytes/concat.ts'
import { compileRegex } from '../model/page-regex.ts'
import { endpointText } from '../model/service.ts'
import type { HttpChecker, HttpPage } from '../model/virtual-server.ts'
import type { Channel } from './channel.ts'
import { type ChunkPosition, decodeChunks, FIRST_CHUNK } from './chunks.ts'
import { type Conversation, failed, type Heard, type Outcome, type Turn } from './conversation.ts'
import { jsonProblem } from './json-member.ts'

export type HttpTalk =
  | { readonly name: 'connecting'; readonly page: HttpPage }
  | { readonly name: 'head'; readonly page: HttpPage; readonly bytes: Uint8Array }
  | {
      readonly name: 'body'
      readonly page: HttpPage
      readonly head: ResponseHead
      readonly body: Body
      /** Where we are between the chunks, if they are decoded. */
      readonly chunks: ChunkPosition | undefined
    }

export interface ResponseHead {
  readonly status: number
  /** As the server announced it; undefined: the body ends with the connection. */
  readonly length: number | undefined
  /** The body comes in chunks, the last of which ends it. */
  readonly chunked: boolean
  /** The server will hear another request on this connection. */
  readonly persistent: boolean
}

/** What has come, the latest piece first; pieces are kept only for a page whose body is judged. */
interface Body {
  readonly length: number
  readonly pieces: Piece | undefined
}
interface Piece {
  readonly bytes: Uint8Array
  readonly before: Piece | undefined
}

const HEAD_BYTES_MAX = 64 * 1024
const BODY_BYTES_MAX = 8 * 1024 * 1024

export const httpConversation: Conversation<HttpChecker, HttpTalk> = {
  renews: true,
  open(checker, index) {
    const page = checker.pages[index % checker.pages.length]!
    const { target, schedule, keepAlive } = checker
    const tls = tlsWish(checker, page)
    // So long that the next check finds it, and not much longer than somebody wants it.
    const idleMs = keepAlive ? 2 * Math.max(schedule.intervalMs, schedule.retryDelayMs) + 1000 : 0
    const channel: Channel = checker.http2
      ? { kind: 'request', target, tls, idleMs, authority: hostOf(checker, page), path: page.path }
      : { kind: 'stream', target, tls, idleMs }
    return { channel, talk: { name: 'connecting', page } }
  },
  hear,
  broken: (_, cause) =>
    cause.startsWith('no TLS') ? 'SSL handshake/communication error connecting to' : 'Connection failed',
  silence(_, talk) {
    if (talk.name === 'connecting') return failed('connection timed out', 'Timeout connecting')
    return failed(talk.name === 'head' ? 'no answer in time' : 'the answer did not end in time', 'Timeout WEB read')
  },
}

/** The request for a page, as bytes. */
export function requestFor(
  { protocol, target, keepAlive }: Pick<HttpChecker, 'protocol' | 'target' | 'keepAlive'>,
  page: Pick<HttpPage, 'path' | 'virtualHost'>,
): Uint8Array {
  const version = protocol === '1.1' || keepAlive ? '1.1' : '1.0'
  const close = protocol === '1.0' || keepAlive ? '' : 'Connection: close\r\n'
  const host = hostOf({ target }, page)
  return new TextEncoder().encode(
    `GET ${page.path} HTTP/${version}\r\nUser-Agent: KeepAliveClient\r\n${close}Host: ${host}\r\n\r\n`,
  )
}

function hostOf({ target }: Pick<HttpChecker, 'target'>, { virtualHost }: Pick<HttpPage, 'virtualHost'>): string {
  return virtualHost ?? endpointText(target.address, target.port)
}

/** MD5 of a page's body in lower-case hex, which `digest` is compared with. */
export function bodyDigest(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex')
}

function tlsWish({ type, sendServerName, serverName, verifyCertificate, target }: HttpChecker, page: HttpPage) {
  if (type === 'HTTP_GET') return undefined
  const name = serverName ?? page.virtualHost?.replace(/:\d+$/, '')
  return {
    serverName: sendServerName ? name : undefined,
    verifiedName: verifyCertificate ? (name ?? target.address) : undefined,
  }
}

function hear(checker: HttpChecker, talk: HttpTalk, event: Heard): Turn<HttpTalk> {
  switch (event.type) {
    case 'connected': {
      const { page } = talk
      const waiting: HttpTalk = { name: 'head', page, bytes: new Uint8Array() }
      return checker.http2 ? { talk: waiting } : { talk: waiting, writes: [requestFor(checker, page)] }
    }
    case 'head': {
      const head = { status: event.status, length: undefined, chunked: false, persistent: true }
      return { talk: { name: 'body', page: talk.page, head, body: EMPTY, chunks: undefined } }
    }
    case 'data':
      if (talk.name === 'connecting') return { talk }
      return talk.name === 'head' ? hearHead(checker, talk, event.bytes) : hearBody(talk, event.bytes)
    default:
      return hearEnd(checker, talk)
  }
}

function hearEnd(checker: HttpChecker, talk: HttpTalk): Turn<HttpTalk> {
  if (talk.name !== 'body') {
    const silent = talk.name === 'connecting' || talk.bytes.length === 0
    const cause = silent ? 'closed the connection without an answer' : 'closed the connection within the headers'
    return { talk, outcome: failed(cause, 'Read, no data received from ') }
  }
  if (talk.chunks !== undefined)
    return { talk, outcome: failed('closed the connection within the page', 'Read, no data received from ') }
  return { talk, outcome: judge(talk.page, talk.head, talk.body), reusable: checker.http2 }
}

function hearHead(checker: HttpChecker, talk: HttpTalk & { name: 'head' }, bytes: Uint8Array): Turn<HttpTalk> {
  const all = concat(talk.bytes, bytes)
  const end = endOfHead(all)
  if (end === undefined && all.length > HEAD_BYTES_MAX)
    return { talk, outcome: failed(`more than ${HEAD_BYTES_MAX / 1024} KiB of headers`, 'HTTP status code error to') }
  if (end === undefined && all.length >= 5 && latin(all.subarray(0, 5)) !== 'HTTP/')
    return { talk, outcome: failed('the answer is not HTTP', 'HTTP status code error to') }
  if (end === undefined) return { talk: { ...talk, bytes: all } }
  const head = parseHead(latin(all.subarray(0, end)))
  if (head === undefined) return { talk, outcome: failed('the answer is not HTTP', 'HTTP status code error to') }
  const { page } = talk
  const rest = all.slice(end)
  // A word in between, such as 103 Early Hints: the answer is still to come.
  if (checker.keepAlive && head.status < 200 && head.status !== SWITCHING_PROTOCOLS)
    return hearHead(checker, { name: 'head', page, bytes: new Uint8Array() }, rest)
  if (!checker.keepAlive) return hearBody({ name: 'body', page, head, body: EMPTY, chunks: undefined }, rest)
  const bodiless = head.status === NO_CONTENT || head.status === NOT_MODIFIED
  const framed: ResponseHead = bodiless ? { ...head, length: 0, chunked: false } : head
  return hearBody(
    { name: 'body', page, head: framed, body: EMPTY, chunks: framed.chunked ? FIRST_CHUNK : undefined },
    rest,
  )
}

const SWITCHING_PROTOCOLS = 101
const NO_CONTENT = 204
const NOT_MODIFIED = 304
const EMPTY: Body = { length: 0, pieces: undefined }

function hearBody(talk: HttpTalk & { name: 'body' }, bytes: Uint8Array): Turn<HttpTalk> {
  const { page, head } = talk
  if (talk.chunks === undefined) {
    const fresh = head.length === undefined ? bytes : bytes.subarray(0, head.length - talk.body.length)
    const body = extend(page, talk.body, fresh)
    if (tooLong(page, body)) return { talk, outcome: TOO_LONG }
    const reusable = head.persistent && bytes.length === fresh.length
    return body.length === head.length
      ? { talk, outcome: judge(page, head, body), reusable }
      : { talk: { ...talk, body } }
  }
  const { position, data, ended, left } = decodeChunks(talk.chunks, bytes)
  if (position === undefined)
    return { talk, outcome: failed('the chunks of the page are broken', 'MD5 digest error to') }
  const body = data.reduce((before, piece) => extend(page, before, piece), talk.body)
  if (tooLong(page, body)) return { talk, outcome: TOO_LONG }
  if (!ended) return { talk: { ...talk, body, chunks: position } }
  return { talk, outcome: judge(page, { ...head, chunked: false }, body), reusable: head.persistent && left === 0 }
}

function extend(page: HttpPage, { length, pieces }: Body, bytes: Uint8Array): Body {
  const kept = isRead(page) && bytes.length > 0
  return { length: length + bytes.length, pieces: kept ? { bytes, before: pieces } : pieces }
}

/** Somebody wants to know what is in the body. */
function isRead({ digest, regex, body, json }: HttpPage): boolean {
  return digest !== undefined || regex !== undefined || body !== undefined || json.length > 0
}

function tooLong(page: HttpPage, { length }: Body): boolean {
  return isRead(page) && length > BODY_BYTES_MAX
}

const TOO_LONG = failed(`a page of more than ${BODY_BYTES_MAX / 1024 / 1024} MiB`, 'MD5 digest error to')

/** Behind the empty line. Some servers end lines with a bare line feed. */
export function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at + 1] === 0x0a) return at + 2
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3
  }
  return undefined
}

/** Undefined if it is no HTTP response. */
export function parseHead(text: string): ResponseHead | undefined {
  const status = /^HTTP\/\d\.\d +(\d{3})\b/.exec(text)?.[1]
  if (status === undefined) return undefined
  const length = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(text)?.[1]
  const connection = /^connection:(.*)$/im.exec(text)?.[1] ?? ''
  return {
    status: Number(status),
    length: length === undefined ? undefined : Number(length),
    chunked: /^transfer-encoding:.*\bchunked[ \t]*\r?$/im.test(text),
    persistent: text.startsWith('HTTP/1.1') && !/\bclose\b/i.test(connection),
  }
}

/** `chunked`: the body is as it came, its chunks not decoded. */
function judge(page: HttpPage, { status, chunked }: ResponseHead, body: Body): Outcome {
  // Only the last of them is said.
  let remark = 'HTTP status code success to'
  if (!page.statusCodes.some(({ first, last }) => first <= status && status <= last))
    return failed(`status ${status} of ${page.path}`, 'HTTP status code error to')
  const bytes = bytesOf(body)
  if (page.digest !== undefined) {
    const digest = bodyDigest(bytes)
    if (digest !== page.digest) return failed(`digest ${digest} of ${page.path}`, 'MD5 digest error to')
    remark = 'MD5 digest success to'
  }
  const text = page.body === undefined && page.json.length === 0 ? bytes : plainBody(bytes, chunked)
  if (page.body !== undefined && !Buffer.from(text).includes(page.body))
    return failed(`${page.path} does not contain "${page.body}"`, 'Expected body missing from')
  const problem = page.json.length === 0 ? undefined : jsonProblem(Buffer.from(text).toString('utf8'), page.json)
  if (problem !== undefined) return failed(`${page.path} ${problem}`, 'Expected JSON missing from')
  if (page.regex !== undefined) {
    const matched = compileRegex(page.regex)?.(bytes) ?? false
    if (matched === page.regex.noMatch) {
      const verb = matched ? 'matches' : 'does not match'
      return failed(`${page.path} ${verb} ${page.regex.pattern}`, 'Regex match failed')
    }
    remark = 'Regex match success to'
  }
  return { passed: true, remark: { before: remark, after: ` url(${page.path})` } }
}

/** What the server meant, where it came in chunks; as it came, if they are broken. */
function plainBody(bytes: Uint8Array, chunked: boolean): Uint8Array {
  if (!chunked) return bytes
  const { position, data } = decodeChunks(FIRST_CHUNK, bytes)
  return position === undefined ? bytes : concat(...data)
}

function bytesOf({ length, pieces }: Body): Uint8Array {
  const bytes = new Uint8Array(length)
  let end = length
  for (let piece = pieces; piece !== undefined; piece = piece.before) {
    end -= piece.bytes.length
    bytes.set(piece.bytes, end)
  }
  return bytes
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
