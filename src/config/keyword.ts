/**
 * The words of a block as one table: what parses them, their defaults, their documentation, and whether sluice heeds
 * them. The parser, `sluice check`, "did you mean" and docs/keywords.md all read the same table.
 *
 *   priority: once(integer(1, 255), { default: 100, doc: 'Election weight; 255 owns the addresses.' })
 */
import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/nearest.ts'
import type { Origin } from './context.ts'
import { TracedLine, type Word } from './line.ts'
import { headerSpan, keywordOf, type Statement } from './statement.ts'
import { Cursor, type Value } from './value.ts'

export type Report = (problem: Diagnostic) => void

/** What sluice does with a keyword. Whatever is not effective says why. */
export type Standing =
  | { readonly state: 'effective' }
  | { readonly state: 'ignored'; readonly why: string }
  | { readonly state: 'refused'; readonly why: string }

/**
 * `line`: words behind the keyword; `entries`: a block with one entry a line; `words`: a block whose every word is an
 * entry; `block`: a block with keywords of its own.
 */
export type Body = 'line' | 'entries' | 'words' | 'block'

export interface Keyword<T> {
  readonly body: Body
  /** The keywords inside, for a `block`. */
  readonly table: Table | undefined
  /** What stands behind the keyword, or one entry of its block: `INTEGER 1..255`. */
  readonly syntax: string
  readonly doc: string
  readonly standing: Standing
  /** The version of keepalived that brought it, where that is later than 2.2.7. */
  readonly since: string | undefined
  /** The word to write today. */
  readonly instead: string | undefined
  readonly repeats: 'last' | 'first' | 'all'
  /** The value of a block without it. */
  readonly fallback: T
  readonly hasDefault: boolean
  /** A list is a fresh one each time. */
  read(statement: Statement, report: Report): T | undefined
}

export interface Table {
  /** What it is called in messages: `vrrp_instance`. */
  readonly name: string
  /** What is written behind the block's keyword: `NAME`. */
  readonly syntax: string
  readonly doc: string
  readonly keywords: ReadonlyMap<string, Keyword<unknown>>
  /** Words that keepalived once had, or never had but people write, with what to do about them. */
  readonly former: ReadonlyMap<string, string>
}

export type Keywords = Readonly<Record<string, Keyword<unknown>>>
export type Values<K extends Keywords> = { readonly [N in keyof K]: K[N] extends Keyword<infer T> ? T : never }

export interface Reading<K extends Keywords> {
  readonly values: Values<K>
  readonly origin: Origin
}

interface Options {
  readonly doc: string
  readonly standing?: Standing
  readonly since?: string
  readonly instead?: string
}

export const EFFECTIVE: Standing = { state: 'effective' }

/** A keyword that is read and then does nothing, which is safe because … */
export function ignored(why: string): Standing {
  return { state: 'ignored', why }
}

/** A keyword that sluice cannot honour and whose absence would be felt. */
export function refused(why: string): Standing {
  return { state: 'refused', why }
}

/** One value; the last statement counts. */
export function once<T>(value: Value<T>, options: Options & { readonly default: NoInfer<T> }): Keyword<T>
export function once<T>(value: Value<T>, options: Options): Keyword<T | undefined>
export function once<T>(value: Value<T>, options: Options & { readonly default?: T }): Keyword<T | undefined> {
  return {
    ...common('line', value.syntax, options),
    repeats: 'last',
    fallback: options.default,
    hasDefault: 'default' in options,
    read: (statement, report) => readWords(value, statement, report),
  }
}

/** One value; the first statement counts, as keepalived has it for scripts. */
export function first<T>(value: Value<T>, options: Options): Keyword<T | undefined> {
  return { ...once(value, options), repeats: 'first' }
}

/** A value from every statement. */
export function many<T>(value: Value<T>, options: Options): Keyword<readonly T[]> {
  return {
    ...common('line', value.syntax, options),
    repeats: 'all',
    fallback: [],
    hasDefault: false,
    read: (statement, report) => listOf(readWords(value, statement, report)),
  }
}

/** A block with an entry on each line. */
export function entries<T>(value: Value<T>, options: Options): Keyword<readonly T[]> {
  return {
    ...common('entries', value.syntax, options),
    repeats: 'all',
    fallback: [],
    hasDefault: false,
    read: ({ children = [] }, report) => children.flatMap(entry => listOf(readEntry(value, entry, report))),
  }
}

