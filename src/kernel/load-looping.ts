/**
 * Loads programs as the running kernel can take them: with its own loop, `bpf_loop`, where it has one (Linux 5.17), else
 * with loops that its verifier walks through. What a kernel lacks that can take neither is said in one sentence.
 *
 * Everything else that the data path calls, Linux 5.15 has: timers (5.15), atomic compare-and-exchange (5.12),
 * `bpf_redirect_neigh` (5.10).
 */
import { release } from 'node:os'
import type { Looping } from '../balancer/program/sweep.ts'
import type { Shape } from '../balancer/shape.ts'
import type { ProgramSource } from '../bpf/compile.ts'
import { HELPER, helperName } from '../bpf/helper.ts'
import { Failure } from '../diagnostics/failure.ts'
import { NotDoneError } from '../model/virtual-service.ts'
import { VerifierError } from './bpf.ts'

/** Verifies and loads a program; throws VerifierError. */
export type Load = (source: ProgramSource) => number

/** What a walk goes through without `bpf_loop`: the older ones of a longer list would never get a connection. */
export const WALK_MAX_UNROLLED = 64

/** Throws Failure if the kernel lacks what the program calls. */
export function loadPlain(load: Load, source: ProgramSource): number {
  try {
    return load(source)
  } catch (error) {
    const missing = missingHelper(error)
    if (missing === undefined) throw error
    const sentence = `this kernel (${release()}) has no bpf_${helperName(missing)}: sluice needs Linux 5.15 or a later one`
    throw new Failure(sentence, 1, { cause: error })
  }
}

/** The same for programs with loops. */
export function loadLooping(load: Load, source: (looping: Looping) => ProgramSource): number {
  return loadPlain(program => withoutLoop(program, load, () => load(source('unrolled'))), source('helper'))
}

/** The same for the director of a table of this shape. Throws NotDoneError if without `bpf_loop` it asks for too much. */
export function loadDirector(load: Load, shape: Shape, source: (looping: Looping) => ProgramSource): number {
  const unrolled = () => {
    const { walkMax, schedulers } = shape
    if (walkMax > WALK_MAX_UNROLLED) throw tooMuch(`more than ${WALK_MAX_UNROLLED} servers in a service`)
    try {
      return load(source('unrolled'))
    } catch (error) {
      if (!(error instanceof VerifierError) || missingHelper(error) !== undefined) throw error
      throw tooMuch(`these schedulers together: ${schedulers.join(', ')}`)
    }
  }
  return loadPlain(program => withoutLoop(program, load, unrolled), source('helper'))
}

function withoutLoop(program: ProgramSource, load: Load, otherwise: () => number): number {
  try {
    return load(program)
  } catch (error) {
    if (missingHelper(error) !== HELPER.loop.id) throw error
    return otherwise()
  }
}

function tooMuch(what: string): NotDoneError {
  return new NotDoneError('EOPNOTSUPP', `${what}, on a kernel without bpf_loop (Linux 5.17; this one is ${release()})`)
}

/** The number of the helper that the kernel does not know, if that is why it refused. */
function missingHelper(error: unknown): number | undefined {
  if (!(error instanceof VerifierError)) return undefined
  const number = /invalid func [a-z_]+#(\d+)/.exec(error.log)?.[1]
  return number === undefined ? undefined : Number(number)
}
