import { regexProblem } from '../model/page-regex.ts'
import type { Checker } from '../model/virtual-server.ts'

/** Why a checker cannot be run, or undefined if it can. It is said by name and counts as passing. */
export function unsupported(checker: Checker): string | undefined {
  if (checker.type !== 'HTTP_GET' && checker.type !== 'SSL_GET') return undefined
  for (const { regex } of checker.pages) {
    const problem = regex === undefined ? undefined : regexProblem(regex)
    if (problem !== undefined) return `the pattern ${regex?.pattern} is not understood (${problem})`
  }
  return undefined
}
