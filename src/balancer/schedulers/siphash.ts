/**
 * The hash of mh: the kernel's hsiphash_1u32 on 64-bit machines, which is SipHash-1-3 of four bytes, little endian, cut
 * to its low 32 bits (lib/siphash.c). Written twice: for the lookup tables, and for packets.
 *
 *     v0..v3 = constants ^ key        m = value | 4 << 56
 *     v3 ^= m, one round, v0 ^= m     v2 ^= 0xff, three rounds     v0 ^ v1 ^ v2 ^ v3
 */
import type { Code } from '../../bpf/code.ts'
import type { Value } from '../../bpf/value.ts'

type Words<T> = readonly [T, T, T, T]

const INITIAL: Words<bigint> = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n]
const LENGTH_4 = 4n << 56n

/** Both halves of the key are the same number: in mh one finds the place, the other the stride. */
function initial(key: bigint): Words<bigint> {
  return [INITIAL[0] ^ key, INITIAL[1] ^ key, INITIAL[2] ^ key, INITIAL[3] ^ key]
}

/** One round, over whatever adds, mixes and rotates. */
function round<T>(
  [a, b, c, d]: Words<T>,
  add: (x: T, y: T) => T,
  xor: (x: T, y: T) => T,
  turn: (x: T, by: number) => T,
): Words<T> {
  const a1 = add(a, b)
  const b1 = xor(turn(b, 13), a1)
  const c1 = add(c, d)
  const d1 = xor(turn(d, 16), c1)
  const a2 = add(turn(a1, 32), d1)
  const d2 = xor(turn(d1, 21), a2)
  const c2 = add(c1, b1)
  const b2 = xor(turn(b1, 17), c2)
  return [a2, b2, turn(c2, 32), d2]
}

export function sipHash(value: number, key: bigint): number {
  const low = (x: bigint) => BigInt.asUintN(64, x)
  const next = (words: Words<bigint>) =>
    round(
      words,
      (x, y) => low(x + y),
      (x, y) => x ^ y,
      (x, by) => low(x << BigInt(by)) | (x >> BigInt(64 - by)),
    )
  const message = BigInt(value) | LENGTH_4
  const [a, b, c, d] = initial(key)
  const [a1, b1, c1, d1] = next([a, b, c, d ^ message])
  const end = next(next(next([a1 ^ message, b1, c1 ^ 0xffn, d1])))
  return Number(BigInt.asUintN(32, end[0] ^ end[1] ^ end[2] ^ end[3]))
}

/** The same in the data path; `value` has 32 bits. */
export function sipHashCode(code: Code, value: Value, key: bigint): Value {
  const words = initial(key)
  const message = value.or(LENGTH_4)
  const next = (now: Words<Value>) =>
    round<Value>(
      now,
      (x, y) => x.add(y),
      (x, y) => x.xor(y),
      (x, by) => x.shl(by).or(x.shr(64 - by)),
    )
  const [a1, b1, c1, d1] = next([
    code.constant(words[0]),
    code.constant(words[1]),
    code.constant(words[2]),
    message.xor(words[3]),
  ])
  const end = next(next(next([a1.xor(message), b1, c1.xor(0xff), d1])))
  return end[0].xor(end[1]).xor(end[2]).xor(end[3]).low32()
}
