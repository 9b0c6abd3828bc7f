import { constants, setPriority } from 'node:os'

/** Before other processes where processor time is short; where that is not granted, it takes its turn like others. */
export function goFirst(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST)
  } catch {
    // A container may not allow it.
  }
}
