/**
 * The entry of the supervisor's children. The supervisor starts its own executable again with the hidden arguments
 * `daemon-child elections` or `daemon-child checkers`.
 */
import type { Role } from '../observe/snapshot.ts'

/** The first hidden argument: the command line hands what follows to `runChild`. */
export const CHILD_COMMAND = 'daemon-child'

/** Never returns while the child has work; ends with the process. */
export async function runChild(_role: Role): Promise<void> {
  throw new Error('not there yet')
}
