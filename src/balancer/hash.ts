/**
 * The two hashes of the tables, written twice: for the data path, and for the control plane that fills the same tables.
 *
 * A multiplication by an odd constant carries every bit of the key upwards, so the highest bits choose the place. The
 * connection table's seed is random and secret: who could compute the places could fill chosen buckets.
 */
import type { Scalar, Value } from '../bpf/value.ts'
import type { IpFamily } from '../bytes/address.ts'

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

/**
 * How far apart a connection's two buckets are, as bits of their numbers that differ: of IPv4 both lie in one page, so that
 * a processor which looks into both asks for one translation.
 */
const NEAR_BITS = 5

/** The two buckets that may hold a connection, the one to try first. `bits` is the logarithm of their number. */
export function bucketsOf(hash: bigint, bits: number): readonly [number, number] {
  const part = (multiplier: bigint, bits: number) => Number(low64(hash * multiplier) >> BigInt(64 - bits))
  const first = part(MULTIPLIER_3, bits)
  return [first, first ^ (part(MULTIPLIER_1, Math.min(NEAR_BITS, bits)) | 1)]
}

/** `connectionHash` for the data path. */
export function connectionHashCode(addresses: Value, key: Value, seed: bigint): Value {
  const first = addresses.xor(seed).mul(MULTIPLIER_1)
  const second = first.xor(first.shr(32)).xor(key).mul(MULTIPLIER_2)
  return second.xor(second.shr(29))
}

/** One of `bucketsOf` for the data path. */
export function bucketCode(hash: Value, bits: number, which: 0 | 1): Value {
  const first = hash.mul(MULTIPLIER_3).shr(64 - bits)
  if (which === 0) return first
  const apart = hash
    .mul(MULTIPLIER_1)
    .shr(64 - Math.min(NEAR_BITS, bits))
    .or(1)
  // No bit is taken away, but before 6.11 the verifier forgets the bounds of what is combined by exclusive or.
  return first.xor(apart).and(2 ** bits - 1)
}

/** Two IPv6 addresses in the one word that connectionHash takes, and that their entry is first compared by. */
export function addressesCode(client: readonly Value[], virtual: readonly Value[], seed: bigint): Value {
  const multipliers = [MULTIPLIER_1, MULTIPLIER_2, MULTIPLIER_3, MULTIPLIER_1]
  const [first, ...rest] = [...client, ...virtual]
  const stir = (hash: Value, i: number) => {
    const product = hash.mul(multipliers[i & 3]!)
    return product.xor(product.shr(31))
  }
  return rest.reduce((hash, word, i) => stir(hash.xor(word), i + 1), stir(first!.xor(seed), 0))
}

/** What an entry of the index is about: where clients go, a real server whose replies are to be translated, a firewall mark. */
export const INDEX_TAG = { service: 4, server: 5, mark: 6, mark6: 7 } as const
/** What is added to the tag where the address is of IPv6. */
const INDEX_TAG_IPV6 = 0x60

/**
 * The key of a service in the index. IPv4: address and port as in a packet, then protocol, then a tag that is never 0.
 * IPv6: a hash of the same, and the tag; the address is compared in the service's record.
 */
export function serviceIndexKey(
  address: Uint8Array,
  port: number,
  protocol: number,
  tag: keyof typeof INDEX_TAG = 'service',
): bigint {
  if (address.length === 16) return wideIndexKey(address, port, protocol, tag)
  const bytes = new DataView(new ArrayBuffer(8))
  for (const [i, byte] of address.entries()) bytes.setUint8(i, byte)
  bytes.setUint16(4, port)
  bytes.setUint8(6, protocol)
  bytes.setUint8(7, INDEX_TAG[tag])
  return bytes.getBigUint64(0, true)
}

/** The key of a service by firewall mark: the mark stands where an IPv4 address would. */
export function markIndexKey(mark: number, family: IpFamily): bigint {
  return BigInt(mark) | (BigInt(INDEX_TAG[family === 4 ? 'mark' : 'mark6']) << 56n)
}

function wideIndexKey(address: Uint8Array, port: number, protocol: number, tag: keyof typeof INDEX_TAG): bigint {
  const view = new DataView(address.buffer, address.byteOffset, 16)
  const swapped = ((port & 0xff) << 8) | (port >> 8)
  let hash = low64(view.getBigUint64(0, true) * MULTIPLIER_1)
  hash = low64((hash ^ (hash >> 32n) ^ view.getBigUint64(8, true)) * MULTIPLIER_2)
  hash = low64((hash ^ (hash >> 32n) ^ BigInt(swapped | (protocol << 16))) * MULTIPLIER_3)
  return (hash >> 8n) | (BigInt(INDEX_TAG[tag] + INDEX_TAG_IPV6) << 56n)
}

/** `serviceIndexKey` for the data path; address and port raw. */
export function serviceIndexKeyCode(
  [address, end]: readonly Value[],
  port: Value,
  protocol: Scalar,
  tag: keyof typeof INDEX_TAG,
): Value {
  if (address === undefined) throw new RangeError('an address has one word or two')
  if (end !== undefined) {
    const first = address.mul(MULTIPLIER_1)
    const second = first.xor(first.shr(32)).xor(end).mul(MULTIPLIER_2)
    const known = typeof protocol === 'object' ? port.or(protocol.shl(16)) : port.or(BigInt(protocol) << 16n)
    const hash = second.xor(second.shr(32)).xor(known).mul(MULTIPLIER_3)
    return hash.shr(8).or(BigInt(INDEX_TAG[tag] + INDEX_TAG_IPV6) << 56n)
  }
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
