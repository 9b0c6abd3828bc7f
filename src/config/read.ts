/**
 * A configuration file and what it includes, as one list of logical lines: comments gone, `@id` lines kept or dropped,
 * definitions put in, `~SEQ` and `~LST` written out. Every word knows the place it came from.
 *
 * Most lines of most files need none of that and go straight through `lex`.
 */
import { dirname, resolve } from 'node:path'
import { type Diagnostic, diagnostic, type Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { Source } from '../diagnostics/source.ts'
import { trim, trimEnd } from './blank.ts'
import {
  BUILT_INS,
  type Definition,
  findDefinition,
  findUse,
  LITERAL_BANG,
  LITERAL_HASH,
  literalText,
  plainCharacters,
  type Use,
} from './definition.ts'
import { disk, type FileSystem } from './file-system.ts'
import { expandBraces, glob, isWild } from './glob.ts'
import { lex, lineEnd } from './lex.ts'
import { type Line, TracedLine, type Word } from './line.ts'
import { parseRepetition } from './repetition.ts'
import { TracedText } from './traced-text.ts'

export interface ReadOptions {
  /** What `@id` lines are compared with; undefined: none matches. */
  readonly configId?: string | undefined
  readonly files?: FileSystem
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** In [0, 1), for `${_RANDOM}`. */
  readonly random?: () => number
  /** Reads as keepalived does where that does harm: byte order marks are words, undefined names fall apart at their braces. */
  readonly faithful?: boolean
  /** Every include must find its files, as if include_check stood first in each file (keepalived's -e). */
  readonly allFiles?: boolean
  /** How many lines definitions and repetitions may make; the manual's largest example makes about a million. */
  readonly madeLinesMax?: number
}

export interface ReadFile {
  readonly lines: readonly Line[]
  readonly sources: ReadonlyMap<string, Source>
  readonly diagnostics: readonly Diagnostic[]
}

/** The longest line keepalived 2.2.7 takes in one piece; what is behind becomes a line of its own. */
const LINE_LENGTH_MAX = 1022
const INCLUDE_DEPTH_MAX = 32
const MADE_LINES_MAX = 2_000_000
const SUBSTITUTIONS_MAX = 1000
/** By how much definitions may lengthen a line. */
const GROWTH_MAX = 65_536
const NESTING_MAX = 64

type IncludeCheck = 'readable' | 'match' | 'wildcard' | 'brace'
const EVERY_CHECK: readonly IncludeCheck[] = ['readable', 'match', 'wildcard', 'brace']
const INCLUDE_CHECKS: Readonly<Record<string, readonly IncludeCheck[]>> = {
  readable: ['readable'],
  read: ['readable'],
  match: ['readable', 'match'],
  wildcard_match: ['readable', 'match', 'wildcard'],
  brace_match: ['readable', 'brace'],
}

/** `include` and the variants that complain: about unreadable files, no match, an empty wildcard, a missing alternative. */
const INCLUDES: Readonly<Record<string, readonly IncludeCheck[]>> = {
  include: [],
  includer: ['readable'],
  includem: ['readable', 'match'],
  includew: ['readable', 'match', 'wildcard'],
  includeb: ['readable', 'brace'],
  includea: EVERY_CHECK,
}

export function readConfiguration(file: string, options: ReadOptions = {}): ReadFile {
  const reader = new Reader(options)
  const source = reader.open(file)
  if ('error' in source) {
    const span = { file, start: 0, end: 0 }
    const help = 'check the path, or name another file with -f'
    return { ...reader, diagnostics: [diagnostic('unreadable-file', span, { file, reason: source.error }, { help })] }
  }
  reader.read(source)
  return reader
}

class Reader implements ReadFile {
  readonly lines: Line[] = []
  readonly sources: Map<string, Source> = new Map()
  readonly diagnostics: Diagnostic[] = []
  readonly #options: ReadOptions
  readonly #files: FileSystem
  readonly #definitions: Map<string, Definition> = new Map()
  /** The files being read, the innermost last. */
  readonly #open: string[] = []
  #madeLines = 0
  /** What include_check asks of every include in this file and those inside it. */
  #includeChecks: readonly IncludeCheck[]
  #bombReported = false

  constructor(options: ReadOptions) {
    this.#options = options
    this.#files = options.files ?? disk
    this.#includeChecks = options.allFiles === true ? EVERY_CHECK : []
  }

  open(file: string): Source | { readonly error: string } {
    const read = this.#files.read(resolve(file))
    if ('error' in read) return read
    const source = new Source(file, read.text)
    this.sources.set(file, source)
    return source
  }

  read(source: Source): void {
    const { file, text } = source
    this.#open.push(file)
    const checksOutside = this.#includeChecks
    let at = 0
    if (text.charCodeAt(0) === 0xfeff && this.#options.faithful !== true) {
      at = 1
      this.#report(
        diagnostic(
          'byte-order-mark',
          { file, start: 0, end: 1 },
          {},
          { help: 'save the file as UTF-8 without a byte order mark' },
        ),
      )
    }
    const pull = (): TracedText | undefined => {
      if (at >= text.length) return undefined
      const end = lineEnd(text, at)
      const line = TracedText.of(text.slice(at, end).replace(/\r$/, ''), file, at)
      at = end + 1
      return line
    }
    while (at < text.length) {
      const mark = this.lines.length
      const lexed = lex(source, at, this.lines, false)
      if (lexed.meta) {
        this.#checkLength(file, at, lineEnd(text, at))
        const line = pull()
        if (line !== undefined) this.#readTraced(line, pull, 0)
        continue
      }
      this.#checkLength(file, at, lexed.next)
      if (lexed.unclosedQuote !== undefined) this.#reportQuote(lexed.unclosedQuote)
      at = lexed.next
      this.#takeIncludes(mark)
    }
    this.#open.pop()
    this.#includeChecks = checksOutside
  }

  /** One physical line that needs the meta language; `pull` gives the lines behind it, for bodies of definitions. */
  #readTraced(line: TracedText, pull: () => TracedText | undefined, depth: number): void {
    // A body that uses itself twice would else be tried in two to the sixty-fourth ways.
    if (depth > 0 && this.#bombReported) return
    if (depth > NESTING_MAX) {
      this.#reportBomb('endless-definition', line, {})
      return
    }
    const bare = this.#selected(withoutComment(line))
    if (bare === undefined) {
      skipBody(line, pull)
      return
    }
    const definition = findDefinition(bare.text)
    if (definition !== undefined) {
      this.#define(definition.name, bare.slice(definition.value), pull)
      return
    }
    const repetition = /^[ \t]*~/.test(bare.text) ? parseRepetition(this.#substituteHead(bare).text) : undefined
    if (typeof repetition === 'string') {
      const whole = bare.trim()
      this.#report(diagnostic('bad-repetition', whole.locate(0, whole.text.length), { reason: repetition }))
      return
    }
    if (repetition === undefined) {
      this.#readSubstituted(this.#substitute(bare), depth)
      return
    }
    const head = this.#substituteHead(bare)
    const origin = head.locate(head.text.search(/\S/), repetition.rest)
    const rest = head.slice(repetition.rest)
    for (const values of repetition.rounds) {
      if (this.#bombReported) return
      for (const [i, name] of repetition.variables.entries()) {
        this.#definitions.set(name, { name, lines: [TracedText.generated(values[i] ?? '', origin)] })
      }
      this.#readTraced(rest, () => undefined, depth + 1)
    }
  }

  /** The lines that substitution left: one, or the lines of a body, which go through everything once more. */
  #readSubstituted(lines: readonly TracedText[], depth: number): void {
    const madeLinesMax = this.#options.madeLinesMax ?? MADE_LINES_MAX
    if (this.#madeLines >= madeLinesMax) {
      this.#reportBomb('too-many-lines', lines[0]!, { count: madeLinesMax })
      return
    }
    if (lines.length > 1) {
      let next = 0
      const pull = () => lines[next++]
      for (let line = pull(); line !== undefined; line = pull()) this.#readTraced(line, pull, depth + 1)
      return
    }
    this.#madeLines++
    const line = this.#selected(lines[0]!)
    if (line === undefined) return
    const mark = this.lines.length
    const made: Line[] = []
    const lexed = lex({ file: '', text: line.text }, 0, made, true)
    if (lexed.unclosedQuote !== undefined)
      this.#reportQuote(line.locate(lexed.unclosedQuote.start, lexed.unclosedQuote.end))
    for (const each of made) this.lines.push(traced(each, line))
    this.#takeIncludes(mark)
  }

  /** The line without its `@id`, or undefined if that is somebody else's. */
  #selected(line: TracedText): TracedText | undefined {
    const match = /^[ \t]*@(\^?)(\S*)/.exec(line.text)
    if (match === null) return line
    const same = this.#options.configId !== undefined && match[2] === this.#options.configId
    if (same === (match[1] === '^')) return undefined
    return this.#selected(line.slice(match[0].length))
  }

  #define(name: string, first: TracedText, pull: () => TracedText | undefined): void {
    if (!trimEnd(first.text).endsWith('\\')) {
      this.#definitions.set(name, { name, lines: [first.trim()] })
      return
    }
    const lines: TracedText[] = []
    for (let line: TracedText | undefined = first; line !== undefined; line = pull()) {
      const bare = withoutComment(line)
      const text = trimEnd(bare.text)
      const more = text.endsWith('\\')
      const content = bare.slice(0, more ? text.length - 1 : text.length).trim()
      if (content.text !== '') lines.push(content)
      if (!more) break
    }
    this.#definitions.set(name, { name, lines })
  }

  /** The arguments of a repetition may use definitions; the rest of the line keeps its uses for each round. */
  #substituteHead(line: TracedText): TracedText {
    const close = line.text.indexOf(')')
    if (close < 0 || !line.text.slice(0, close).includes('$')) return line
    const head = this.#substitute(line.slice(0, close))
    return head.length === 1 ? TracedText.join([head[0]!, line.slice(close)]) : line
  }

  /** Puts definitions in, until none is left. A definition of several lines makes several lines. */
  #substitute(line: TracedText): readonly TracedText[] {
    let text = line
    let from = 0
    for (let count = 0; ; count++) {
      const use = findUse(text.text, from)
      if (use === undefined) return [text]
      const span = text.locate(use.from, use.to)
      if (count > SUBSTITUTIONS_MAX || text.text.length > line.text.length + GROWTH_MAX) {
        this.#report(diagnostic('endless-definition', span, {}, { label: `$${use.name} is replaced by itself` }))
        return [text.slice(0, use.from)]
      }
      const value = this.#valueOf(use, span)
      const before = text.slice(0, use.from)
      const after = text.slice(use.to)
      if (value.length > 1) {
        const last = value.length - 1
        return value.map((each, i) =>
          TracedText.join([...(i === 0 ? [before] : []), each, ...(i === last ? [after] : [])]),
        )
      }
      const single = value[0] ?? TracedText.generated('', span)
      // What was left as it is, and what stands for itself, is not looked at again.
      const done = !this.#definitions.has(use.name)
      text = TracedText.join([before, single, after])
      from = done ? use.from + single.text.length : use.from
    }
  }

  #valueOf(use: Use, span: Span): readonly TracedText[] {
    const definition = this.#definitions.get(use.name)
    if (definition !== undefined) return definition.lines.map(line => line.usedBy(span))
    const file = this.#open[this.#open.length - 1] ?? ''
    switch (use.name) {
      case '_PWD':
        return [literalText(dirname(resolve(file)), span)]
      case '_INSTANCE':
        return [literalText(this.#options.configId ?? '', span)]
      case '_HASH':
        return [TracedText.generated(LITERAL_HASH, span)]
      case '_BANG':
        return [TracedText.generated(LITERAL_BANG, span)]
      case '_RANDOM':
        return [TracedText.generated(this.#random(use.parameters), span)]
      case '_ENV':
        return [literalText(this.#environment(use, span), span)]
    }
    const shown = use.braced ? `\${${use.name}}` : `$${use.name}`
    const near = nearest(use.name, [...this.#definitions.keys(), ...BUILT_INS])
    const label = near === undefined ? 'nothing of this name is defined above' : `did you mean \${${near}}?`
    const help = `define it above its use: $${use.name}=…`
    this.#report(
      diagnostic(use.braced ? 'undefined-definition' : 'literal-dollar', span, { name: shown }, { label, help }),
    )
    return [this.#options.faithful === true ? TracedText.generated(shown, span) : literalText(shown, span)]
  }

  #random([first = '0', second = '32767']: readonly string[]): string {
    const [min, max] = [Number(first), Number(second)]
    const random = this.#options.random ?? Math.random
    return String(Number.isFinite(min) && max >= min ? min + Math.floor(random() * (max - min + 1)) : 0)
  }

  #environment(use: Use, span: Span): string {
    const [name = ''] = use.parameters
    const value = this.#options.environment?.[name]
    if (value === undefined) {
      const fill = { name: `\${_ENV ${name}}` }
      this.#report(diagnostic('undefined-definition', span, fill, { label: 'the environment has no such variable' }))
    }
    return value ?? ''
  }

  /** Replaces an `include` among the lines just added by the lines of its files. */
  #takeIncludes(mark: number): void {
    if (this.lines.length === mark) return
    const first = this.lines[mark]!
    if (!first.keyword.startsWith('include')) return
    const keyword = first.words[0]!
    if (keyword.text === 'include_check') this.#includeChecks = checksAfter(this.#includeChecks, first.words.slice(1))
    const own = INCLUDES[keyword.text]
    if (own === undefined) return
    const checks = [...this.#includeChecks, ...own]
    const behind = this.lines.splice(mark)
    // Braces of a pattern look like those of a block: the pattern is the rest of the physical line.
    const last = behind[behind.length - 1]!
    const rest = first.source.text.slice(first.from, last.brace === '' ? last.to : last.to + 1)
    const pattern = plainCharacters(trim(trim(rest).slice(keyword.text.length))).replaceAll('"', '')
    if (pattern === '') {
      this.#report(diagnostic('missing-value', keyword, { keyword: keyword.text, syntax: 'FILE' }))
      return
    }
    this.#include(pattern, first.words[1] ?? keyword, checks)
  }

  #include(pattern: string, at: Span, checks: readonly IncludeCheck[]): void {
    const from = this.#open[this.#open.length - 1] ?? ''
    const alternatives = expandBraces(resolve(dirname(resolve(from)), pattern))
    const found = alternatives.map(alternative => glob(alternative, this.#files))
    if (found.every(paths => paths.length === 0)) {
      const strict = checks.includes('match') && (checks.includes('wildcard') || !isWild(pattern))
      this.#report(diagnostic(strict ? 'no-file-to-include' : 'nothing-included', at, { pattern }))
    } else if (checks.includes('brace')) {
      for (const [i, paths] of found.entries()) {
        if (paths.length === 0) this.#report(diagnostic('no-file-to-include', at, { pattern: alternatives[i]! }))
      }
    }
    for (const path of new Set(found.flat())) this.#includeFile(path, at)
  }

  #includeFile(path: string, at: Span): void {
    const loop = this.#open.some(file => resolve(file) === path)
    if (loop || this.#open.length >= INCLUDE_DEPTH_MAX) {
      this.#report(diagnostic('include-loop', at, { file: path }))
      return
    }
    const kind = this.#files.kind(path)
    if (kind !== 'file') {
      const reason = kind === 'executable' ? 'it is executable' : 'it is no regular file'
      this.#report(diagnostic('include-skipped', at, { file: path, reason }))
      return
    }
    if (this.sources.has(path)) {
      // A file that is included again: its text is at hand already.
      this.read(this.sources.get(path)!)
      return
    }
    const read = this.open(path)
    if ('error' in read) this.#report(diagnostic('include-skipped', at, { file: path, reason: read.error }))
    else this.read(read)
  }

  #checkLength(file: string, from: number, to: number): void {
    if (to - from <= LINE_LENGTH_MAX) return
    this.#report(
      diagnostic('line-too-long', { file, start: from, end: to }, { bytes: to - from, bytesMax: LINE_LENGTH_MAX }),
    )
  }

  #reportQuote(span: Span): void {
    this.#report(diagnostic('unclosed-quote', { ...span, end: span.start + 1 }, {}, { label: 'opened here' }))
  }

  #reportBomb(code: 'too-many-lines', line: TracedText, fill: { count: number }): void
  #reportBomb(code: 'endless-definition', line: TracedText, fill: object): void
  #reportBomb(code: 'too-many-lines' | 'endless-definition', line: TracedText, fill: object): void {
    if (this.#bombReported) return
    this.#bombReported = true
    const { via, ...span } = line.locate(0, 1)
    this.#report(diagnostic(code, via ?? span, fill as { count: number }))
  }

  #report(problem: Diagnostic): void {
    this.diagnostics.push(problem)
  }
}