/** A block whose words are all entries, on however many lines. */
export function words(syntax: string, options: Options): Keyword<readonly Word[]> {
  return {
    ...common('words', syntax, options),
    repeats: 'all',
    fallback: [],
    hasDefault: false,
    read: ({ children = [] }) => children.flatMap(entry => entry.line.words),
  }
}

/** A block with keywords of its own, as often as one likes. */
export function blocks(
  table: Table,
  options: Omit<Options, 'doc'> & { readonly doc?: string } = {},
): Keyword<readonly Statement[]> {
  return {
    ...common('block', table.syntax, { ...options, doc: options.doc ?? table.doc }),
    table,
    repeats: 'all',
    fallback: [],
    hasDefault: false,
    read: statement => [statement],
  }
}

export function table(
  name: string,
  options: { readonly syntax?: string; readonly doc: string; readonly former?: Readonly<Record<string, string>> },
  keywords: Keywords,
): Table {
  return {
    name,
    syntax: options.syntax ?? '',
    doc: options.doc,
    keywords: new Map(Object.entries(keywords)),
    former: new Map(Object.entries(options.former ?? {})),
  }
}

/** The values of a block. Mistakes are reported and leave the default in place. */
export function readBlock<K extends Keywords>(keywords: K, statement: Statement, report: Report): Reading<K> {
  const { readings } = constantsOf(keywords)
  const key = readingKey(keywords, statement)
  const known = key === undefined ? undefined : readings.get(key)
  if (known !== undefined)
    return { values: known as Values<K>, origin: new BlockOrigin(keywords, statement, undefined) }
  let flawless = true
  const reading = readAnew(keywords, statement, problem => {
    flawless = false
    report(problem)
  })
  if (key !== undefined && flawless && readings.size < READINGS_MAX && Object.values(reading.values).every(isPlaceless))
    readings.set(key, reading.values)
  return reading
}

/** Large configurations say the same in thousands of blocks, which are read once for all that are written alike. */
const READINGS_MAX = 1000
const READING_KEY_MAX = 200

/** The lines of a block as one text; undefined if they are many, hold blocks, or were made by definitions. */
function readingKey(keywords: Keywords, { children = [] }: Statement): string | undefined {
  let key = ''
  for (const { line, children: inner } of children) {
    if (!Object.hasOwn(keywords, line.keyword)) continue
    if (inner !== undefined || line instanceof TracedLine) return undefined
    key = key === '' ? line.text : `${key}\n${line.text}`
    if (key.length > READING_KEY_MAX) return undefined
  }
  return key
}

/** A value that does not know where it was written. */
function isPlaceless(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : typeof value !== 'object' || value === null
}

function readAnew<K extends Keywords>(keywords: K, statement: Statement, report: Report): Reading<K> {
  const values: Record<string, unknown> = { ...constantsOf(keywords).defaults }
  // The keywords so far and, side by side, the statement that counts for each.
  const seen: string[] = []
  const counting: Statement[] = []
  let refused: Set<Statement> | undefined
  for (const child of statement.children ?? []) {
    const written = keywordOf(child)
    const keyword = Object.hasOwn(keywords, written) ? keywords[written] : undefined
    if (keyword === undefined) continue
    const name = keyword.instead ?? written
    reportStanding(written, keyword, child, report)
    const place = seen.indexOf(name)
    const again = place >= 0
    if (again && keyword.repeats !== 'all') reportRepeated(keyword, counting[place] ?? child, child, report)
    const value = keyword.read(child, report)
    if (value === undefined) {
      refused ??= new Set()
      refused.add(child)
      continue
    }
    if (again && keyword.repeats === 'first') continue
    counting[again ? place : seen.push(name) - 1] = child
    if (keyword.repeats !== 'all') values[name] = value
    else if (again) append(values[name] as unknown[], value as readonly unknown[])
    else values[name] = value
  }
  return { values: values as Values<K>, origin: new BlockOrigin(keywords, statement, refused) }
}

function append(list: unknown[], more: readonly unknown[]): void {
  for (const each of more) list.push(each)
}

/** There can be hundreds of thousands of blocks: where a keyword stands is looked for when somebody asks. */
class BlockOrigin implements Origin {
  readonly statement: Statement
  readonly #keywords: Keywords
  readonly #refused: ReadonlySet<Statement> | undefined

  constructor(keywords: Keywords, statement: Statement, refused: ReadonlySet<Statement> | undefined) {
    this.statement = statement
    this.#keywords = keywords
    this.#refused = refused
  }

