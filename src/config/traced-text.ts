/** Text put together from several places that still knows where each of its characters stands in which file. */

import type { Span } from '../diagnostics/diagnostic.ts'
import { trimEnd, trimStart } from './blank.ts'

/** From `at` in the text up to the next piece. A generated piece (a number of `~SEQ`) stands for its span as a whole. */
interface Piece {
  readonly at: number
  readonly span: Span
  readonly generated: boolean
  readonly via: Span | undefined
}

export interface Traced extends Span {
  readonly via: Span | undefined
}

export class TracedText {
  readonly text: string
  readonly #pieces: readonly Piece[]

  private constructor(text: string, pieces: readonly Piece[]) {
    this.text = text
    this.#pieces = pieces
  }

  /** Characters as they stand in a file, from `start` on. */
  static of(text: string, file: string, start: number): TracedText {
    const span = { file, start, end: start + text.length }
    return new TracedText(text, [{ at: 0, span, generated: false, via: undefined }])
  }

  /** Characters that stand nowhere, made for what stands at `span`. */
  static generated(text: string, span: Span): TracedText {
    return new TracedText(text, [{ at: 0, span, generated: true, via: undefined }])
  }

  static join(parts: readonly TracedText[]): TracedText {
    const pieces: Piece[] = []
    let text = ''
    for (const part of parts) {
      for (const piece of part.#pieces) pieces.push({ ...piece, at: text.length + piece.at })
      text += part.text
    }
    return new TracedText(text, pieces)
  }

  /** The same text, which is here because of what stands at `via`. The innermost reason is kept. */
  usedBy(via: Span): TracedText {
    return new TracedText(
      this.text,
      this.#pieces.map(piece => ({ ...piece, via: piece.via ?? via })),
    )
  }

  slice(from: number, to: number = this.text.length): TracedText {
    const pieces: Piece[] = []
    for (const [i, piece] of this.#pieces.entries()) {
      const end = this.#pieces[i + 1]?.at ?? this.text.length
      if (end <= from || piece.at >= to) continue
      const cut = Math.max(from - piece.at, 0)
      const span = piece.generated || cut === 0 ? piece.span : { ...piece.span, start: piece.span.start + cut }
      pieces.push({ ...piece, at: Math.max(piece.at - from, 0), span })
    }
    return new TracedText(this.text.slice(from, to), pieces)
  }

  trim(): TracedText {
    const from = this.text.length - trimStart(this.text).length
    return this.slice(from, Math.max(from, trimEnd(this.text).length))
  }

  /** Where the characters from `from` up to `to` came from, as one span: the file of the first of them decides. */
  locate(from: number, to: number): Traced {
    const first = this.#pieceAt(from)
    const last = this.#pieceAt(Math.max(from, to - 1))
    if (first === undefined || last === undefined) return { file: '', start: 0, end: 0, via: undefined }
    const start = first.generated ? first.span.start : first.span.start + (from - first.at)
    const end = last.generated ? last.span.end : last.span.start + (to - last.at)
    const { file } = first.span
    const whole = last.span.file === file && end > start
    return { file, start, end: whole ? end : first.generated ? first.span.end : start + 1, via: first.via }
  }

  #pieceAt(at: number): Piece | undefined {
    let found = this.#pieces[0]
    for (const piece of this.#pieces) {
      if (piece.at > at) break
      found = piece
    }
    return found
  }
}
