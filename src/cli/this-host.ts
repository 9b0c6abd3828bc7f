/** This machine as `sluice check` looks at it: its interfaces with their addresses, and its programs. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Host } from '../config/check/host.ts'
import { addresses } from '../kernel/address.ts'
import { links } from '../kernel/link.ts'
import { RouteSocket } from '../kernel/route-socket.ts'

const WRITABLE_BY_OTHERS = 0o022
const EXECUTABLE = 0o111
/** A directory such as /tmp, where nobody may replace the files of others. */
const STICKY = 0o1000

/** The kernel is asked when the first judgement needs it. */
export function thisHost(): Host {
  let known: Host['interfaces'] | undefined
  return {
    get interfaces() {
      known ??= interfaces()
      return known
    },
    program,
  }
}

function interfaces(): Host['interfaces'] {
  const route = new RouteSocket()
  try {
    const all = addresses(route)
    return links(route).map(({ name, ifindex }) => ({ name, addresses: all.filter(each => each.ifindex === ifindex) }))
  } finally {
    route.close()
  }
}

/** Whoever may write to a program, or put another in its place, decides what it does. */
function program(path: string): { executable: boolean; writableByOthers: boolean } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile()) return undefined
  return {
    executable: (stat.mode & EXECUTABLE) !== 0,
    writableByOthers: (stat.mode & WRITABLE_BY_OTHERS) !== 0 || isReplaceable(path),
  }
}

function isReplaceable(path: string): boolean {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const mode = statSync(directory, { throwIfNoEntry: false })?.mode ?? 0
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) return true
    if (directory === dirname(directory)) return false
  }
}
