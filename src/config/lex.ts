/**
 * A physical line becomes logical lines of words (keepalived's rules, as observed).
 *
 * Words are separated by blanks. Double quotes make one word of what is between them, also in the middle of another
 * word: a"b c"d is three words. Outside quotes `#` and `!` start a comment, and a brace ends the logical line:
 * `TCP_CHECK{`, `} real_server …` and `virtual_ipaddress { 10.0.0.1 }` are all fine.
 */
import type { Span } from '../diagnostics/diagnostic.ts'
import { Line, type LineSource } from './line.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLANK = 0x20
const BANG = 0x21
const QUOTE = 0x22
const HASH = 0x23
const DOLLAR = 0x24
const AT = 0x40
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const TILDE = 0x7e

/** The characters of ASCII that are part of a word and nothing else. */
const ORDINARY = Uint8Array.from({ length: 0x80 }, (_, code) =>
  code > BLANK && ![BANG, QUOTE, HASH, DOLLAR, BACKSLASH, OPEN, CLOSE].includes(code) ? 1 : 0,
)

export interface Lexed {
  /** The offset behind the physical line and its newline. */
  readonly next: number
  /** The line needs the meta language first (`$`, `@`, `~SEQ`, `\`): nothing was added. */
  readonly meta: boolean
  /** A double quote that nothing closes, as keepalived drops it with its word. */
  readonly unclosedQuote: Span | undefined
}

/**
 * Adds the logical lines of the physical line at `from` to `lines`; all offsets are offsets in its text. A line with
 * signs of the meta language is left alone unless `plain` says that it has been through that already.
 */
export function lex(source: LineSource, from: number, lines: Line[], plain: boolean): Lexed {
  const { file, text } = source
  const mark = lines.length
  const length = text.length
  let keyword = ''
  let wordCount = 0
  let lineFrom = from
  let unclosedQuote: Span | undefined
  let at = from

  while (at < length) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE) break
    if (code === BLANK || code === TAB || code === CARRIAGE_RETURN || code === 0x0b || code === 0x0c) {
      at++
      continue
    }
    if (code === HASH || code === BANG) {
      // The line ends here; what is left of it is skipped below, unless a definition goes on behind its comment.
      break
    }
    if (code === OPEN || code === CLOSE) {
      lines.push(new Line(keyword, wordCount, code === OPEN ? '{' : '}', source, lineFrom, at))
      keyword = ''
      wordCount = 0
      at++
      lineFrom = at
      continue
    }
    if (code === QUOTE) {
      const close = closingQuote(text, at + 1)
      if (close < 0) {
        const end = lineEnd(text, at)
        if (!plain && hasMeta(text, at, end)) return metaLine(lines, mark, end)
        unclosedQuote = { file, start: at, end }
        at = end
        break
      }
      if (!plain && hasMeta(text, at, close)) return metaLine(lines, mark, close)
      if (wordCount++ === 0) keyword = known(text, at + 1, close)
      at = close + 1
      continue
    }
    if (!plain && wordCount === 0 && (code === AT || code === TILDE) && lines.length === mark) {
      return metaLine(lines, mark, at)
    }
    const start = at
    for (; at < length; at++) {
      const inside = text.charCodeAt(at)
      if (inside >= 0x80 || ORDINARY[inside] === 1) continue
      if (inside !== DOLLAR && inside !== BACKSLASH) break
      if (!plain) return metaLine(lines, mark, at)
    }
    // A stray control character is neither blank nor letter: it is a word by itself.
    if (at === start) at++
    if (wordCount++ === 0) keyword = known(text, start, at)
  }

  const end = Math.min(at, length)
  if (wordCount > 0) lines.push(new Line(keyword, wordCount, '', source, lineFrom, end))
  return { next: nextLine(text, end), meta: false, unclosedQuote }
}

/** Keywords come again and again: one string for all that are the same is smaller, and is found faster in tables. */
const KNOWN: Map<string, string> = new Map()
const KNOWN_MAX = 1000

function known(text: string, from: number, to: number): string {
  const keyword = text.slice(from, to)
  const same = KNOWN.get(keyword)
  if (same === undefined && KNOWN.size < KNOWN_MAX && keyword.length < 32) KNOWN.set(keyword, keyword)
  return same ?? keyword
}

function metaLine(lines: Line[], mark: number, next: number): Lexed {
  lines.length = mark
  return { next, meta: true, unclosedQuote: undefined }
}

function closingQuote(text: string, from: number): number {
  const close = text.indexOf('"', from)
  if (close < 0) return -1
  const newline = text.indexOf('\n', from)
  return newline >= 0 && newline < close ? -1 : close
}

function hasMeta(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === DOLLAR || code === BACKSLASH) return true
  }
  return false
}

/** The offset of the newline that ends the line of `from`, or of the end of the text. */
export function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  return newline < 0 ? text.length : newline
}

function nextLine(text: string, from: number): number {
  return Math.min(lineEnd(text, from) + 1, text.length)
}
