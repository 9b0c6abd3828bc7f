import { basename } from 'node:path'
import type { TrackedProcess } from '../model/script.ts'

/** A process as the kernel tells of it: its name, cut to 15 bytes, and the words it was started with. */
export interface SeenProcess {
  readonly name: string
  readonly argv: readonly string[]
}

/** The kernel keeps 15 bytes of a name (TASK_COMM_LEN). */
const NAME_BYTES = 15

/** Whether this is a process of the kind that is tracked. */
export function matchProcess(tracked: TrackedProcess, { name, argv }: SeenProcess): boolean {
  const [program = ''] = argv
  const named = tracked.fullCommand
    ? program === tracked.command
    : name === cut(basename(tracked.command)) || program === tracked.command || basename(program) === tracked.command
  return (
    named && (tracked.parameters === undefined || matchParameters(tracked.parameters, tracked.match, argv.slice(1)))
  )
}

function matchParameters(wanted: readonly string[], match: TrackedProcess['match'], found: readonly string[]): boolean {
  if (match === 'exact' && found.length !== wanted.length) return false
  return wanted.every((word, i) => {
    const last = i === wanted.length - 1
    return match === 'partial' && last ? (found[i]?.startsWith(word) ?? false) : found[i] === word
  })
}

function cut(name: string): string {
  return Buffer.from(name).subarray(0, NAME_BYTES).toString()
}
