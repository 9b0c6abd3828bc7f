/** What the elaboration of one block needs to know of the rest, and where it tells what it found. */
import type { Report } from './keyword.ts'
import type { Statement } from './statement.ts'

/** Where a part of the model was written. */
export interface Origin {
  readonly statement: Statement
  /** The statement of one of its keywords; undefined: the value is a default. */
  at(keyword: string): Statement | undefined
}

export interface Context {
  readonly report: Report
  /** Where each object of the model comes from, for the judgements of `check`. */
  readonly origins: Map<object, Origin>
}

/** Notes where a part of the model comes from and hands it on. */
export function from<T extends object>(context: Context, origin: Origin, part: T): T {
  context.origins.set(part, origin)
  return part
}
