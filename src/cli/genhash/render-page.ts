/** What `genhash --verbose` shows of an answer: dumps of head, body and digest. */
import { bodyDigest } from '../../health/http-probe.ts'

export function renderPage(head: Uint8Array, body: Uint8Array): string {
  const digest = bodyDigest(body)
  return `${title('   HTTP Header Buffer   ')}${dump(head)}${title('HTTP Header Ascii Buffer')}${Buffer.from(head).toString('latin1')}
${title('       HTML Buffer       ')}${dump(body)}
${title('   HTML hash resulting   ')}${dump(Buffer.from(digest, 'hex'))}${title('HTML hash final resulting')}${digest}
`
}

function title(words: string): string {
  const line = '-'.repeat(23)
  return `${line}[ ${words} ]${line}\n`
}

const WIDTH = 16

/** `0016  0a 58 3a 20 79 0d 0a 0d - 0a                        .X: y....`: sixteen bytes a line, behind their offset. */
function dump(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const line = [...bytes.subarray(at, at + WIDTH)]
    const cells = Array.from({ length: WIDTH }, (_, i) => `${line[i]?.toString(16).padStart(2, '0') ?? '  '} `)
    const letters = line.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    const offset = String(at).padStart(4, '0')
    text += `${offset}  ${cells.slice(0, 8).join('')}- ${cells.slice(8).join('')}  ${letters.padEnd(WIDTH)}\n`
  }
  return text
}
