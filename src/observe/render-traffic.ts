/** Traffic as a table for a terminal: a line for each service, one for each of its servers. */
import type { Flow, ServiceTraffic } from './traffic.ts'

const HEADS = ['', '', 'weight', 'active', 'inactive', 'conn/s', 'pkt/s in', 'pkt/s out', 'B/s in', 'B/s out'] as const

/** Of the busiest services as many lines as there may be, and how many are not shown. */
export function renderTraffic(
  services: readonly ServiceTraffic[],
  linesMax: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  if (services.length === 0) return ['no services']
  const rows = services.flatMap(service => [
    [service.service, service.scheduler, '', ...flowCells(service)],
    ...service.servers.map(server => [
      `  ${server.server}`,
      server.health ?? '',
      String(server.weight),
      ...flowCells(server),
    ]),
  ])
  const fit = rows.length + 1 <= linesMax ? rows : rows.slice(0, Math.max(0, linesMax - 2))
  const lines = aligned([HEADS, ...fit])
  return fit.length === rows.length ? lines : [...lines, `… ${rows.length - fit.length} lines more`]
}

function flowCells({ active, inactive, rates }: Flow): readonly string[] {
  const { connections, inPackets, outPackets, inBytes, outBytes } = rates
  return [String(active), String(inactive), ...[connections, inPackets, outPackets, inBytes, outBytes].map(rateText)]
}

/** Names to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEADS.map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
  return rows.map(row =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** `0`, `0.4`, `12`, `1.2k`, `3.4M`, `5.6G`. */
export function rateText(rate: number): string {
  if (rate < 0.05) return '0'
  if (rate < 9.95) return rate.toFixed(1)
  if (rate < 999.5) return rate.toFixed(0)
  const units = ['k', 'M', 'G', 'T']
  let scaled = rate / 1000
  let unit = 0
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  return `${scaled < 9.95 ? scaled.toFixed(1) : scaled.toFixed(0)}${units[unit]}`
}
