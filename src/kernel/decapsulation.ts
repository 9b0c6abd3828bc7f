import { closeSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { decapsulator } from '../realserver/decapsulate.ts'
import { attachIngress, detachIngress } from './attachment.ts'
import { loadSource } from './bpf.ts'
import { bpfFilesystem } from './bpf-filesystem.ts'
import { getLink, links } from './link.ts'
import { currentNamespace, inNamespace, namespaceCookie } from './namespace.ts'
import { RouteSocket } from './route-socket.ts'

/** Where the programs of this namespace's real server are pinned: they stay when their maker is gone. */
function directory(): string {
  return join(bpfFilesystem(), `realserver-${namespaceCookie()}`)
}

/**
 * Unwraps tunnels that arrive at these interfaces, GUE at these UDP ports. Returns what undoes it, from wherever it is
 * called.
 */
export function attachDecapsulation(interfaces: readonly string[], guePorts: readonly number[]): () => void {
  const pins = directory()
  mkdirSync(pins, { recursive: true })
  const program = loadSource(decapsulator(guePorts), {})
  using route = new RouteSocket()
  try {
    for (const name of interfaces) {
      const { ifindex } = getLink(route, name)
      const pin = join(pins, `link-${ifindex}`)
      // A program for other ports may be there: what runs is what was asked for last.
      if (existsSync(pin)) detachIngress(route, ifindex, pin)
      attachIngress(route, program, ifindex, pin)
    }
  } finally {
    closeSync(program)
  }
  const home = currentNamespace()
  return () => {
    inNamespace(home, () => detachDecapsulation())
    home.close()
  }
}

/** Undoes it on every interface; where it was not done, nothing happens. */
export function detachDecapsulation(): void {
  const pins = directory()
  if (!existsSync(pins)) return
  using route = new RouteSocket()
  for (const { ifindex } of links(route)) detachIngress(route, ifindex, join(pins, `link-${ifindex}`))
  rmSync(pins, { recursive: true, force: true })
}

/** The interfaces at which tunnels are unwrapped. */
export function decapsulatingInterfaces(): readonly string[] {
  const pins = directory()
  if (!existsSync(pins)) return []
  using route = new RouteSocket()
  const pinned = new Set(readdirSync(pins))
  return links(route)
    .filter(({ ifindex }) => pinned.has(`link-${ifindex}`))
    .map(({ name }) => name)
}
