/**
 * Programs to run: `notify_master "/etc/keepalived/up.sh eth0" haproxy`. The line is split by rules of its own: single
 * and double quotes both group and join what they touch, `\` escapes as in C. The first word is split once more by the
 * same rules, which is how a quoted command gets its parameters; user and group follow it.
 */
import type { Script } from '../model/script.ts'
import type { Cursor, Value } from './value.ts'

export const script: Value<Script> = {
  syntax: 'COMMAND [USER [GROUP]]',
  read(words) {
    const first = words.need()
    if (first === undefined) return undefined
    const raw = rawWords(words)
    if (raw === undefined) return undefined
    const [command = '', user, group] = raw
    const argv = splitScript(command)
    return argv.length === 0 ? words.refuse(first, 'no command') : { argv, user, group }
  },
}

/** The same where user and group have keywords of their own. */
export const command: Value<Script> = {
  syntax: 'COMMAND',
  read(words) {
    const first = words.need()
    if (first === undefined) return undefined
    const raw = rawWords(words)
    if (raw === undefined) return undefined
    const [command = ''] = raw
    const argv = splitScript(command)
    return argv.length === 0 ? words.refuse(first, 'no command') : { argv, user: undefined, group: undefined }
  },
}

/** A command and nothing, or nothing at all: `notify_deleted`. */
export const optionalScript: Value<Script> = {
  syntax: '[COMMAND [USER [GROUP]]]',
  read: words => (words.peek() === undefined ? { argv: [], user: undefined, group: undefined } : script.read(words)),
}

/** All words behind the keyword by the rules for scripts; undefined, after saying so, if a single quote is left open. */
export function rawWords(words: Cursor): readonly string[] | undefined {
  const { line } = words
  const last = line.words[line.wordCount - 1]
  if (last !== undefined && openQuote(line.text) !== undefined)
    return words.refuse(last, 'a single quote is not closed', "close it, or write \\' for one that is meant")
  words.takeAll()
  return splitScript(line.text).slice(1)
}

/** The text that a single quote is left open in: the line, or its command. Double quotes are the reader's business. */
export function openQuote(line: string): string | undefined {
  const text = line.trim()
  const { found, quote } = scan(text)
  if (quote === "'") return text
  const [, command = ''] = found
  return scan(command).quote === "'" ? command : undefined
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** The words of a command line. An unclosed quote ends with the line. */
export function splitScript(text: string): readonly string[] {
  return scan(text).found
}

function scan(text: string): { readonly found: readonly string[]; readonly quote: string } {
  const found: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\' && at + 1 < text.length) {
      const [value, length] = unescaped(text, at + 1)
      word = (word ?? '') + value
      at += length
    } else if (quote !== '') {
      if (character === quote) quote = ''
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) found.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (word !== undefined) found.push(word)
  return { found, quote }
}

/** What stands behind a backslash, and how many characters that is. */
function unescaped(text: string, at: number): readonly [string, number] {
  const rest = text.slice(at, at + 4)
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0]
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8)), octal.length]
  const hexadecimal = /^x([0-9a-fA-F]{1,2})/.exec(rest)
  if (hexadecimal !== null) return [String.fromCharCode(Number.parseInt(hexadecimal[1]!, 16)), hexadecimal[0].length]
  if (/^c[\s\S]/.test(rest)) return [String.fromCharCode(rest.charCodeAt(1) & 0x1f), 2]
  const character = rest[0]!
  return [ESCAPES[character] ?? character, 1]
}
