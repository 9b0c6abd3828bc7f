/** Named pipes that are written whether or not somebody reads. */
import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { attempt, errno, mkfifo, refused } from './libc.ts'

const EEXIST = 17

export class Fifo {
  readonly #path: string
  readonly #fd: number
  readonly #made: boolean

  /** Makes the pipe if there is none, and removes it again when it is closed. */
  constructor(path: string) {
    this.#path = path
    this.#made = mkfifo(path, 0o600) === 0
    if (!this.#made && errno() !== EEXIST) throw refused(`make the pipe ${path}`, errno())
    // Open for reading too: there is a reader then, so that a write neither fails nor ends with SIGPIPE.
    this.#fd = attempt(`open the pipe ${path}`, () => openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
    if (!fstatSync(this.#fd).isFIFO()) {
      closeSync(this.#fd)
      throw new Error(`${path} is not a pipe: remove it, or name another path`)
    }
  }

  /** False if the pipe is full because nobody reads: the line is lost then, and whole. */
  write(line: string): boolean {
    try {
      return writeSync(this.#fd, line) === line.length
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
      throw error
    }
  }

  close(): void {
    closeSync(this.#fd)
    if (this.#made) rmSync(this.#path, { force: true })
  }
}

/**
 * One line into a pipe that is somebody else's: who made it may make it anew at any time, so it is not held open. False
 * if there is no such pipe now, or it is full.
 */
export function writeToPipe(path: string, line: string): boolean {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  try {
    return fstatSync(fd).isFIFO() && writeSync(fd, line) === line.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
    throw error
  } finally {
    closeSync(fd)
  }
}
