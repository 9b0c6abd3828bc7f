/** A file's text and the way from an offset in it to the line and column that people count. */

/** Line and column count from 1; a column is one character as a person sees it (a code point). */
export interface Position {
  readonly line: number
  readonly column: number
}

export class Source {
  readonly file: string
  readonly text: string
  #lineStarts: readonly number[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  position(offset: number): Position {
    const line = this.lineAt(offset)
    return { line, column: [...this.text.slice(this.lineStart(line), offset)].length + 1 }
  }

  /** The line that holds the offset, from 1. */
  lineAt(offset: number): number {
    const starts = this.#starts()
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }

  lineStart(line: number): number {
    return this.#starts()[line - 1] ?? this.text.length
  }

  /** A line without its end. */
  lineText(line: number): string {
    return this.text.slice(this.lineStart(line), this.#starts()[line] ?? this.text.length).replace(/\r?\n$/, '')
  }

  get lineCount(): number {
    return this.#starts().length
  }

  #starts(): readonly number[] {
    if (this.#lineStarts !== undefined) return this.#lineStarts
    const starts = [0]
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.#lineStarts = starts
    return starts
  }
}

/** The sources that a set of diagnostics points into, by file name. */
export type Sources = ReadonlyMap<string, Source>
