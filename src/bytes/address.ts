/**
 * IP and hardware addresses as text: `192.168.41.249`, `2001:db8::1`, `00:00:5e:00:01:33`.
 *
 * The canonical text *is* the value: it compares with `===`, keys a Map, prints and travels through JSON as it is.
 * IPv6 text is canonical after RFC 5952. Bytes are made where a packet or the kernel wants them.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** A canonical IPv4 or IPv6 address; made only by `parseIp` and `ipFromBytes`. */
export type Ip = string & { readonly __brand: 'Ip' }
/** A hardware address, six lower-case pairs joined by colons. */
export type Mac = string & { readonly __brand: 'Mac' }
/** 4 or 6, as people say it; `AF_INET` and `AF_INET6` are the kernel's numbers for the same. */
export type IpFamily = 4 | 6

/** The address `text` names in canonical form, or undefined if it is none. Zones (`%eth0`) are not addresses. */
export function parseIp(text: string): Ip | undefined {
  if (isIPv4(text)) return text as Ip
  if (isIPv6(text) && !text.includes('%')) return ipFromBytes(ipv6Bytes(text))
  return undefined
}

/** The same for text that the program itself wrote: anything else is our mistake. Throws RangeError. */
export function ip(text: string): Ip {
  const parsed = parseIp(text)
  if (parsed === undefined) throw new RangeError(`"${text}" is not an IP address`)
  return parsed
}

export function ipFamily(address: Ip): IpFamily {
  return address.includes(':') ? 6 : 4
}

/** 4 or 16 bytes in network order. */
export function ipBytes(address: Ip): Uint8Array {
  return ipFamily(address) === 4 ? ipv4Bytes(address) : ipv6Bytes(address)
}

/** The address in 4 or 16 bytes of network order. Throws RangeError for any other length. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  if (bytes.length === 4) return bytes.join('.') as Ip
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`)
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const run = longestZeroRun(groups)
  const hex = (part: number[]) => part.map(group => group.toString(16)).join(':')
  if (run.length < 2) return hex(groups) as Ip
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}` as Ip
}

/** Orders as RFC 9568 compares routers: by numeric value, IPv4 before IPv6. */
export function compareIp(a: Ip, b: Ip): number {
  const left = ipBytes(a)
  const right = ipBytes(b)
  if (left.length !== right.length) return left.length - right.length
  for (const [i, byte] of left.entries()) if (byte !== right[i]) return byte - right[i]!
  return 0
}

/** True if both are equal in their first `prefix` bits. */
export function sameNetwork(a: Ip, b: Ip, prefix: number): boolean {
  const left = ipBytes(a)
  const right = ipBytes(b)
  if (left.length !== right.length) return false
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = prefix - bit >= 8 ? 0xff : (0xff00 >> (prefix - bit)) & 0xff
    if ((left[bit >> 3]! & mask) !== (right[bit >> 3]! & mask)) return false
  }
  return true
}

export function parseMac(text: string): Mac | undefined {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? (text.toLowerCase() as Mac) : undefined
}

export function macBytes(address: Mac): Uint8Array {
  return Uint8Array.from(address.split(':'), pair => Number.parseInt(pair, 16))
}

export function macFromBytes(bytes: Uint8Array): Mac {
  return Array.from(bytes.subarray(0, 6), byte => byte.toString(16).padStart(2, '0')).join(':') as Mac
}

export const MAC_BROADCAST: Mac = 'ff:ff:ff:ff:ff:ff' as Mac

/** By hand, since this is done for every packet and `split` takes ten times as long. */
function ipv4Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(4)
  let i = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0) bytes[i] = bytes[i]! * 10 + digit
    else i++
  }
  return bytes
}

/** By hand as well. What stands before `::` is filled from the left, what stands after it from the right. */
function ipv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16)
  const gap = text.indexOf('::')
  const dotted = text.includes('.') ? text.lastIndexOf(':') + 1 : text.length
  if (dotted < text.length) bytes.set(ipv4Bytes(text.slice(dotted)), 12)
  const groupsEnd = dotted < text.length ? 12 : 16
  if (gap < 0) {
    writeGroups(text, 0, dotted, bytes, 0)
    return bytes
  }
  writeGroups(text, 0, gap, bytes, 0)
  let groups = 0
  for (let at = gap + 2; at < dotted; at++) if (at === gap + 2 || text.charCodeAt(at - 1) === COLON) groups++
  writeGroups(text, gap + 2, dotted, bytes, groupsEnd - 2 * groups)
  return bytes
}

const COLON = 58

/** The groups of hexadecimal digits from `start` to `end` of the text, two bytes each. */
function writeGroups(text: string, start: number, end: number, bytes: Uint8Array, offset: number): void {
  let at = offset
  let group = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code !== COLON) {
      // '0' to '9' are 48 to 57, letters of either case end in 1 to 6.
      group = (group << 4) | (code <= 57 ? code - 48 : (code & 7) + 9)
      bytes[at] = group >> 8
      bytes[at + 1] = group
    } else {
      at += 2
      group = 0
    }
  }
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}
