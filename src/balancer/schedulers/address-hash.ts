/** The hash of sh, dh, lblc and lblcr: the kernel's hash_32 (include/linux/hash.h) of an address in one word. */
import type { Value } from '../../bpf/value.ts'

const GOLDEN_RATIO_32 = 0x61c88647

/** The `bits` highest bits of the product. */
export function hash32(value: number, bits: number): number {
  return Math.imul(value, GOLDEN_RATIO_32) >>> (32 - bits)
}

export function hash32Code(value: Value, bits: number): Value {
  return value.mul32(GOLDEN_RATIO_32).shr(32 - bits)
}

/** An address, given as its bytes, as a number: IPv4 as it is, IPv6 its four words under an exclusive or. */
export function foldAddress(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let fold = 0
  for (let at = 0; at < bytes.length; at += 4) fold ^= view.getUint32(at)
  return fold >>> 0
}

/** The same of the raw words that a packet holds. */
export function foldAddressCode(words: readonly Value[]): Value {
  return words.reduce((fold, word) => fold.xor(word)).swap(32)
}
