import { closeSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '../bpf/compile.ts'
import { decapsulator } from '../realserver/decapsulate.ts'
import { attachIngress, detachIngress } from './attachment.ts'
import { loadProgram } from './bpf.ts'
import { bpfFilesystem } from './bpf-filesystem.ts'
import { getLink } from './link.ts'
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
  const program = loadProgram(compile(decapsulator(guePorts)), {})
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
    inNamespace(home, () => detachDecapsulation(interfaces))
    home.close()
  }
}

/** Undoes it; interfaces that are gone, or never had it, are passed over. */
export function detachDecapsulation(interfaces: readonly string[]): void {
  const pins = directory()
  using route = new RouteSocket()
  for (const name of interfaces) {
    const { ifindex } = getLink(route, name)
    detachIngress(route, ifindex, join(pins, `link-${ifindex}`))
  }
  rmSync(pins, { recursive: true, force: true })
}
