/**
 * Where a daemon keeps what must outlive it: /run/sluice/COOKIE, one directory per network namespace, so that daemons in
 * several namespaces of one machine do not meet. /run is emptied at boot, as the kernel's state is that it describes.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { namespaceCookie } from '../kernel/namespace.ts'

/** The directory of this process's network namespace, made if it is missing. */
export function runDirectory(): string {
  const path = runDirectoryPath()
  mkdirSync(path, { recursive: true, mode: 0o755 })
  return path
}

export function runDirectoryPath(): string {
  return join('/run/sluice', String(namespaceCookie()))
}

export function controlSocketPath(): string {
  return join(runDirectoryPath(), 'control.sock')
}
