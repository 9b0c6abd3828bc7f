/** What is different about the packet that leaves: found by comparing it with the one that came. */
import type { Step } from './explanation.ts'
import { frameLayers, type Layer, packetBytes } from './frame-layers.ts'

export function changesStep(before: Uint8Array, after: Uint8Array, guePort: number | undefined): Step {
  const [ethernetBefore, ...old] = frameLayers(before)
  const [ethernetAfter, ...fresh] = frameLayers(after, guePort)
  // What was put before the packet: everything that is not one of its own layers, which are the last ones.
  const wrapping = fresh.slice(0, Math.max(0, fresh.length - old.length))
  const own = fresh.slice(wrapping.length)
  const rows = [
    ...wrapping.map(({ name, fields }) => ['+', name, '', '', wrapText(name, fields)]),
    ...[ethernetBefore, ...old].flatMap((layer, i) => layerRows(layer, i === 0 ? ethernetAfter : own[i - 1])),
  ]
  const grown = packetBytes(after) - packetBytes(before)
  const lines = grown === 0 ? [] : [`${packetBytes(before)} bytes become ${packetBytes(after)}`]
  return {
    about: 'changes',
    lines: rows.length === 0 ? [...lines, 'none'] : lines,
    ...(rows.length === 0 ? {} : { table: [['', 'layer', 'field', 'before', 'after'], ...rows] }),
  }
}

function layerRows(before: Layer | undefined, after: Layer | undefined): readonly (readonly string[])[] {
  if (before === undefined || after === undefined) return []
  return Object.entries(before.fields).flatMap(([field, was]) => {
    const is = after.fields[field]
    return is === undefined || is === was ? [] : [['', before.name, field, was, is]]
  })
}

/** An outer header of IPv4 may have any identification: its checksum is not told. */
function wrapText(name: string, fields: Layer['fields']): string {
  return Object.entries(fields)
    .filter(([field]) => name !== 'IPv4' || field !== 'checksum')
    .map(([field, value]) => `${field} ${value}`)
    .join(', ')
}
