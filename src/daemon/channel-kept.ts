/**
 * A stream that may have served a probe before (`keep_alive`). The target may give such a connection up at any moment, and
 * just when it is taken up again too: then what was asked is asked once more on a fresh one (RFC 9112, section 9.3.1),
 * and the target is not blamed.
 */
import type { Channel } from '../health/channel.ts'
import type { ProbeEvent } from '../health/conversation.ts'
import type { SslSettings } from '../model/virtual-server.ts'
import { openStream } from './channel-stream.ts'
import { IdleConnections } from './idle-connections.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

interface Kept {
  readonly channel: OpenChannel
  hear: Report
  close(): void
}

const idle = new IdleConnections<Kept>()

export function openKeptStream(
  { target, tls, idleMs }: Channel & { readonly kind: 'stream' },
  ssl: SslSettings | undefined,
  report: Report,
): OpenChannel {
  const key = JSON.stringify([target, tls, ssl])
  const fresh = (hear: Report): Kept => {
    const channel = openStream(target, tls, ssl, event => kept.hear(event))
    const kept: Kept = { channel, hear, close: () => channel.close() }
    return kept
  }
  const written: Uint8Array[] = []
  const again = (event: ProbeEvent) => {
    if (event.type !== 'connected') return report(event)
    for (const bytes of written) kept.channel.write(bytes)
  }
  const resumed = (event: ProbeEvent) => {
    if (event.type === 'ended' || event.type === 'refused') {
      kept.close()
      kept = fresh(again)
      return
    }
    kept.hear = report
    report(event)
  }
  const waiting = idle.take(key)
  let closed = false
  let kept: Kept
  if (waiting === undefined) kept = fresh(report)
  else {
    kept = waiting
    kept.hear = resumed
    setImmediate(() => closed || report({ type: 'connected' }))
  }
  return {
    write: bytes => {
      written.push(bytes)
      kept.channel.write(bytes)
    },
    close: (reusable = false) => {
      closed = true
      if (!reusable) return kept.close()
      const done = kept
      // Whatever comes now was not asked for, or is the end.
      done.hear = () => {
        idle.forget(key, done)
        done.close()
      }
      idle.put(key, done, idleMs)
    },
  }
}
