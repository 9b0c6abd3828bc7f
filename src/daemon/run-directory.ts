/**
 * Where a daemon keeps what must outlive it: /run/sluice/COOKIE, one directory per network namespace, so that daemons in
 * several namespaces of one machine do not meet. /run is emptied at boot, as the kernel's state is that it describes.
 */
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
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

export function pidFilePath(): string {
  return join(runDirectoryPath(), 'daemon.pid')
}

export function heartbeatPath(): string {
  return join(runDirectoryPath(), 'active')
}

/** A daemon that ends in good order leaves nothing of its own; the directory stays if something else is in it. */
export function leaveRunDirectory(): void {
  rmSync(heartbeatPath(), { recursive: true, force: true })
  rmSync(pidFilePath(), { force: true })
  try {
    rmdirSync(runDirectoryPath())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
}
