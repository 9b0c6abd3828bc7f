/**
 * The two hashes of the tables, written twice: for the data path, and for the control plane that fills the same tables.
 *
 * A multiplication by an odd constant carries every bit of the key upwards, so the highest bits choose the place. The
 * connection table's seed is random and secret: who could compute the places could fill chosen buckets.
 */
import type { Scalar, Value } from '../bpf/value.ts'

const MULTIPLIER_1 = 0x9e3779b97f4a7c15n
const MULTIPLIER_2 = 0xc2b2ae3d27d4eb4fn
const MULTIPLIER_3 = 0x165667b19e3779f9n

const low64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** A connection's hash from its key's two words; `bucketsOf` takes the places from it. */
export function connectionHash(addresses: bigint, key: bigint, seed: bigint): bigint {
  let hash = low64((addresses ^ seed) * MULTIPLIER_1)
  hash = low64((hash ^ (hash >> 32n) ^ key) * MULTIPLIER_2)
  return hash ^ (hash >> 29n)
}

/** The two buckets that may hold a connection, the one to try first. `bits` is the logarithm of their number. */
export function bucketsOf(hash: bigint, bits: number): readonly [number, number] {
  const place = (multiplier: bigint) => Number(low64(hash * multiplier) >> BigInt(64 - bits))
  return [place(MULTIPLIER_3), place(MULTIPLIER_1)]
}

/** `connectionHash` for the data path. */
export function connectionHashCode(addresses: Value, key: Value, seed: bigint): Value {
  const first = addresses.xor(seed).mul(MULTIPLIER_1)
  const second = first.xor(first.shr(32)).xor(key).mul(MULTIPLIER_2)
  return second.xor(second.shr(29))
}

/** One of `bucketsOf` for the data path. */
export function bucketCode(hash: Value, bits: number, which: 0 | 1): Value {
  return hash.mul(which === 0 ? MULTIPLIER_3 : MULTIPLIER_1).shr(64 - bits)
}

/** What an entry of the index is about: where clients go, or a real server whose replies are to be translated. */
export const INDEX_TAG = { service: 4, server: 5 } as const

/** The key of an IPv4 service in the index: address and port as in a packet, then protocol, then a tag that is never 0. */
export function serviceIndexKey(
  address: Uint8Array,
  port: number,
  protocol: number,
  tag: keyof typeof INDEX_TAG = 'service',
): bigint {
  const bytes = new DataView(new ArrayBuffer(8))
  for (const [i, byte] of address.entries()) bytes.setUint8(i, byte)
  bytes.setUint16(4, port)
  bytes.setUint8(6, protocol)
  bytes.setUint8(7, INDEX_TAG[tag])
  return bytes.getBigUint64(0, true)
}

/** `serviceIndexKey` for the data path; address and port raw. */
export function serviceIndexKeyCode(address: Value, port: Value, protocol: Scalar, tag: keyof typeof INDEX_TAG): Value {
  const ports = port.shl(32)
  const protocols = typeof protocol === 'object' ? protocol.shl(48) : BigInt(protocol) << 48n
  return address
    .or(ports)
    .or(protocols)
    .or(BigInt(INDEX_TAG[tag]) << 56n)
}

/** Where a key's probe begins, of 2^bits slots. */
export function indexSlot(key: bigint, bits: number): number {
  return Number(low64(key * MULTIPLIER_1) >> BigInt(64 - bits))
}

export function indexSlotCode(key: Value, bits: number): Value {
  return key.mul(MULTIPLIER_1).shr(64 - bits)
}
