/** `bfd_instance`. */
import { ipFamily } from '../../bytes/address.ts'
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { BfdInstance } from '../../model/bfd-instance.ts'
import { type Context, from } from '../context.ts'
import { once, readBlock, type Table, table } from '../keyword.ts'
import { headerSpan, type Statement } from '../statement.ts'
import { address, flag, integer, present, readInteger, type Value, viaNotes } from '../value.ts'
import { weight } from './track-entry.ts'

const MS_MAX = 4_294_967
/** RFC 5880 section 6.8.3: a session that is not up takes its time. */
const IDLE_MS_MIN = 1000

/** Milliseconds, with decimals down to a microsecond. */
function milliseconds(min: number): Value<number> {
  return {
    syntax: `MILLISECONDS ${min}..${MS_MAX}`,
    read(words) {
      const word = words.need()
      if (word === undefined) return undefined
      if (!/^\d+(\.\d{1,3})?$/.test(word.text))
        return words.refuse(word, 'not a number of milliseconds', 'milliseconds are written without a unit: 10')
      const ms = Number(word.text)
      if (ms >= min && ms <= MS_MAX) return ms
      const fill = { keyword: words.keyword, min, max: MS_MAX, value: word.text }
      words.report(diagnostic('out-of-range', word, fill, { notes: viaNotes(word) }))
      return undefined
    },
  }
}

/** -1 and 255 stand for any number. */
const hops: Value<{ readonly hops: number | undefined }> = {
  syntax: 'INTEGER -1..255',
  read(words) {
    const word = words.need()
    const value = word === undefined ? undefined : readInteger(words, word, -1, 255)
    return value === undefined ? undefined : { hops: value === -1 || value === 255 ? undefined : value }
  },
}

const KEYWORDS = {
  neighbor_ip: once(address(), { doc: 'The neighbour.' }),
  neighbour_ip: once(address(), { doc: 'The same.', instead: 'neighbor_ip' }),
  source_ip: once(address(), { doc: 'The source.' }),
  min_rx: once(milliseconds(1), { default: 10, doc: 'Between packets that it hears, at least.' }),
  min_tx: once(milliseconds(1), { default: 10, doc: 'Between packets of its own, at least.' }),
  idle_tx: once(milliseconds(IDLE_MS_MIN), { default: IDLE_MS_MIN, doc: 'The same while the session is not up.' }),
  multiplier: once(integer(1, 255), { default: 5, doc: 'So many intervals of silence end the session.' }),
  passive: once(present, { doc: 'Waits to be spoken to.' }),
  ttl: once(integer(1, 255), { doc: 'TTL of what is sent, and of what is received. Default: 255, over IPv6 64.' }),
  hoplimit: once(integer(1, 255), { doc: 'The same.' }),
  max_hops: once(hops, { default: { hops: 0 }, doc: 'By how much it may have fallen on the way; -1: by any number.' }),
  multihop: once(flag, { doc: 'The neighbour is more than one hop away (RFC 5883).', since: '2.2.8' }),
  weight: once(weight(253), {
    default: { weight: 0, reverse: false },
    doc: 'What it adds to a priority; 0: its loss is a fault.',
  }),
  vrrp: once(present, { doc: 'For VRRP, and not for checks unless they are named too.' }),
  checker: once(present, { doc: 'For checks, and not for VRRP unless it is named too.' }),
} as const

export const BFD_INSTANCE: Table = table(
  'bfd_instance',
  { syntax: 'NAME', doc: 'A session of BFD (RFC 5880).' },
  KEYWORDS,
)

export function elaborateBfd(statement: Statement, context: Context): BfdInstance | undefined {
  const reading = readBlock(KEYWORDS, statement, context.report)
  const { values, origin } = reading
  const name = statement.line.words[1]?.text ?? ''
  const { neighbor_ip: neighbour, source_ip: source } = values
  if (neighbour === undefined) {
    context.report(
      diagnostic('missing-keyword', headerSpan(statement), { block: `bfd_instance ${name}`, keyword: 'neighbor_ip' }),
    )
    return undefined
  }
  const six = ipFamily(neighbour) === 6
  if (source !== undefined && ipFamily(source) !== ipFamily(neighbour)) {
    const [word] = origin.at('source_ip')?.line.words.slice(1) ?? []
    const fill = { keyword: 'source_ip', syntax: `ADDRESS of IPv${six ? 6 : 4}`, value: source }
    const label = `the neighbour is ${neighbour}`
    context.report(diagnostic('bad-value', word ?? headerSpan(statement), fill, { label }))
    return undefined
  }
  const everybody = values.vrrp === undefined && values.checker === undefined
  const ttl = values.ttl ?? values.hoplimit ?? (six ? 64 : 255)
  return from(context, origin, {
    name,
    neighbour,
    source,
    multihop: values.multihop ?? false,
    minRxMs: values.min_rx,
    minTxMs: values.min_tx,
    idleTxMs: values.idle_tx,
    multiplier: values.multiplier,
    passive: values.passive ?? false,
    ttl,
    maxHops: values.max_hops.hops === undefined ? undefined : Math.min(values.max_hops.hops, ttl),
    ...values.weight,
    forVrrp: everybody || values.vrrp === true,
    forCheckers: everybody || values.checker === true,
  })
}
