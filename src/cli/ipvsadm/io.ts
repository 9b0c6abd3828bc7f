import { once } from 'node:events'
import { type Names, systemNames } from './names.ts'

/** Where ipvsadm reads and prints, so that tests need no process. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** A promise is waited for: a listing is not made faster than it is read. */
  readonly stdout: (text: string) => void | Promise<void>
  readonly stderr: (text: string) => void
  readonly names: Names
}

/** The streams of this process and the names that its machine knows. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: async text => {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    stderr: text => {
      process.stderr.write(text)
    },
    names: systemNames(),
  }
}
