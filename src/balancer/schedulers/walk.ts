/**
 * Loops that take as many rounds as a service has destinations, or a lookup table entries.
 *
 * The kernel's `bpf_loop` (Linux 5.17) runs them: the body is a function of its own, verified once however long the
 * list, and its notes are on the stack, where the function finds them. Where there is no `bpf_loop` the verifier walks
 * through the rounds; that takes it long, so it is asked for no more than 64: of a longer list the oldest are not seen.
 * What a round does is the same text.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import type { TableFacts } from '../layout.ts'
import type { Looping } from '../program/sweep.ts'
import { Tables } from '../program/tables.ts'
import type { Shape } from '../shape.ts'
import type { Site } from './choice.ts'

const UNROLLED_ROUNDS_MAX = 66
/** The most that any walk remembers. */
const NOTES_MAX = 6

/** What a walk remembers from one round to the next, and what is known after it: numbers of 64 bits by their index. */
export interface Notes {
  get(note: number): Value
  set(note: number, value: Scalar): void
}

export interface Walk {
  /** The function's, where it is one. */
  readonly name: string
  /** May use of the place only code, tables and shape. `leave` ends the walk. */
  readonly step: (site: Site, notes: Notes, round: Value, leave: () => void) => void
}

/** Walks up to `rounds` rounds, from notes that start with these values; returns them as they are at the end. */
export function walk(site: Site, it: Walk, rounds: number, start: readonly Scalar[]): Notes {
  const { code, scratch } = site
  if (scratch === undefined) {
    const variables = start.map(value => code.variable(value))
    const notes: Notes = {
      get: note => code.variable(variables[note]!),
      set: (note, value) => variables[note]!.set(value),
    }
    code.repeat(Math.min(rounds, UNROLLED_ROUNDS_MAX), (round, leave) => it.step(site, notes, round, leave))
    return notes
  }
  const notes: Notes = {
    get: note => scratch.get([8 * note, 'u64']),
    set: (note, value) => scratch.set([8 * note, 'u64'], value),
  }
  for (const [note, value] of start.entries()) notes.set(note, value)
  code.call(HELPER.loop, rounds, code.callback(it.name), scratch.address(), 0)
  return notes
}

/** Memory for the notes of one walk at a time, if the kernel is to loop through them. */
export function scratchFor(code: Code, looping: Looping): Pointer | undefined {
  return looping === 'helper' ? code.frame(8 * NOTES_MAX) : undefined
}

/** The function of a walk, for the program's list of callbacks; one that the program does not refer to is left out. */
export function walkCallback(
  facts: TableFacts,
  shape: Shape,
  it: Walk,
  family: IpFamily = 4,
): NonNullable<ProgramSource['callbacks']>[string] {
  const body = (code: Code) => {
    const memory = code.pointer(code.parameter(1), 8 * NOTES_MAX)
    const notes: Notes = {
      get: note => memory.get([8 * note, 'u64']),
      set: (note, value) => memory.set([8 * note, 'u64'], value),
    }
    const site: Site = { code, tables: new Tables(code, facts, family), shape, scratch: undefined }
    it.step(site, notes, code.parameter(0), () => code.exit(1))
    code.exit(0)
  }
  return { parameters: 2, body }
}
