/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.
 *
 * `sum` values are partial: they may be added to each other, as a pseudo-header is to its packet, and are folded and
 * complemented once at the end by `checksum`.
 */

/** Adds the bytes to a partial sum; an odd last byte counts as the high half of a word. */
export function sumBytes(bytes: Uint8Array, sum = 0): number {
  let total = sum
  const even = bytes.length & ~1
  for (let i = 0; i < even; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!
  if (even !== bytes.length) total += bytes[even]! << 8
  return fold(total)
}

/** The value for a checksum field, from bytes in which that field is zero; 0 over bytes that carry a right one. */
export function checksum(bytes: Uint8Array, sum = 0): number {
  return ~sumBytes(bytes, sum) & 0xffff
}

/** The partial sum of an IPv4 or IPv6 pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1). `length` in bytes. */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return fold(sumBytes(source) + sumBytes(destination) + protocol + (length >>> 16) + (length & 0xffff))
}

function fold(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}
