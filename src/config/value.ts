/** What can stand behind a keyword: numbers, times, addresses, names. Each reads its words and says what is wrong with them. */
import { type Ip, type IpFamily, ipFamily, parseIp } from '../bytes/address.ts'
import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/nearest.ts'
import type { Line, Word } from './line.ts'

export interface Value<T> {
  /** As the documentation writes it. */
  readonly syntax: string
  /** Takes the words it needs. Reports what is wrong and returns undefined then. */
  read(words: Cursor): T | undefined
}

/** The words of a line, taken one by one. */
export class Cursor {
  readonly line: Line
  readonly keyword: string
  readonly report: (problem: Diagnostic) => void
  readonly #syntax: string
  readonly #words: readonly Word[]
  #at: number

  constructor(line: Line, at: number, keyword: string, syntax: string, report: (problem: Diagnostic) => void) {
    this.line = line
    this.keyword = keyword
    this.report = report
    this.#syntax = syntax
    this.#words = line.words
    this.#at = at
  }

  peek(): Word | undefined {
    return this.#words[this.#at]
  }

  take(): Word | undefined {
    const word = this.peek()
    if (word !== undefined) this.#at++
    return word
  }

  /** The next word, taken only if it is the one given. */
  takeIf(text: string): boolean {
    if (this.peek()?.text !== text) return false
    this.#at++
    return true
  }

