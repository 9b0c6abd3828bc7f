/** What the JSON of a page says about a member, and whether that is what was wished. */
import type { JsonWish } from '../model/virtual-server.ts'

/** Why the text is not as wished; undefined if it is. */
export function jsonProblem(text: string, wishes: readonly JsonWish[]): string | undefined {
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    return 'is not JSON'
  }
  for (const { path, steps, value } of wishes) {
    const member = steps.reduce(memberOf, root)
    if (member === undefined) return `has no ${path}`
    const said = typeof member === 'string' ? member : JSON.stringify(member)
    if (value === undefined ? member === false || member === null : said !== value)
      return `says that ${path} is ${said.slice(0, SAID_LENGTH_MAX)}`
  }
  return undefined
}

const SAID_LENGTH_MAX = 80

/** Own members alone: no page has a `constructor`. */
function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Readonly<Record<string | number, unknown>>)[step]
}