/** The line up to its comment; `\#` and `\!` become characters that stand for themselves. */
function withoutComment(line: TracedText): TracedText {
  const { text } = line
  if (!/[#!]/.test(text)) return line
  const parts: TracedText[] = []
  let quoted = false
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') quoted = !quoted
    if (character === '\\' && (text[at + 1] === '#' || text[at + 1] === '!')) {
      parts.push(line.slice(from, at), literalText(text[at + 1]!, line.locate(at, at + 2)))
      at++
      from = at + 1
    } else if (!quoted && (character === '#' || character === '!')) {
      // keepalived 2.2.7 looks for the `\` of a definition that goes on at the end of the comment, too.
      const goesOn = trimEnd(text).endsWith('\\') ? [TracedText.generated(' \\', line.locate(at, text.length))] : []
      return TracedText.join([...parts, line.slice(from, at), ...goesOn])
    }
  }
  return from === 0 ? line : TracedText.join([...parts, line.slice(from)])
}

/** `include_check [+|-]NAME …`: without signs the names replace what was asked before, without names it is everything. */
function checksAfter(before: readonly IncludeCheck[], words: readonly Word[]): readonly IncludeCheck[] {
  if (words.length === 0) return EVERY_CHECK
  const signed = words.some(({ text }) => /^[+-]/.test(text))
  const checks = new Set(signed ? before : [])
  for (const { text } of words) {
    const named = INCLUDE_CHECKS[text.replace(/^[+-]/, '')] ?? []
    for (const check of text.startsWith('-') ? named.slice(-1) : named) {
      if (text.startsWith('-')) checks.delete(check)
      else checks.add(check)
    }
  }
  return [...checks]
}

/** Lines behind a dropped `@id $NAME= \` belong to its body. */
function skipBody(line: TracedText, pull: () => TracedText | undefined): void {
  if (!/^[ \t]*(?:@\S+[ \t]+)*\$[A-Za-z_]\w*=/.test(line.text)) return
  for (let next: TracedText | undefined = line; next !== undefined && trimEnd(next.text).endsWith('\\'); next = pull());
}

/** A line lexed from made text, its words put back to where they came from. */
function traced(line: Line, text: TracedText): Line {
  const place = (word: Word): Word => ({ ...text.locate(word.start, word.end), text: plainCharacters(word.text) })
  const { file, start } = text.locate(line.end.start, line.end.end)
  return new TracedLine(line, line.words.map(place), { file, start, end: start + 1 })
}
