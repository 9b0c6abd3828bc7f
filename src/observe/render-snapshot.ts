/** A snapshot as a person reads it in a terminal: who is active, what is up, what is wrong. */
import type { Snapshot } from './snapshot.ts'

export function renderSnapshot(snapshot: Snapshot): string {
  return `${snapshot.routerId}\n`
}
