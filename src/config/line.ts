/** The words of a configuration file, each with the place it stands at, and the logical lines they make up. */
import type { Span } from '../diagnostics/diagnostic.ts'
import { splitWords } from './split-words.ts'

/** A word is its own span. `text` is without the quotes that the span includes. */
export interface Word extends Span {
  readonly text: string
  /** Where the definition that the word comes from was used: `$NAME`, or the line of a `~SEQ`. */
  readonly via?: Span | undefined
}

/** What a line is cut out of: a file, or text that was made. */
export interface LineSource {
  readonly file: string
  readonly text: string
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
  readonly source: LineSource
  /** The same line as characters, for keywords that split it by their own rules: up to `to`, where its brace stands. */
  readonly from: number
  readonly to: number

  constructor(keyword: string, wordCount: number, brace: '{' | '}' | '', source: LineSource, from: number, to: number) {
    this.keyword = keyword
    this.wordCount = wordCount
    this.brace = brace
    this.source = source
    this.from = from
    this.to = to
  }

  get words(): readonly Word[] {
    const { file, text } = this.source
    return splitWords(file, text, this.from, this.to, this.wordCount)
  }

  get text(): string {
    return this.source.text.slice(this.from, this.to)
  }

  /** The brace, or where one would stand: behind the last word. */
  get end(): Span {
    const start = this.brace === '' ? (this.words[this.wordCount - 1]?.end ?? this.to) : this.to
    return { file: this.source.file, start, end: start + 1 }
  }
}

/** A line of made text, whose words and brace know the places they come from. */
export class TracedLine extends Line {
  readonly #words: readonly Word[]
  readonly #end: Span

  constructor(line: Line, words: readonly Word[], end: Span) {
    super(words[0]?.text ?? '', words.length, line.brace, line.source, line.from, line.to)
    this.#words = words
    this.#end = end
  }

  override get words(): readonly Word[] {
    return this.#words
  }

  override get end(): Span {
    return this.#end
  }
}

/** A line of no words, for blocks that nobody wrote. */
export const NO_LINE: Line = new Line('', 0, '', { file: '', text: '' }, 0, 0)
