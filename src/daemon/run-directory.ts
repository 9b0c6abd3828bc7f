/**
 * Where a daemon keeps what must outlive it: /run/sluice/COOKIE, one directory per network namespace, so that daemons in
 * several namespaces of one machine do not meet. Others of ours keep files there too.
 */
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeDirectory } from '../kernel/runtime-directory.ts'

/** What is noted for the next daemon, should this one not end in good order. */
const NOTES = ['addresses.json', 'routing.json', 'services.json', 'drained.json', 'active'] as const

/** The path of a file of the daemon in the directory of this process's network namespace. */
export function runFile(name: 'control.sock' | 'daemon.pid' | (typeof NOTES)[number]): string {
  return join(runtimeDirectory(), name)
}

/** Makes the directory if it is missing. What was noted there in another boot is about a kernel that is no more. */
export function enterRunDirectory(): void {
  mkdirSync(runtimeDirectory(), { recursive: true, mode: 0o755 })
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  if (readText(bootFile()) === boot) return
  for (const name of NOTES) rmSync(runFile(name), { recursive: true, force: true })
  writeFileSync(bootFile(), boot)
}

/** A daemon that ends in good order leaves nothing of its own; the directory stays if something else is in it. */
export function leaveRunDirectory(): void {
  for (const name of ['control.sock', 'daemon.pid', ...NOTES] as const)
    rmSync(runFile(name), { recursive: true, force: true })
  rmSync(bootFile(), { force: true })
  try {
    rmdirSync(runtimeDirectory())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
}

function bootFile(): string {
  return join(runtimeDirectory(), 'boot_id')
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
