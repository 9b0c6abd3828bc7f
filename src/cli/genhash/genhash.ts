/**
 * genhash: fetches a page as HTTP_GET does and prints the MD5 of its body, for `digest`. Options, output and exit status
 * are those of keepalived's program, which tells a failed connection on standard output and succeeds all the same.
 */
import { concat } from '../../bytes/concat.ts'
import { openStream } from '../../daemon/channel-stream.ts'
import { bodyDigest, endOfHead, parseHead, requestFor } from '../../health/http-probe.ts'
import type { Io } from '../ipvsadm/io.ts'
import { type GenhashWish, parseGenhash, USAGE } from './options.ts'
import { renderPage } from './render-page.ts'

export async function genhash(argv: readonly string[], io: Pick<Io, 'stdout' | 'stderr'>): Promise<number> {
  const wish = parseGenhash(argv)
  if ('problem' in wish) {
    io.stderr(`${wish.problem === undefined ? '' : `${wish.problem}\n`}${USAGE}`)
    return 1
  }
  const startedAt = process.hrtime.bigint()
  const answer = await fetchPage(wish)
  if (answer.name === 'page') {
    const { head, body } = answer
    await io.stdout(wish.verbose ? renderPage(head, body) : `${bodyDigest(body)}\n`)
  } else if (answer.name === 'empty') io.stderr('no data received from remote webserver\n')
  else
    await io.stdout(
      `${answer.stage === 'tls' ? 'SSL handshake/communication error connecting to' : 'Connection failed'}\n`,
    )
  if (wish.verbose)
    await io.stdout(
      `\nGlobal response time for [${wish.path}] = ${(process.hrtime.bigint() - startedAt) / 1000n} usecs\n`,
    )
  return 0
}

type Answer =
  | { readonly name: 'page'; readonly head: Uint8Array; readonly body: Uint8Array }
  | { readonly name: 'empty' }
  | { readonly name: 'failed'; readonly stage: 'tcp' | 'tls' }

function fetchPage(wish: GenhashWish): Promise<Answer> {
  const { address, port, mark, timeoutMs, tls, sni, virtualHost, path, protocol } = wish
  const target = {
    address,
    port,
    mark,
    connectTimeoutMs: timeoutMs,
    bindAddress: undefined,
    bindPort: 0,
    bindInterface: undefined,
  }
  const tlsWish = tls ? { serverName: sni ? virtualHost : undefined, verifiedName: undefined } : undefined
  return new Promise(resolve => {
    let bytes: Uint8Array = new Uint8Array()
    const end = (answer: Answer) => {
      clearTimeout(timer)
      channel.close()
      resolve(answer)
    }
    const timer = setTimeout(() => end({ name: 'failed', stage: 'tcp' }), timeoutMs)
    const channel = openStream(target, tlsWish, undefined, event => {
      switch (event.type) {
        case 'connected':
          channel.write(requestFor({ protocol, target, keepAlive: false }, { path, virtualHost }))
          return
        case 'data':
          bytes = concat(bytes, event.bytes)
          timer.refresh()
          if (complete(bytes)) end(answerOf(bytes))
          return
        case 'ended':
          end(answerOf(bytes))
          return
        case 'refused':
          end(
            bytes.length > 0
              ? answerOf(bytes)
              : { name: 'failed', stage: event.cause.startsWith('no TLS') ? 'tls' : 'tcp' },
          )
      }
    })
  })
}

function complete(bytes: Uint8Array): boolean {
  const at = endOfHead(bytes)
  if (at === undefined) return false
  const length = parseHead(Buffer.from(bytes.subarray(0, at)).toString('latin1'))?.length
  return length !== undefined && bytes.length >= at + length
}

function answerOf(bytes: Uint8Array): Answer {
  const at = endOfHead(bytes)
  return at === undefined ? { name: 'empty' } : { name: 'page', head: bytes.subarray(0, at), body: bytes.subarray(at) }
}
