/**
 * The lookup table of mh as the kernel fills it (ip_vs_mh.c): the destinations take turns, in list order, each as many
 * entries a turn as its weight demands, and each along its own permutation of the table's places.
 *
 * The weight that counts is the last one above zero: a drained server keeps its places, so that nobody else's clients
 * move when it goes and comes back.
 */
import { foldAddress } from './address-hash.ts'
import { sipHash } from './siphash.ts'

/** The kernel's CONFIG_IP_VS_MH_TAB_INDEX is 12: the fifth of its primes, and weights of at most six bits. */
export const MAGLEV_ENTRIES = 4093
const WEIGHT_BITS = 6
export const PLACE_KEY = 2654435761n
const STRIDE_KEY = 2654446892n

export interface MaglevServer {
  /** IPv4 or IPv6, as in a packet. */
  readonly address: Uint8Array
  readonly port: number
  readonly lastWeight: number
}

/** Which server each entry names, as an index into `servers`; undefined if nobody has ever had a weight. */
export function maglevTable(servers: readonly MaglevServer[]): Uint16Array | undefined {
  const weights = servers.map(server => server.lastWeight)
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  if (divisor === 0) return undefined
  const largest = Math.max(...weights) / divisor
  const shift = Math.max(0, 32 - Math.clz32(largest) - WEIGHT_BITS)
  const walkers = servers.map(({ address, port, lastWeight }) => {
    const number = (foldAddress(address) + port) >>> 0
    return {
      place: sipHash(number, PLACE_KEY) % MAGLEV_ENTRIES,
      stride: (sipHash(number, STRIDE_KEY) % (MAGLEV_ENTRIES - 1)) + 1,
      turns: lastWeight === 0 ? 0 : Math.max(1, Math.floor(lastWeight / divisor) >> shift),
    }
  })
  const table = new Uint16Array(MAGLEV_ENTRIES)
  const taken = new Uint8Array(MAGLEV_ENTRIES)
  let left = MAGLEV_ENTRIES
  for (;;) {
    for (const [server, walker] of walkers.entries()) {
      for (let turn = 0; turn < walker.turns; turn++) {
        while (taken[walker.place] === 1) walker.place = (walker.place + walker.stride) % MAGLEV_ENTRIES
        taken[walker.place] = 1
        table[walker.place] = server
        if (--left === 0) return table
      }
    }
  }
}

/** Of anything and 0 it is the other. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
