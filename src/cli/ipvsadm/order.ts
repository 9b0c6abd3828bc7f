/**
 * The order of `-L`. ipvsadm compares addresses by a signed subtraction of 32 bits that overflows, so that 192.168.0.1 comes
 * before 10.0.0.1, and more than half the address space apart the order even depends on how it sorts: by glibc's
 * merge sort, which therefore is here too.
 */
import { type Ip, ipBytes } from '../../bytes/address.ts'
import { type Protocol, serviceFamily } from '../../model/service.ts'
import type { ListedDestination, ListedService } from '../../model/virtual-service.ts'

const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 }

/** Services by mark, family, protocol, address and port; those without a mark have mark 0. */
export function sortedServices<T extends ListedService>(services: readonly T[]): readonly T[] {
  const keyed = services.map(service => {
    const { key } = service
    const family = serviceFamily(key) === 6 ? 10 : 2
    const fields =
      key.kind === 'mark'
        ? [key.mark, family, 0, 0]
        : [0, family, PROTOCOL_NUMBERS[key.protocol], ...words(key.address)]
    return { item: service, fields: [...fields, key.kind === 'mark' ? 0 : key.port] }
  })
  return mergeSorted(keyed, compareServices).map(({ item }) => item)
}

/** Servers by address and port; an IPv4 address counts as the first word of an IPv6 one. */
export function sortedDestinations<T extends ListedDestination>(destinations: readonly T[]): readonly T[] {
  const keyed = destinations.map(destination => ({
    item: destination,
    fields: words(destination.address),
    port: destination.port,
  }))
  return mergeSorted(keyed, compareDestinations).map(({ item }) => item)
}

interface Keyed {
  readonly fields: readonly number[]
}

function compareServices(a: Keyed, b: Keyed): number {
  return firstDifference(a.fields, b.fields, a.fields.length)
}

function compareDestinations(a: Keyed & { readonly port: number }, b: Keyed & { readonly port: number }): number {
  return firstDifference(a.fields, b.fields, a.fields.length) || a.port - b.port
}

function firstDifference(a: readonly number[], b: readonly number[], count: number): number {
  for (let i = 0; i < count; i++) {
    const difference = (a[i]! - (b[i] ?? 0)) | 0
    if (difference !== 0) return difference
  }
  return 0
}

/** One 32-bit number of an IPv4 address, four of an IPv6 one. */
function words(address: Ip): number[] {
  const bytes = ipBytes(address)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i))
}

/** As glibc's qsort: halves, the smaller first, are sorted and merged, the left one first where they are equal. */
function mergeSorted<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  if (items.length < 2) return items
  const middle = items.length >> 1
  const left = mergeSorted(items.slice(0, middle), compare)
  const right = mergeSorted(items.slice(middle), compare)
  const merged: T[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) merged.push(compare(left[l]!, right[r]!) <= 0 ? left[l++]! : right[r++]!)
  return [...merged, ...left.slice(l), ...right.slice(r)]
}
