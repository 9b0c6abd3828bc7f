/** Asks the daemon of this network namespace, for `sluice status` and its kin. */
import type { Snapshot } from '../observe/snapshot.ts'

/** No daemon answers here: the message says so, and what to do. */
export class NoDaemonError extends Error {
  override readonly name = 'NoDaemonError'
}

/** Throws NoDaemonError if none runs in this network namespace. */
export async function requestStatus(): Promise<Snapshot> {
  throw new Error('not there yet')
}
