/** The number in a tracked file, and when it is another. */
import { existsSync, readFileSync, type StatWatcher, unwatchFile, watch, watchFile, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { TrackedFile } from '../model/script.ts'

/** Where a folder cannot be watched, the file is looked at this often. */
const POLL_MS = 1000

export function followFile(
  { path, init }: TrackedFile,
  onValue: (value: number) => void,
): { readonly value: number; readonly close: () => void } {
  if (init !== undefined && (init.overwrite || !existsSync(path))) initialise(path, init.value)
  const look = () => onValue(numberIn(path))
  return { value: numberIn(path), close: watchPath(path, look) }
}

/** The folder is watched, not the file: people replace files by renaming others over them. */
function watchPath(path: string, onChange: () => void): () => void {
  try {
    const name = basename(path)
    const watcher = watch(dirname(path), (_, changed) => {
      if (changed === null || changed === name) onChange()
    })
    watcher.on('error', () => {})
    return () => watcher.close()
  } catch {
    const watcher: StatWatcher = watchFile(path, { interval: POLL_MS }, onChange)
    watcher.unref()
    return () => unwatchFile(path, onChange)
  }
}

/** A file that is missing or says no number counts as 0. */
function numberIn(path: string): number {
  try {
    return Number(/^\s*([+-]?\d{1,10})\b/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function initialise(path: string, value: number): void {
  try {
    writeFileSync(path, `${value}\n`)
  } catch {
    // It counts as 0 then; whoever writes it later is heard.
  }
}
