/**
 * Where the memory is kept between start and stop: /run/sluice/COOKIE/realserver.json, a file per network namespace. It
 * says which boot it belongs to, as cookies begin anew with the next one.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { attempt } from '../kernel/libc.ts'
import { runtimeDirectory } from '../kernel/runtime-directory.ts'
import { type Memory, NOTHING_REMEMBERED } from './memory.ts'

interface Contents {
  readonly boot: string
  readonly memory: Memory
}

export function readMemory(): Memory {
  const path = memoryPath()
  const text = attempt(`read ${path}`, () => readIfThere(path))
  if (text === undefined) return NOTHING_REMEMBERED
  const { boot, memory } = JSON.parse(text) as Contents
  return boot === bootId() ? memory : NOTHING_REMEMBERED
}

/** In one step: whoever reads sees the old memory or the new one. Nothing to remember is no file. */
export function writeMemory(memory: Memory): void {
  const path = memoryPath()
  const contents: Contents = { boot: bootId(), memory }
  attempt(`write ${path}`, () => {
    if (memory.addresses.length === 0) {
      rmSync(path, { force: true })
      return
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(`${path}.new`, `${JSON.stringify(contents, undefined, 2)}\n`)
    renameSync(`${path}.new`, path)
  })
}

function memoryPath(): string {
  return `${runtimeDirectory()}/realserver.json`
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
