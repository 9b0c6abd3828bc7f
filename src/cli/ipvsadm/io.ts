import { once } from 'node:events'
import { type Names, systemNames } from './names.ts'

/** What a shell says of a process that died by SIGPIPE, as ipvsadm does. */
const SIGPIPE_STATUS = 128 + 13

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
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(SIGPIPE_STATUS) // the reader of a listing has seen enough
  })
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
