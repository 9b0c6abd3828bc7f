/**
 * HTTP_GET and SSL_GET: one page is asked for and read to its end, then judged: status, digest, text, pattern.
 *
 * The request is keepalived's, so that servers and their logs see no difference: a bare GET, the port in the Host header
 * unless a virtual host is configured. No redirect is followed and no chunk is decoded: `genhash` computes the digest
 * over the same bytes.
 */
import { createHash } from 'node:crypto'
import { concat } from '../bytes/concat.ts'
import { endpointText } from '../model/service.ts'
import type { HttpChecker, HttpPage } from '../model/virtual-server.ts'
import { type Conversation, failed, type Heard, type Outcome, type Turn } from './conversation.ts'
import { compileRegex } from './page-regex.ts'

export type HttpTalk =
  | { readonly name: 'connecting'; readonly page: HttpPage }
  | { readonly name: 'head'; readonly page: HttpPage; readonly bytes: Uint8Array }
  | { readonly name: 'body'; readonly page: HttpPage; readonly head: ResponseHead; readonly body: Body }

export interface ResponseHead {
  readonly status: number
  /** As the server announced it; undefined: the body ends with the connection. */
  readonly length: number | undefined
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
    return {
      channel: { kind: 'stream', target: checker.target, tls: tlsWish(checker, page) },
      talk: { name: 'connecting', page },
    }
  },
  hear,
  silence(_, talk) {
    if (talk.name === 'connecting') return failed('connection timed out', 'Timeout connecting')
    return failed(talk.name === 'head' ? 'no answer in time' : 'the answer did not end in time', 'Timeout HTTP read')
  },
}

/** The request for a page, as bytes. */
export function requestFor(
  { protocol, target }: Pick<HttpChecker, 'protocol' | 'target'>,
  page: Pick<HttpPage, 'path' | 'virtualHost'>,
): Uint8Array {
  const version = protocol === '1.1' ? '1.1' : '1.0'
  const close = protocol === '1.0' ? '' : 'Connection: close\r\n'
  const host = page.virtualHost ?? endpointText(target.address, target.port)
  return new TextEncoder().encode(
    `GET ${page.path} HTTP/${version}\r\nUser-Agent: KeepAliveClient\r\n${close}Host: ${host}\r\n\r\n`,
  )
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
  if (event.type === 'connected') {
    const { page } = talk
    return { talk: { name: 'head', page, bytes: new Uint8Array() }, writes: [requestFor(checker, page)] }
  }
  if (event.type === 'data') {
    if (talk.name === 'connecting') return { talk }
    return talk.name === 'head' ? hearHead(talk, event.bytes) : hearBody(talk, event.bytes)
  }
  if (talk.name === 'body') return { talk, outcome: judge(talk.page, talk.head, talk.body) }
  const silent = talk.name === 'connecting' || talk.bytes.length === 0
  const cause = silent ? 'closed the connection without an answer' : 'closed the connection within the headers'
  return { talk, outcome: failed(cause, 'Read, no data received from') }
}

function hearHead(talk: HttpTalk & { name: 'head' }, bytes: Uint8Array): Turn<HttpTalk> {
  const all = concat(talk.bytes, bytes)
  const end = endOfHead(all)
  if (end === undefined && all.length > HEAD_BYTES_MAX)
    return { talk, outcome: failed(`more than ${HEAD_BYTES_MAX / 1024} KiB of headers`, 'HTTP status code error to') }
  if (end === undefined && all.length >= 5 && latin(all.subarray(0, 5)) !== 'HTTP/')
    return { talk, outcome: failed('the answer is not HTTP', 'HTTP status code error to') }
  if (end === undefined) return { talk: { ...talk, bytes: all } }
  const head = parseHead(latin(all.subarray(0, end)))
  if (head === undefined) return { talk, outcome: failed('the answer is not HTTP', 'HTTP status code error to') }
  const body: HttpTalk & { name: 'body' } = {
    name: 'body',
    page: talk.page,
    head,
    body: { length: 0, pieces: undefined },
  }
  return hearBody(body, all.slice(end))
}

function hearBody(talk: HttpTalk & { name: 'body' }, bytes: Uint8Array): Turn<HttpTalk> {
  const { page, head } = talk
  const { digest, regex, body: expected } = page
  const kept = digest !== undefined || regex !== undefined || expected !== undefined
  const fresh = head.length === undefined ? bytes : bytes.subarray(0, head.length - talk.body.length)
  const length = talk.body.length + fresh.length
  const pieces = kept && fresh.length > 0 ? { bytes: fresh, before: talk.body.pieces } : talk.body.pieces
  const body = { length, pieces }
  if (kept && length > BODY_BYTES_MAX)
    return { talk, outcome: failed(`a page of more than ${BODY_BYTES_MAX / 1024 / 1024} MiB`, 'MD5 digest error to') }
  if (length === head.length) return { talk, outcome: judge(page, head, body) }
  return { talk: { ...talk, body } }
}

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
  return { status: Number(status), length: length === undefined ? undefined : Number(length) }
}

function judge(page: HttpPage, { status }: ResponseHead, body: Body): Outcome {
  const remark = (before: string) => ({ before, after: ` url(${page.path}).` })
  if (!page.statusCodes.some(({ first, last }) => first <= status && status <= last))
    return failed(`status ${status} of ${page.path}`, 'HTTP status code error to')
  const remarks = [remark('HTTP status code success to')]
  const bytes = bytesOf(body)
  if (page.digest !== undefined) {
    const digest = bodyDigest(bytes)
    if (digest !== page.digest) return failed(`digest ${digest} of ${page.path}`, 'MD5 digest error to')
    remarks.push(remark('MD5 digest success to'))
  }
  if (page.body !== undefined && !Buffer.from(bytes).includes(page.body))
    return failed(`${page.path} does not contain "${page.body}"`, 'Expected body missing from')
  if (page.regex !== undefined) {
    const matched = compileRegex(page.regex)?.(bytes) ?? false
    if (matched === page.regex.noMatch) {
      const verb = matched ? 'matches' : 'does not match'
      return failed(`${page.path} ${verb} ${page.regex.pattern}`, 'Regex match failed')
    }
    remarks.push(remark('Regex match success to'))
  }
  return { passed: true, remarks }
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
