/** The tree that lines and braces make: a keyword with its words, and for a block what is inside. */
import type { Span } from '../diagnostics/diagnostic.ts'
import type { Line, Word } from './line.ts'

export interface Statement {
  readonly line: Line
  /** Undefined: no block. */
  readonly children: readonly Statement[] | undefined
}

export function keywordOf(statement: Statement): string {
  return statement.line.keyword
}

/** The words behind the keyword. */
export function argumentsOf(statement: Statement): readonly Word[] {
  return statement.line.words.slice(1)
}

/** The keyword and its words as one span, without the brace. */
export function headerSpan(statement: Statement): Span {
  const { words, end } = statement.line
  const first = words[0] ?? end
  const last = words[words.length - 1] ?? end
  return {
    file: first.file,
    start: first.start,
    end: last.file === first.file ? Math.max(last.end, first.end) : first.end,
  }
}

/** `real_server 192.168.41.31 80`, for messages. */
export function headerText(statement: Statement): string {
  return statement.line.words.map(word => word.text).join(' ')
}
