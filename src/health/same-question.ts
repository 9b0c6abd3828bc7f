import type { ProbedChecker } from './probe.ts'

/** The same question to the same target: a reload carries its answer over. New timing holds from the next probe on. */
export function sameQuestion(old: ProbedChecker, current: ProbedChecker): boolean {
  const question = (checker: ProbedChecker) => JSON.stringify({ ...checker, schedule: undefined })
  return question(old) === question(current)
}
