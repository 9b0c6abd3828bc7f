/** Locks on open files (flock(2)), which the kernel releases when the last descriptor is closed. */
import { isKernelError } from './errors.ts'
import { call, flock } from './libc.ts'

const LOCK_EX = 2
const LOCK_NB = 4
const LOCK_UN = 8

/** Takes the lock if nobody else holds it; false if somebody does. */
export function tryLock(fd: number): boolean {
  try {
    call('lock a file', flock(fd, LOCK_EX | LOCK_NB))
    return true
  } catch (error) {
    if (isKernelError(error, 'EAGAIN', 'EWOULDBLOCK')) return false
    throw error
  }
}

/** Waits until nobody else holds the lock, and takes it. */
export function lock(fd: number): void {
  call('lock a file', flock(fd, LOCK_EX))
}

export function unlock(fd: number): void {
  call('unlock a file', flock(fd, LOCK_UN))
}
