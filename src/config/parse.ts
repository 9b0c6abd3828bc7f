/**
 * Lines become a tree of statements, with the tables of keywords at hand: braces alone cannot say which one is missing.
 *
 * A keyword that its block does not know, but a block around it does, shows that a brace is missing before it: the
 * blocks between are closed there. That is certain for keywords that open a block (`real_server` in a real_server); for
 * others it is believed only while the whole text has more opening braces than closing ones. No recursion: depth of
 * nesting costs nothing but a list.
 */
import { type Diagnostic, diagnostic, type Span } from '../diagnostics/diagnostic.ts'
import { type Keyword, suggestion, type Table } from './keyword.ts'
import { type Line, NO_LINE, type Word } from './line.ts'
import { headerSpan, headerText, keywordOf, type Statement } from './statement.ts'

export interface Parsed {
  readonly root: Statement
  readonly diagnostics: readonly Diagnostic[]
}

/** `table`: what may stand inside; undefined: entries of whatever form. `skipped`: nobody knows this block. */
interface Frame {
  readonly statement: OpenStatement
  /** Its opening brace ends this line. */
  readonly opening: Line
  readonly keyword: Keyword<unknown> | undefined
  readonly table: Table | undefined
  readonly skipped: boolean
}

interface OpenStatement extends Statement {
  children: Statement[]
}

/** No real file goes beyond five. */
const DEPTH_MAX = 32
/** A text that is no configuration at all is not worth more. */
const DIAGNOSTICS_MAX = 200

export function parse(lines: readonly Line[], root: Table): Parsed {
  const parser = new Parser(root, missingBraces(lines))
  lines.forEach(line => void parser.line(line))
  return parser.finish()
}

class Parser {
  readonly #diagnostics: Diagnostic[] = []
  readonly #frames: Frame[]
  /** Closing braces that the whole text lacks and that have not been accounted for yet. */
  #missing: number
  /** A keyword that wants a block and whose brace has not come yet. */
  #pending: { readonly line: Line; readonly keyword: Keyword<unknown> | undefined } | undefined
  #last: Line | undefined

