/** The words of a configuration file, each with the place it stands at, and the logical lines they make up. */
import type { Span } from '../diagnostics/diagnostic.ts'

/** A word is its own span. `text` is without the quotes that the span includes. */
export interface Word extends Span {
  readonly text: string
  /** Where the definition that the word comes from was used: `$NAME`, or the line of a `~SEQ`. */
  readonly via?: Span | undefined
}

/** A keyword with its words, up to the end of the line or a brace, whichever comes first; a brace may stand alone. */
export interface Line {
  readonly words: readonly Word[]
  readonly brace: '{' | '}' | ''
  /** The brace, or where one would stand: behind the last word. */
  readonly end: Span
  /** The same line as characters, for keywords that split it by their own rules: `text.slice(from, to)`. */
  readonly text: string
  readonly from: number
  readonly to: number
}