  /** The next word; its absence is reported. */
  need(): Word | undefined {
    const word = this.take()
    if (word !== undefined) return word
    const last = this.#words[this.#words.length - 1] ?? this.line.end
    const span = { file: last.file, start: last.end, end: last.end + 1 }
    this.report(
      diagnostic('missing-value', span, { keyword: this.keyword, syntax: this.#syntax }, { label: 'nothing here' }),
    )
    return undefined
  }

  takeAll(): void {
    this.#at = this.line.wordCount
  }

  /** `takes …, not "x"`; returns undefined for the caller to return. */
  refuse(word: Word, label = '', help?: string): undefined {
    const fill = { keyword: this.keyword, syntax: this.#syntax, value: word.text }
    this.report(diagnostic('bad-value', word, fill, { label, help, notes: viaNotes(word) }))
    return undefined
  }
}

/** Where a definition was used, for a word that came out of one. */
export function viaNotes(word: Word): { span: Word | NonNullable<Word['via']>; text: string }[] {
  return word.via === undefined ? [] : [{ span: word.via, text: 'used here' }]
}

export function integer(min: number, max: number): Value<number> {
  const syntax = max === Number.MAX_SAFE_INTEGER ? `INTEGER from ${min}` : `INTEGER ${min}..${max}`
  return {
    syntax,
    read(words) {
      const word = words.need()
      return word === undefined ? undefined : readInteger(words, word, min, max)
    },
  }
}

export function readInteger(words: Cursor, word: Word, min: number, max: number): number | undefined {
  const value = /^[+-]?(\d+|0x[0-9a-f]+)$/i.test(word.text) ? Number(word.text.replace(/^\+/, '')) : Number.NaN
  if (!Number.isSafeInteger(value)) return words.refuse(word, 'not a whole number')
  if (value >= min && value <= max) return value
  const fill = { keyword: words.keyword, min, max, value: word.text }
  words.report(diagnostic('out-of-range', word, fill, { notes: viaNotes(word) }))
  return undefined
}

/** Seconds, with decimals down to a microsecond; the value is in milliseconds. */
export function timer(minS: number, maxS: number): Value<number> {
  return {
    syntax: `SECONDS ${minS}..${maxS}`,
    read(words) {
      const word = words.need()
      return word === undefined ? undefined : readTimer(words, word, minS, maxS)
    },
  }
}

export function readTimer(words: Cursor, word: Word, minS: number, maxS: number): number | undefined {
  const { text } = word
  const unit = /^(\d+(?:\.\d*)?)(ms|us|s|sec|m|min|h)$/i.exec(text)
  if (unit !== null) {
    const scale = { ms: 0.001, us: 0.000001, s: 1, sec: 1, m: 60, min: 60, h: 3600 }[unit[2]!.toLowerCase()] ?? 1
    const help = `write ${Number((Number(unit[1]) * scale).toFixed(6))}`
    const fill = { keyword: words.keyword, value: text }
    words.report(diagnostic('time-with-unit', word, fill, { label: 'seconds are written without a unit', help }))
    return undefined
  }
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) return words.refuse(word, 'not a number of seconds')
  const seconds = Number(text)
  if (seconds >= minS && seconds <= maxS) return Math.round(seconds * 1e6) / 1000
  words.report(
    diagnostic(
      'out-of-range',
      word,
      { keyword: words.keyword, min: minS, max: maxS, value: text },
      { notes: viaNotes(word) },
    ),
  )
  return undefined
}

/** keepalived's BOOL, in lower case only. */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  on: true,
  off: false,
  true: true,
  false: false,
  yes: true,
  no: false,
}

export const boolean: Value<boolean> = {
  syntax: 'on|off',
  read(words) {
    const word = words.need()
    return word === undefined ? undefined : readBoolean(words, word)
  },
}

/** A keyword that says yes by being there, and may say on or off. */
export const flag: Value<boolean> = {
  syntax: '[on|off]',
  read(words) {
    const word = words.take()
    return word === undefined ? true : readBoolean(words, word)
  },
}

/** A keyword that says yes by being there. */
export const present: Value<true> = { syntax: '', read: () => true }

/** The same, with one word that may follow. */
export function presentWith(word: string): Value<true> {
  return {
    syntax: `[${word}]`,
    read(words) {
      words.takeIf(word)
      return true
    },
  }
}

/** Whatever follows, for keywords that nothing is made of. */
export function anything(syntax = '…'): Value<true> {
  return {
    syntax,
    read(words) {
      words.takeAll()
      return true
    },
  }
}

function readBoolean(words: Cursor, word: Word): boolean | undefined {
  const value = Object.hasOwn(BOOLEANS, word.text) ? BOOLEANS[word.text] : undefined
  return value ?? words.refuse(word, 'on, off, true, false, yes or no')
}

/** A single word, called what it stands for. */
export function text(syntax: string): Value<string> {
  return { syntax, read: words => words.need()?.text }
}

/** The word itself, for those who want to point at it. */
export function name(syntax: string): Value<Word> {
  return { syntax, read: words => words.need() }
}

export function choice<const C extends string>(...choices: readonly C[]): Value<C> {
  return {
    syntax: choices.join('|'),
    read(words) {
      const word = words.need()
      return word === undefined ? undefined : readChoice(words, word, choices)
    },
  }
}

export function readChoice<C extends string>(words: Cursor, word: Word, choices: readonly C[]): C | undefined {
  const found = choices.find(choice => choice === word.text)
  if (found !== undefined) return found
  const near = nearest(word.text, choices)
  return words.refuse(word, near === undefined ? '' : `did you mean "${near}"?`)
}

export function address(family?: IpFamily): Value<Ip> {
  return {
    syntax: family === undefined ? 'ADDRESS' : `IPv${family} ADDRESS`,
    read(words) {
      const word = words.need()
      return word === undefined ? undefined : readAddress(words, word, family)
    },
  }
}

export function readAddress(words: Cursor, word: Word, family?: IpFamily): Ip | undefined {
  const parsed = parseIp(word.text)
  if (parsed !== undefined && (family === undefined || ipFamily(parsed) === family)) return parsed
  words.report(
    diagnostic(
      'bad-address',
      word,
      { value: word.text, what: family === undefined ? 'IP' : `IPv${family}` },
      { label: addressFault(word.text), notes: viaNotes(word) },
    ),
  )
  return undefined
}

/** `10.0.0.1/24` and its parts; without a prefix the whole address. */
export function readNetwork(
  words: Cursor,
  word: Word,
): { readonly address: Ip; readonly prefix: number; readonly given: boolean } | undefined {
  const [text = '', prefixText] = splitOnce(word.text, '/')
  const parsed = parseIp(text)
  if (parsed === undefined) {
    words.report(
      diagnostic(
        'bad-address',
        word,
        { value: text, what: 'IP' },
        { label: addressFault(text), notes: viaNotes(word) },
      ),
    )
    return undefined
  }
  const max = ipFamily(parsed) === 4 ? 32 : 128
  if (prefixText === undefined) return { address: parsed, prefix: max, given: false }
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN
  if (prefix <= max) return { address: parsed, prefix, given: true }
  return words.refuse(word, `the part behind "/" is a number of bits, at most ${max}`)
}

export function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

function addressFault(text: string): string {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) return 'each part is a number up to 255, without leading zeros'
  if (/^[\d.]+$/.test(text)) return 'an IPv4 address has four parts'
  if (text.includes(':')) return 'not an IPv6 address'
  return 'names are not looked up: write the address itself'
}
