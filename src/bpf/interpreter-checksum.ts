/**
 * Checksums as the kernel's helpers compute them: one's complement sums of little-endian words in 32 bits, folded to 16 at
 * the end. Zero has two forms in this arithmetic, and which one comes out is part of the answer.
 */
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'

const { EINVAL } = constants.errno

/** csum_diff: `start`, less what is removed, plus what is added, in 16 bits. */
export function checksumDifference(removed: Uint8Array, added: Uint8Array, start: number): number {
  if (removed.length % 4 !== 0 || added.length % 4 !== 0) return -EINVAL
  if (removed.length === 0) return fold(sum(added, start), 16)
  if (added.length === 0) return fold(complement(sum(removed, complement(start))), 16)
  return fold(add(sum(added, start), complement(sum(removed, 0))), 16)
}

/** Flags of l4_csum_replace: how many bytes `from` and `to` have, or 0 if `to` is a difference; and zero's treatment. */
const SIZE = 0xf
const PSEUDO_HEADER = 0x10
const MANGLED_ZERO = 0x20
const ENFORCE = 0x40

/** True for flags that l4_csum_replace knows. */
export function checksumFlags(flags: number, from: number): boolean {
  const size = flags & SIZE
  if ((flags & ~(SIZE | PSEUDO_HEADER | MANGLED_ZERO | ENFORCE)) !== 0) return false
  return size === 2 || size === 4 || (size === 0 && from === 0)
}

/** l4_csum_replace on a checksum field as it lies. A UDP checksum of zero means that there is none, and stays so. */
export function replaceChecksum(field: number, from: number, to: number, flags: number): number {
  const mayBeNone = (flags & MANGLED_ZERO) !== 0
  if (mayBeNone && (flags & ENFORCE) === 0 && field === 0) return 0
  const old = complement(field)
  const mask = (flags & SIZE) === 2 ? 0xffff : 0xffff_ffff
  const difference = (flags & SIZE) === 0 ? to : add((to & mask) >>> 0, complement((from & mask) >>> 0))
  const replaced = ~fold(add(old, difference), 16) & 0xffff
  return mayBeNone && replaced === 0 ? 0xffff : replaced
}

function sum(bytes: Uint8Array, start: number): number {
  const view = viewOf(bytes)
  let total = start
  for (let i = 0; i < bytes.length; i += 4) total = add(total, view.getUint32(i, true))
  return total
}

function add(a: number, b: number): number {
  return fold(a + b, 32)
}

function complement(value: number): number {
  return ~value >>> 0
}

/** What does not fit the bits is added to them again. */
function fold(total: number, bits: 16 | 32): number {
  let folded = total
  while (folded >= 2 ** bits) folded = (folded % 2 ** bits) + Math.floor(folded / 2 ** bits)
  return folded
}
