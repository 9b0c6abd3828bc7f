/** What a daemon says of its connection tables: packets that were dropped for want of room, and that room runs out. */
import type { DataPathSnapshot } from './snapshot.ts'

/** From this part of the places on, a table is called nearly full. */
const NEARLY_FULL = 0.9

/** Lines for the log, of what has come since the snapshot before. */
export function tableNews(before: DataPathSnapshot | undefined, now: DataPathSnapshot): readonly string[] {
  const dropped = (now.refusals['table-full'] ?? 0) - (before?.refusals['table-full'] ?? 0)
  if (dropped <= 0) return []
  const { ipv4, ipv6 } = now.connections
  return [
    `the connection table is full: ${dropped} packets that would have begun connections were dropped (${ipv4.taken} of ${ipv4.places} places taken for IPv4, ${ipv6.taken} of ${ipv6.places} for IPv6); a larger conn_tab_bits makes room`,
  ]
}

/** What is wrong as long as it is so. */
export function tableAlarms({ connections }: DataPathSnapshot): readonly string[] {
  return (['ipv4', 'ipv6'] as const).flatMap(family => {
    const { places, taken } = connections[family]
    const name = family === 'ipv4' ? 'IPv4' : 'IPv6'
    if (taken < NEARLY_FULL * places) return []
    return [`the connection table of ${name} is nearly full: ${taken} of ${places} places are taken`]
  })
}