  constructor(root: Table, missing: number) {
    this.#frames = [
      { statement: { line: NO_LINE, children: [] }, opening: NO_LINE, keyword: undefined, table: root, skipped: false },
    ]
    this.#missing = missing
  }

  line(line: Line): void {
    if (line.wordCount === 0) {
      if (line.brace === '{') this.#openAlone(line)
      else {
        this.#flush(undefined)
        this.#close(line)
      }
    } else {
      this.#flush(line)
      this.#statement(line)
    }
    this.#last = line
  }

  finish(): Parsed {
    this.#flush(undefined)
    while (this.#frames.length > 1) this.#leaveOpen(undefined)
    return { root: this.#frames[0]!.statement, diagnostics: this.#diagnostics }
  }

  #statement(line: Line): void {
    this.#mendBefore(line)
    const frame = this.#top()
    const keyword = frame.table?.keywords.get(line.keyword)
    const wantsBlock = keyword !== undefined && keyword.body !== 'line'
    if (line.brace === '{') {
      if (this.#startsBlock(line, frame, keyword)) this.#open(line, keyword, line)
    } else if (wantsBlock && line.brace === '') {
      this.#pending = { line, keyword }
    } else {
      this.#add(line)
      if (wantsBlock) this.#reportNoBlock(line)
      else if (keyword === undefined) this.#reportUnknown(line, frame)
      if (line.brace === '}') this.#close(line)
    }
  }

  /** Says what is wrong with a block that cannot stand here; false if it is to be taken as a line. */
  #startsBlock(line: Line, frame: Frame, keyword: Keyword<unknown> | undefined): boolean {
    if (frame.skipped) return true
    if (frame.table === undefined) {
      this.#report(
        diagnostic(
          'unexpected-brace',
          line.end,
          { keyword: headerWords(line) },
          { label: `${headerText(frame.statement)} holds entries, not blocks` },
        ),
      )
    } else if (keyword === undefined) this.#reportUnknown(line, frame)
    else if (keyword.body === 'line') {
      this.#report(
        diagnostic('unexpected-brace', line.end, { keyword: line.keyword }, { label: 'this keyword has no block' }),
      )
      this.#frames[this.#frames.length - 1]!.statement.children.push(leaf(line))
    }
    return true
  }

  /** A brace on a line of its own belongs to the keyword of the line before. */
  #openAlone(brace: Line): void {
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) {
      this.#open(pending.line, pending.keyword, brace)
      return
    }
    const frame = this.#top()
    const last = frame.statement.children[frame.statement.children.length - 1]
    if (last !== undefined && last.line === this.#last && last.children === undefined && frame.table !== undefined) {
      const keyword = frame.table.keywords.get(keywordOf(last))
      if (keyword !== undefined) {
        this.#report(
          diagnostic(
            'unexpected-brace',
            brace.end,
            { keyword: keywordOf(last) },
            { label: 'this keyword has no block' },
          ),
        )
      }
      this.#open(last.line, undefined, brace)
      return
    }
    this.#report(
      diagnostic('unexpected-brace', brace.end, { keyword: 'nothing' }, { label: 'no keyword stands before it' }),
    )
    this.#open(brace, undefined, brace)
  }

  #open(line: Line, keyword: Keyword<unknown> | undefined, opening: Line): void {
    const skipped = this.#top().skipped || keyword === undefined || keyword.body === 'line'
    const statement: OpenStatement = { line, children: [] }
    if (this.#frames.length > DEPTH_MAX) {
      if (this.#frames.length === DEPTH_MAX + 1)
        this.#report(diagnostic('nested-too-deep', opening.end, { depthMax: DEPTH_MAX }))
    } else if (!skipped) this.#top().statement.children.push(statement)
    this.#frames.push({ statement, opening, keyword, table: skipped ? undefined : keyword?.table, skipped })
  }

  #close(line: Line): void {
    if (this.#frames.length === 1) {
      this.#report(
        diagnostic(
          'extra-brace',
          line.end,
          {},
          { label: 'nothing is open here', help: 'remove it, or look for a block above that ends too early' },
        ),
      )
      return
    }
    const { statement } = this.#frames.pop()!
    // A copy is as long as it is; what grew has room for more.
    statement.children = statement.children.slice()
  }

  #add(line: Line): void {
    this.#top().statement.children.push(leaf(line))
  }

  /** A keyword that wanted a block and did not get its brace: its lines follow all the same, or there are none. */
  #flush(next: Line | undefined): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    const { line, keyword } = pending
    const first = next === undefined || next.wordCount === 0 ? undefined : next.keyword
    const inside = keyword?.table?.keywords
    const follows =
      first !== undefined &&
      (inside !== undefined
        ? inside.has(first) && !this.#top().table?.keywords.has(first)
        : this.#owner(first) === undefined)
    if (!follows) {
      this.#add(line)
      this.#reportNoBlock(line)
      return
    }
    const help = `add "{" behind ${headerWords(line)}`
    this.#report(
      diagnostic(
        'missing-open-brace',
        headerSpan(leaf(line)),
        { block: headerWords(line) },
        { label: '"{" expected behind this', help },
      ),
    )
    this.#missing++
    this.#open(line, keyword, line)
  }

  /** Closes the blocks that a line cannot belong to, if one further out is where it belongs. */
  #mendBefore(line: Line): void {
    const { keyword } = line
    const frame = this.#top()
    if (frame.skipped || frame.table?.keywords.has(keyword) === true) return
    const owner = this.#owner(keyword)
    if (owner === undefined) return
    const opensBlock = this.#frames[owner]!.table!.keywords.get(keyword)!.body !== 'line'
    const entriesOnly = frame.table === undefined
    const certain = opensBlock && (line.brace === '{' || !entriesOnly)
    if (!certain && (this.#missing <= 0 || (entriesOnly && opensBlock))) return
    while (this.#frames.length > owner + 1) {
      this.#missing--
      this.#leaveOpen(line.words[0]!)
    }
  }

  /** The innermost open block that knows a keyword, by its place in the stack. */
  #owner(keyword: string): number | undefined {
    for (let i = this.#frames.length - 1; i >= 0; i--)
      if (this.#frames[i]!.table?.keywords.has(keyword) === true) return i
    return undefined
  }

  /** Ends a block that nothing closes: `next` is what cannot be inside it, or undefined at the end of the text. */
  #leaveOpen(next: Word | undefined): void {
    const { statement, opening } = this.#frames.pop()!
    const [missing, label, help] =
      next === undefined
        ? [this.#endOfText(), '"}" is missing here', 'add "}" at the end of the file']
        : [
            next,
            `"}" is missing before this: ${next.text} cannot be inside ${keywordOf(statement)}`,
            `add "}" before this ${next.text}`,
          ]
    const notes = [{ span: opening.end, text: 'opened here' }]
    this.#report(diagnostic('missing-brace', missing, { block: headerText(statement) }, { label, notes, help }))
  }

  /** Behind the last thing that the text says, where a brace would be written. */
  #endOfText(): Span {
    const { end, brace } = this.#last ?? NO_LINE
    return brace === '' ? end : { ...end, start: end.end, end: end.end + 1 }
  }

  #reportUnknown(line: Line, frame: Frame): void {
    if (frame.skipped || frame.table === undefined) return
    const word = line.words[0]!
    const block = this.#frames.length === 1 ? 'the top level' : frame.table.name
    const former = frame.table.former.get(word.text)
    if (former !== undefined) {
      this.#report(diagnostic('former-keyword', word, { block, keyword: word.text }, { label: former }))
      return
    }
    const owner = this.#owner(word.text)
    if (owner !== undefined) {
      const right = owner === 0 ? 'the top level' : this.#frames[owner]!.table!.name
      this.#report(diagnostic('misplaced-keyword', word, { keyword: word.text, right, block }, { label: 'not here' }))
      return
    }
    const label = suggestion(word.text, frame.table.keywords.keys())
    const notes = word.via === undefined ? [] : [{ span: word.via, text: 'used here' }]
    this.#report(diagnostic('unknown-keyword', word, { block, keyword: word.text }, { label, notes }))
  }

  #reportNoBlock(line: Line): void {
    const keyword = headerWords(line)
    this.#report(diagnostic('missing-block', headerSpan(leaf(line)), { keyword }, { help: `write ${keyword} { … }` }))
  }

  #top(): Frame {
    return this.#frames[this.#frames.length - 1]!
  }

  #report(problem: Diagnostic): void {
    if (this.#diagnostics.length < DIAGNOSTICS_MAX) this.#diagnostics.push(problem)
  }
}

function leaf(line: Line): Statement {
  return { line, children: undefined }
}

function headerWords(line: Line): string {
  return line.words.map(word => word.text).join(' ')
}

function missingBraces(lines: readonly Line[]): number {
  return lines.reduce((depth, { brace }) => depth + (brace === '{' ? 1 : brace === '}' ? -1 : 0), 0)
}
