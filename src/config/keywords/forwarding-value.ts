/** `lvs_method NAT`, `DR`, or `TUN [type ipip|gre|gue port N] [nocsum|csum|remcsum]`. */
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { Forwarding, Tunnel } from '../../model/service.ts'
import { type Cursor, readChoice, readInteger, type Value } from '../value.ts'

const METHODS = ['NAT', 'DR', 'TUN'] as const
const TUNNELS = ['ipip', 'gre', 'gue'] as const
const CHECKSUMS = ['nocsum', 'csum', 'remcsum'] as const

export const forwarding: Value<Forwarding> = {
  syntax: 'NAT|DR|TUN [type ipip|gre|gue port N] [nocsum|csum|remcsum]',
  read(words) {
    const word = words.need()
    const method = word === undefined ? undefined : readChoice(words, word, METHODS)
    if (method === undefined) return undefined
    if (method === 'NAT') return { method: 'masquerade' }
    if (method === 'DR') return { method: 'route' }
    const tunnel = readTunnel(words)
    return tunnel === undefined ? undefined : { method: 'tunnel', tunnel }
  },
}

function readTunnel(words: Cursor): Tunnel | undefined {
  let type: (typeof TUNNELS)[number] = 'ipip'
  let port: number | undefined
  let checksum: (typeof CHECKSUMS)[number] = 'nocsum'
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word.text === 'type') {
      const value = words.need()
      const chosen = value === undefined ? undefined : readChoice(words, value, TUNNELS)
      if (chosen === undefined) return undefined
      type = chosen
    } else if (word.text === 'port') {
      const value = words.need()
      port = value === undefined ? undefined : readInteger(words, value, 1, 65535)
      if (port === undefined) return undefined
    } else {
      const chosen = readChoice(words, word, CHECKSUMS)
      if (chosen === undefined) return undefined
      checksum = chosen
    }
  }
  if (type === 'ipip') return { type }
  if (type === 'gre' && checksum !== 'remcsum') return { type, checksum }
  if (type === 'gue' && port !== undefined) return { type, port, checksum }
  const reason = type === 'gre' ? 'gre has no remcsum' : 'gue needs "port N"'
  const last = words.line.words[words.line.words.length - 1]!
  words.report(
    diagnostic(
      'bad-value',
      last,
      { keyword: words.keyword, syntax: forwarding.syntax, value: last.text },
      { label: reason },
    ),
  )
  return undefined
}
