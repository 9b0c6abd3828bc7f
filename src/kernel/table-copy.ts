/**
 * The table of the current namespace, copied: for questions that must not change anything. Opening it as others do would
 * attach the program to new interfaces.
 */
import { closeSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { REGION_NAMES, type RegionName, regionBytes, SETTINGS_BYTES, type TableFacts } from '../balancer/layout.ts'
import { Memory } from '../balancer/memory.ts'
import { readFacts } from '../balancer/settings.ts'
import { isAttachedIngress } from './attachment.ts'
import { mapMemory, openPinned, testRun } from './bpf.ts'
import { links } from './link.ts'
import { RouteSocket } from './route-socket.ts'
import { linkPath, tableDirectory } from './service-table.ts'
import { type XdpMode, xdpMode } from './xdp-hook.ts'

export interface TableCopy {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  /** When it was copied; packets went on meanwhile. */
  readonly jiffies: number
  /** The interfaces at which the program is, by number. */
  readonly attachedTo: ReadonlySet<number>
  /** How those meet packets at XDP that do. */
  readonly xdpModes: ReadonlyMap<number, XdpMode>
}

/** Undefined if there is no table. Throws KernelError without privilege. */
export function copyTable(): TableCopy | undefined {
  const directory = tableDirectory()
  if (!existsSync(join(directory, 'clock'))) return undefined
  const settings = copyRegion(directory, 'settings', SETTINGS_BYTES)
  const facts = readFacts(new Memory(settings))
  const bytes = regionBytes(facts.capacity)
  const regions = REGION_NAMES.map(name => [name, copyRegion(directory, name, bytes[name])] as const)
  const memory = Object.fromEntries(regions) as Record<RegionName, Uint8Array>
  using route = new RouteSocket()
  const numbers = links(route).map(({ ifindex }) => ifindex)
  return {
    facts,
    memory,
    jiffies: jiffies(directory),
    attachedTo: new Set(numbers.filter(ifindex => isAttachedIngress(route, ifindex, linkPath(directory, ifindex)))),
    xdpModes: new Map(
      numbers.flatMap(ifindex => {
        const mode = xdpMode(directory, ifindex)
        return mode === undefined ? [] : [[ifindex, mode]]
      }),
    ),
  }
}

function copyRegion(directory: string, name: RegionName, bytes: number): Uint8Array {
  return withPinned(join(directory, name), fd => {
    const mapping = mapMemory(fd, bytes, 'read')
    try {
      return mapping.bytes.slice()
    } finally {
      mapping.unmap()
    }
  })
}

function jiffies(directory: string): number {
  return withPinned(join(directory, 'clock'), clock => testRun(clock, new Uint8Array(64)).verdict)
}

function withPinned<T>(path: string, work: (fd: number) => T): T {
  const fd = openPinned(path)
  if (fd === undefined) throw new Error(`${path} is not there, though the table is`)
  try {
    return work(fd)
  } finally {
    closeSync(fd)
  }
}
