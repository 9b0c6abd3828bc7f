/** The words of a configuration file, each with the place it stands at, and the logical lines they make up. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { splitWords } from './split-words.ts'

/** A word is its own span. `text` is without the quotes that the span includes. */
export interface Word extends Span {
  readonly text: string
  /** Where the definition that the word comes from was used: `$NAME`, or the line of a `~SEQ`. */
  readonly via?: Span | undefined
}

/**
 * A keyword with its words, up to the end of the line or a brace, whichever comes first; a brace may stand alone. There
 * can be a million lines, so a line holds its place and its keyword; the words are made when somebody asks for them.
 */
export class Line {
  /** The first word, without quotes; empty if there is none. */
  readonly keyword: string
  readonly wordCount: number
  readonly brace: '{' | '}' | ''
  readonly file: string
  /** The same line as characters, for keywords that split it by their own rules: `text.slice(from, to)`. */
  readonly text: string
  readonly from: number
  readonly to: number
  /** The offset of the brace, or where one would stand. */
  readonly endAt: number
  readonly #traced: readonly Word[] | undefined

  /** `traced`: the words of a line that stands nowhere in this form, each with the place it comes from. */
  constructor(
    keyword: string,
    wordCount: number,
    brace: '{' | '}' | '',
    file: string,
    endAt: number,
    text: string,
    from: number,
    to: number,
    traced?: readonly Word[],
  ) {
    this.keyword = keyword
    this.wordCount = wordCount
    this.brace = brace
    this.file = file
    this.text = text
    this.from = from
    this.to = to
    this.endAt = endAt
    this.#traced = traced
  }

  get words(): readonly Word[] {
    return this.#traced ?? splitWords(this.file, this.text, this.from, this.to)
  }

  /** The brace, or where one would stand: behind the last word. */
  get end(): Span {
    return { file: this.file, start: this.endAt, end: this.endAt + 1 }
  }
}

/** A line of no words, for blocks that nobody wrote. */
export const NO_LINE: Line = new Line('', 0, '', '', 0, '', 0, 0)
