/**
 * A file that one process at a time holds, with its pid inside. The kernel lets go of it when the process ends, however
 * it ends, so that no stale file ever keeps anybody out.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { tryLock } from '../kernel/lock.ts'

export type LockFile =
  | { readonly ours: true; readonly fd: number }
  /** Whoever holds it wrote this. */
  | { readonly ours: false; readonly holder: string }

export function lockFile(path: string): LockFile {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644)
    if (!tryLock(fd)) {
      closeSync(fd)
      return { ours: false, holder: readFileSync(path, 'utf8').trim() }
    }
    // The holder before us may have removed the file between our opening it and our locking it.
    if (statSync(path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) {
      closeSync(fd)
      continue
    }
    ftruncateSync(fd)
    writeSync(fd, `${process.pid}\n`, 0)
    return { ours: true, fd }
  }
}
