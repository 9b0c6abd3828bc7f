/** What a pool hears from each kind of checker. */
import type { BfdChecker, Checker, FileChecker, RealServer } from '../model/virtual-server.ts'
import type { CheckerState } from './checker.ts'
import type { Opinion } from './pool.ts'

export function checkerOpinion(checker: Checker, { up, weight }: CheckerState, server: RealServer): Opinion {
  const wished = checker.type === 'MISC_CHECK' && checker.dynamic && weight !== undefined
  return { up, weight: wished ? weight - server.weight : 0 }
}

/** The number in the file times `weight` is added; with weight 0 a number other than 0 is a failure, or the only success. */
export function fileOpinion({ weight, reverse }: FileChecker, value: number): Opinion {
  if (weight === 0) return { up: (value === 0) !== reverse, weight: 0 }
  return { up: true, weight: value * weight * (reverse ? -1 : 1) }
}

/** `up`: undefined before anything is known of the session. */
export function bfdOpinion({ alpha }: BfdChecker, up: boolean | undefined): Opinion {
  return { up: up ?? !alpha, weight: 0 }
}
