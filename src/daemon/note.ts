/**
 * A value in a small file that survives the process: what we put into the kernel, so that whoever comes after a crash
 * knows it from what others put there. Written whole or not at all; what cannot be read counts as never written.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

export interface Note<T> {
  read(): T | undefined
  write(value: T): void
  remove(): void
}

/** `valid` judges what was read: the file may be another version's, or damaged. */
export function openNote<T>(path: string, valid: (value: unknown) => value is T): Note<T> {
  return {
    read: () => {
      try {
        const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
        return valid(value) ? value : undefined
      } catch {
        return undefined
      }
    },
    write: value => {
      writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },
    remove: () => rmSync(path, { force: true }),
  }
}
