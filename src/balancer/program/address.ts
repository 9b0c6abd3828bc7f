/**
 * Addresses in the data path, raw: one word of 32 bits for IPv4, two of 64 for IPv6. Those of a packet's IPv6 header are
 * read anew wherever they are asked for, since four words more would not stay in registers anyway.
 */
import type { Condition, Field, Pointer, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'

export type Address = readonly Value[]

/** The address whose first byte lies at a field's offset. */
export function readAddress(memory: Pointer, [offset]: Field, family: IpFamily): Address {
  if (family === 4) return [memory.get([offset, 'u32'])]
  return [memory.get([offset, 'u64']), memory.get([offset + 8, 'u64'])]
}

export function writeAddress(memory: Pointer, [offset]: Field, address: Address): void {
  const bytes = address.length === 1 ? 4 : 8
  for (const [i, word] of address.entries()) memory.set([offset + i * bytes, bytes === 4 ? 'u32' : 'u64'], word)
}

/** True if the same address lies there. */
export function isAddressAt(memory: Pointer, field: Field, address: Address): Condition {
  const there = readAddress(memory, field, address.length === 1 ? 4 : 6)
  return there.map((word, i) => word.eq(address[i]!)).reduce((all, one) => all.and(one))
}

/** The address in words of 32 bits: one or four. */
export function narrowWords(address: Address): readonly Value[] {
  return address.length === 1 ? address : address.flatMap(word => [word.low32(), word.shr(32)])
}

/** What a checksum's sum grows by where one address becomes another: ~before + after in one's complement, 32 bits. */
export function addressDelta(before: Address, after: Address): Value {
  const ends = [...narrowWords(before).map(word => word.xor(0xffff_ffff)), ...narrowWords(after)]
  const sum = ends.reduce((total, word) => total.add(word))
  const once = carried(sum)
  return (before.length === 1 ? once : carried(once)).and(0xffff_ffff)
}

function carried(sum: Value): Value {
  return sum.and(0xffff_ffff).add(sum.shr(32))
}