  at(name: string): Statement | undefined {
    return placeOf(name, this.#keywords, this.statement, this.#refused)
  }
}

/** The statement that counts for a keyword: the first or the last, by that name or an old one, unless it was refused. */
function placeOf(
  name: string,
  keywords: Keywords,
  block: Statement,
  refused: ReadonlySet<Statement> | undefined,
): Statement | undefined {
  const { oldSpellings } = constantsOf(keywords)
  let found: Statement | undefined
  for (const child of block.children ?? []) {
    const written = keywordOf(child)
    if (written !== name && oldSpellings.get(written) !== name) continue
    if (refused?.has(child)) continue
    found = child
    if (keywords[written]?.repeats === 'first') break
  }
  return found
}

/** What is the same for all readings of a block: the values it begins with, and the words of today for old ones. */
interface Constants {
  readonly defaults: object
  /** The values of blocks, by their text. */
  readonly readings: Map<string, object>
  readonly oldSpellings: ReadonlyMap<string, string>
}

const CONSTANTS = new WeakMap<Keywords, Constants>()

function constantsOf(keywords: Keywords): Constants {
  const known = CONSTANTS.get(keywords)
  if (known !== undefined) return known
  const all = Object.entries(keywords)
  const made = {
    defaults: Object.fromEntries(all.map(([name, { fallback }]) => [name, fallback])),
    readings: new Map(),
    oldSpellings: new Map(all.flatMap(([name, { instead }]) => (instead === undefined ? [] : [[name, instead]]))),
  }
  CONSTANTS.set(keywords, made)
  return made
}

function common(body: Body, syntax: string, { doc, standing, since, instead }: Options) {
  return { body, table: undefined, syntax, doc, standing: standing ?? EFFECTIVE, since, instead } as const
}

function readWords<T>(value: Value<T>, statement: Statement, report: Report): T | undefined {
  const cursor = new Cursor(statement.line, 1, keywordOf(statement), value.syntax, report)
  const result = value.read(cursor)
  const extra = cursor.peek()
  if (result !== undefined && extra !== undefined) reportExtra(statement, extra, report)
  return result
}

function readEntry<T>(value: Value<T>, entry: Statement, report: Report): T | undefined {
  const cursor = new Cursor(entry.line, 0, keywordOf(entry), value.syntax, report)
  const result = value.read(cursor)
  const extra = cursor.peek()
  if (result !== undefined && extra !== undefined) reportExtra(entry, extra, report)
  return result
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value]
}

function reportExtra({ line }: Statement, extra: Word, report: Report): void {
  const last = line.words[line.words.length - 1]!
  const span = {
    file: extra.file,
    start: extra.start,
    end: last.file === extra.file ? Math.max(last.end, extra.end) : extra.end,
  }
  const fill = { keyword: line.keyword }
  report(
    diagnostic('extra-words', span, fill, {
      label: 'ignored',
      help: 'a line holds one keyword or entry: put what follows on a line of its own',
    }),
  )
}

function reportRepeated(keyword: Keyword<unknown>, earlier: Statement, again: Statement, report: Report): void {
  const [counts, label] = keyword.repeats === 'first' ? ['first', 'ignored'] : ['last', 'this one counts']
  const notes = [{ span: headerSpan(earlier), text: keyword.repeats === 'first' ? 'this one counts' : 'no effect' }]
  report(diagnostic('repeated-keyword', headerSpan(again), { keyword: keywordOf(again), counts }, { label, notes }))
}

/** What is to be said of a keyword wherever it stands. */
export function reportStanding(
  name: string,
  { standing, instead }: Keyword<unknown>,
  statement: Statement,
  report: Report,
): void {
  if (standing.state === 'effective' && instead === undefined) return
  const span = statement.line.words[0] ?? statement.line.end
  if (instead !== undefined && instead !== name) {
    report(diagnostic('old-spelling', span, { keyword: name, instead }, { label: `today: ${instead}` }))
  }
  if (standing.state === 'ignored')
    report(diagnostic('keyword-without-effect', span, { keyword: name, why: standing.why }))
  if (standing.state === 'refused')
    report(diagnostic('keyword-not-supported', span, { keyword: name, why: standing.why }))
}

/** `did you mean "priority"?`, if something is close. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates)
  return near === undefined ? '' : `did you mean "${near}"?`
}
