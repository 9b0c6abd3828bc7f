/**
 * The canonical layout of a configuration file, for `sluice fmt`: a statement on each line, indented by four spaces for
 * each open block, the opening brace behind its keyword, the closing brace alone, at most one empty line, comments kept.
 *
 * It works on the text, not on the model: nothing is included, defined names stay as they are, and what is wrong stays
 * as wrong as it was. The words of the result are the words of the input, and formatting it again changes nothing.
 */
import { trim, trimEnd, trimStart } from './blank.ts'

const INDENT = '    '
/** A line that the meta language may have a say in stays in one piece. */
const META = /[$~\\]|(?:^|[{}][ \t]*)(?:@|include)/
const INCLUDE = /^(?:@\S+\s+)*include/

export function print(text: string): string {
  const printer = new Printer()
  // A byte order mark that came to stand first would be one indeed.
  const lines = text.replace(/^[\s\ufeff]*\ufeff|\n$/g, '').split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = trim(lines[i]!)
    if (/^(?:@\S+\s+)*\$[A-Za-z_]\w*=/.test(line) && line.endsWith('\\')) {
      // The body of a definition has a layout of its own.
      printer.verbatim(line)
      while (trimEnd(lines[i] ?? '').endsWith('\\') && i + 1 < lines.length) printer.body(lines[++i]!)
    } else printer.line(withEscapedBlank(line, lines[i]!))
  }
  return printer.finish()
}

/** A blank behind a backslash is part of a word, where the words of a command are split. */
function withEscapedBlank(trimmed: string, line: string): string {
  const backslashes = /\\*$/.exec(trimmed)![0].length
  return backslashes % 2 === 1 && !line.endsWith('\\') ? `${trimmed} ` : trimmed
}

/** A word or a run of them as written, a brace, or a comment. */
type Piece =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'comment'; readonly text: string }

class Printer {
  readonly #lines: string[] = []
  #depth = 0
  #blank = false
  /** The last line is a keyword that an opening brace may still join. */
  #joinable = false
  /** The line above was an `@id` line that opened a block: another one is an alternative to it. */
  #alternative = false

  line(line: string): void {
    if (line === '') {
      this.#blank = this.#lines.length > 0
      return
    }
    if (META.test(line)) {
      this.verbatim(line)
      return
    }
    this.#alternative = false
    let written = false
    for (const piece of piecesOf(line)) {
      if (piece.kind === 'words') this.#put(piece.text, true)
      else if (piece.kind === 'open') this.#open()
      else if (piece.kind === 'close') this.#close()
      else if (written) this.#lines[this.#lines.length - 1] += ` ${piece.text}`
      else this.#put(piece.text, this.#joinable)
      written = true
    }
  }

  /** A line of the meta language: only its indentation is ours. */
  verbatim(line: string): void {
    const braces = bracesOf(line)
    const alternative = line.startsWith('@') && braces === '{'
    const again = alternative && this.#alternative
    if (braces.startsWith('}') || again) this.#depth = Math.max(0, this.#depth - 1)
    this.#put(line, !line.endsWith('\\') && braces === '' && !INCLUDE.test(line))
    if (again) this.#depth++
    else {
      for (const brace of braces.startsWith('}') ? braces.slice(1) : braces)
        this.#depth = Math.max(0, this.#depth + (brace === '{' ? 1 : -1))
    }
    this.#alternative = alternative
  }

  body(line: string): void {
    this.#lines.push(line)
    this.#joinable = false
  }

  finish(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`
  }

  #put(text: string, joinable: boolean): void {
    const last = this.#lines[this.#lines.length - 1]
    if (this.#blank && last !== undefined && !last.endsWith('{')) this.#lines.push('')
    this.#blank = false
    this.#lines.push(INDENT.repeat(this.#depth) + text)
    // Behind an unclosed quote a brace would be part of the word.
    this.#joinable = joinable && text.split('"').length % 2 === 1
  }

  #open(): void {
    const last = this.#lines.length - 1
    if (
      this.#joinable &&
      !trimStart(this.#lines[last]!).startsWith('#') &&
      !trimStart(this.#lines[last]!).startsWith('!')
    ) {
      this.#lines[last] = withBrace(this.#lines[last]!)
    } else this.#put('{', false)
    this.#blank = false
    this.#joinable = false
    this.#depth++
  }

  #close(): void {
    this.#depth = Math.max(0, this.#depth - 1)
    this.#blank = false
    this.#put('}', false)
  }
}

/** Puts the brace before the comment of a line, if it has one. */
function withBrace(line: string): string {
  const comment = commentStart(line)
  return comment < 0 ? `${line} {` : `${trimEnd(line.slice(0, comment))} { ${line.slice(comment)}`
}

function piecesOf(line: string): readonly Piece[] {
  const pieces: Piece[] = []
  const comment = commentStart(line)
  const code = comment < 0 ? line : line.slice(0, comment)
  let from = 0
  const flush = (to: number) => {
    const text = oneBlank(code.slice(from, to))
    if (text !== '') pieces.push({ kind: 'words', text })
    from = to + 1
  }
  for (let at = 0; at < code.length; at++) {
    const character = code[at]
    if (character === '"') {
      const end = code.indexOf('"', at + 1)
      if (end < 0) break
      at = end
    }
    if (character !== '{' && character !== '}') continue
    flush(at)
    pieces.push({ kind: character === '{' ? 'open' : 'close' })
  }
  flush(code.length)
  if (comment >= 0) pieces.push({ kind: 'comment', text: trimEnd(line.slice(comment)) })
  return pieces
}

/** Runs of blanks become one, except between quotes of either kind. */
function oneBlank(text: string): string {
  return trim(text).replace(/"[^"]*"|'[^']*'|[ \t\v\f\r]+/g, run => (/^["']/.test(run) ? run : ' '))
}

/** Where the comment begins, or -1. An unclosed quote reaches to the end of the line. */
function commentStart(line: string): number {
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at]
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '#' || character === '!') && line[at - 1] !== '\\') return at
  }
  return -1
}

/** The braces of a line that open and close blocks: not those of `${NAME}`, `~LST({…})`, quotes and comments. */
function bracesOf(line: string): string {
  if (INCLUDE.test(line)) return ''
  const comment = commentStart(line)
  return (comment < 0 ? line : line.slice(0, comment))
    .replace(/"[^"]*"/g, '')
    .replace(/\$\{[^{}]*\}/g, '')
    .replace(/~(?:SEQx?|LST)\([^)]*\)/g, '')
    .replace(/[^{}]/g, '')
}
