/** `10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 64240, length 0`. */
import type { Ip } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import type { Carried } from './carried.ts'
import { decodeTcp, TCP_ACK, TCP_URG, type TcpSegment } from './tcp.ts'
import { decodeUdp } from './udp.ts'

/** In the order of their bits; the fifth is ACK. */
const FLAG_LETTERS = 'FSRP.UEW'

export function printTcp({ source, destination, payload, length }: Carried): string {
  const decoded = decodeTcp(payload)
  if (!decoded.ok) return `${cutEndpoints(source, destination, payload)}: [|tcp]`
  const segment = decoded.value
  const headerLength = payload.length - segment.payload.length
  const words = [
    `Flags [${flagLetters(segment.flags)}]`,
    ...sequenceWords(segment, length - headerLength),
    `win ${segment.window}`,
    ...((segment.flags & TCP_URG) !== 0 ? [`urg ${segment.urgent}`] : []),
    ...(segment.options.length > 0 ? [`options [${optionWords(segment.options)}]`] : []),
    `length ${length - headerLength}`,
  ]
  return `${source}.${segment.sourcePort} > ${destination}.${segment.destinationPort}: ${words.join(', ')}`
}

export function printUdp({ source, destination, payload, length }: Carried): string {
  const decoded = decodeUdp(payload)
  if (!decoded.ok) return `${cutEndpoints(source, destination, payload)}: [|udp]`
  const { sourcePort, destinationPort } = decoded.value
  return `${source}.${sourcePort} > ${destination}.${destinationPort}: UDP, length ${length - 8}`
}

/** The ports are the first thing of either header, and often there when the rest is not. */
function cutEndpoints(source: Ip, destination: Ip, payload: Uint8Array): string {
  if (payload.length < 4) return `${source} > ${destination}`
  const view = viewOf(payload)
  return `${source}.${view.getUint16(0)} > ${destination}.${view.getUint16(2)}`
}

function flagLetters(flags: number): string {
  return [...FLAG_LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0).join('') || 'none'
}

/** The sequence number where it means something: with data, or with a flag that takes one. */
function sequenceWords({ sequence, acknowledgement, flags }: TcpSegment, length: number): readonly string[] {
  const sequenced = length > 0 || (flags & 0x07) !== 0
  const range = length > 0 ? `seq ${sequence}:${(sequence + length) >>> 0}` : `seq ${sequence}`
  return [...(sequenced ? [range] : []), ...((flags & TCP_ACK) !== 0 ? [`ack ${acknowledgement}`] : [])]
}

function optionWords(options: Uint8Array): string {
  const view = viewOf(options)
  const words: string[] = []
  for (let offset = 0; offset < options.length; ) {
    const kind = options[offset]!
    if (kind === 0) {
      words.push('eol')
      break
    }
    if (kind === 1) {
      words.push('nop')
      offset++
      continue
    }
    const length = options[offset + 1] ?? 0
    if (length < 2 || offset + length > options.length) {
      words.push('bad opt')
      break
    }
    words.push(optionWord(kind, length, view, offset + 2))
    offset += length
  }
  return words.join(',')
}

function optionWord(kind: number, length: number, view: DataView, at: number): string {
  if (kind === 2 && length === 4) return `mss ${view.getUint16(at)}`
  if (kind === 3 && length === 3) return `wscale ${view.getUint8(at)}`
  if (kind === 4 && length === 2) return 'sackOK'
  if (kind === 5 && (length - 2) % 8 === 0) return `sack ${sackWords(view, at, (length - 2) / 8)}`
  if (kind === 8 && length === 10) return `TS val ${view.getUint32(at)} ecr ${view.getUint32(at + 4)}`
  return `unknown-${kind}`
}

function sackWords(view: DataView, at: number, count: number): string {
  const blocks = Array.from(
    { length: count },
    (_, i) => `{${view.getUint32(at + 8 * i)}:${view.getUint32(at + 8 * i + 4)}}`,
  )
  return `${count} ${blocks.join('')}`
}
