/** What the rules of `sluice check` share: the configuration, where its parts were written, and where to complain. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts'
import type { Configuration } from '../../model/configuration.ts'
import type { Origin } from '../context.ts'
import { argumentsOf, headerSpan, keywordOf, type Statement } from '../statement.ts'

export interface Judged {
  readonly configuration: Configuration
  readonly origins: ReadonlyMap<object, Origin>
}

export type Rule = (judged: Judged) => Iterable<Diagnostic>

/** Where a part of the model was written: the header of its block. */
export function placeOf({ origins }: Judged, part: object): Span {
  const origin = origins.get(part)
  return origin === undefined ? { file: '', start: 0, end: 0 } : headerSpan(origin.statement)
}

/** Where the value of a keyword of that part stands; the header if it is a default. */
export function valuePlace(judged: Judged, part: object, ...keywords: readonly string[]): Span {
  const origin = judged.origins.get(part)
  const statement = keywords.map(keyword => origin?.at(keyword)).find(each => each !== undefined)
  return statement === undefined ? placeOf(judged, part) : valueSpan(statement)
}

/** Whether the keyword was written at all. */
export function isWritten({ origins }: Judged, part: object, ...keywords: readonly string[]): boolean {
  const origin = origins.get(part)
  return keywords.some(keyword => origin?.at(keyword) !== undefined)
}

/** The words behind the keyword of a statement, or the keyword if nothing follows it. */
export function valueSpan(statement: Statement): Span {
  const words = argumentsOf(statement)
  const first = words[0]
  const last = words[words.length - 1]
  if (first === undefined || last === undefined || first.file !== last.file) return headerSpan(statement)
  return { file: first.file, start: first.start, end: Math.max(last.end, first.end) }
}

/** The entries of an entry block, in the order of the text: where the i-th address of an instance stands. */
export function entryPlace(judged: Judged, part: object, keyword: string, index: number): Span {
  const blocks = judged.origins.get(part)?.statement.children?.filter(child => keywordOf(child) === keyword) ?? []
  const word = blocks.flatMap(block => block.children ?? [])[index]?.line.words[0]
  return word ?? placeOf(judged, part)
}

/** `2.5 s`, `10 s`. */
export function secondsText(ms: number): string {
  return `${Number((ms / 1000).toFixed(6))} s`
}
