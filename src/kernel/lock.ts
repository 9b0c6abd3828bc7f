/** Locks on open files (flock(2)), which the kernel releases when the last descriptor is closed. */
import { isKernelError } from './errors.ts'
import { call, flock } from './libc.ts'

const LOCK_EX = 2
const LOCK_NB = 4

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
