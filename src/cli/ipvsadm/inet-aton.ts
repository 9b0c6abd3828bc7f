import { isIPv4 } from 'node:net'
import { type Ip, ipFromBytes } from '../../bytes/address.ts'

/** What a part is at most when it is the last one: the fewer parts, the more bytes it stands for. */
const LAST_MAX: readonly number[] = [2 ** 32 - 1, 2 ** 24 - 1, 2 ** 16 - 1, 255]

/**
 * An IPv4 address in the forms that inet_aton(3) knows: one to four parts, each decimal, octal after `0` or hexadecimal
 * after `0x`, the last one standing for all bytes that remain. What follows a blank does not count.
 */
export function inetAton(text: string): Ip | undefined {
  if (isIPv4(text)) return text as Ip // as nearly all are written
  const parts = text.split(/[ \t\n\v\f\r]/, 1)[0]!.split('.')
  const last = LAST_MAX[parts.length - 1]
  if (last === undefined) return undefined
  let value = 0
  for (const [i, part] of parts.entries()) {
    const number = cInteger(part)
    const isLast = i === parts.length - 1
    if (number === undefined || number > (isLast ? last : 255)) return undefined
    value += isLast ? number : number * 2 ** (24 - 8 * i)
  }
  return ipFromBytes(Uint8Array.of(value / 2 ** 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff))
}

function cInteger(text: string): number | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return Number.parseInt(text, 16)
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8)
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined
}
