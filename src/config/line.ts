/** The words of a configuration file, each with the place it stands at, and the logical lines they make up. */
import type { Span } from '../diagnostics/diagnostic.ts'

/** A word is its own span. `text` is without the quotes that the span includes. */
export interface Word extends Span {
  readonly text: string
  /** Where the definition that the word comes from was used: `$NAME`, or the line of a `~SEQ`. */
  readonly via?: Span | undefined
}

/** A keyword with its words, up to the end of the line or a brace, whichever comes first; a brace may stand alone. */
export class Line {
  readonly words: readonly Word[]
  readonly brace: '{' | '}' | ''
  /** The same line as characters, for keywords that split it by their own rules: `text.slice(from, to)`. */
  readonly text: string
  readonly from: number
  readonly to: number
  readonly #file: string
  readonly #endAt: number

  /** `endAt` is the offset of the brace, or where one would stand. */
  constructor(
    words: readonly Word[],
    brace: '{' | '}' | '',
    file: string,
    endAt: number,
    text: string,
    from: number,
    to: number,
  ) {
    this.words = words
    this.brace = brace
    this.text = text
    this.from = from
    this.to = to
    this.#file = file
    this.#endAt = endAt
  }

  /** The brace, or where one would stand: behind the last word. There can be a million lines: it is made when asked for. */
  get end(): Span {
    return { file: this.#file, start: this.#endAt, end: this.#endAt + 1 }
  }
}

/** A line of no words, for blocks that nobody wrote. */
export const NO_LINE: Line = new Line([], '', '', 0, '', 0, 0)
