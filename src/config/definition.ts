/**
 * `$NAME=value` and its uses. A use is `${NAME}`, or `$NAME` before a blank, a comma, a closing parenthesis or the end
 * of the line. It is replaced when the line is read, not when the definition is, and again within what replaces it.
 */
import type { Span } from '../diagnostics/diagnostic.ts'
import { TracedText } from './traced-text.ts'

/** One line, or the lines of a body that ended in `\` each. */
export interface Definition {
  readonly name: string
  readonly lines: readonly TracedText[]
}

/** The names that keepalived defines by itself. */
export const BUILT_INS: readonly string[] = ['_PWD', '_INSTANCE', '_RANDOM', '_ENV', '_HASH', '_BANG']

/** Characters that stand for themselves, out of reach of the rules for comments and braces, until words are made. */
export const LITERAL_HASH = '\ue000'
export const LITERAL_BANG = '\ue001'
export const LITERAL_OPEN = '\ue002'
export const LITERAL_CLOSE = '\ue003'

export interface Use {
  readonly from: number
  readonly to: number
  readonly name: string
  /** `${_RANDOM 1 9}` and `${_ENV HOME}` have words behind the name. */
  readonly parameters: readonly string[]
  readonly braced: boolean
}

/** The first use at or behind `from`. */
export function findUse(text: string, from: number): Use | undefined {
  const pattern = /\$\{([A-Za-z_]\w*)((?:[ \t]+[^\s{}]+)*)[ \t]*\}|\$([A-Za-z_]\w*)(?=[ \t,)]|$)/g
  pattern.lastIndex = from
  const match = pattern.exec(text)
  if (match === null) return undefined
  return {
    from: match.index,
    to: match.index + match[0].length,
    name: match[1] ?? match[3]!,
    parameters: match[2]?.split(/\s+/).filter(word => word !== '') ?? [],
    braced: match[1] !== undefined,
  }
}

/** `$NAME=`, with nothing but blanks before it. `value` is the offset behind the equals sign. */
export function findDefinition(text: string): { readonly name: string; readonly value: number } | undefined {
  const match = /^[ \t]*\$([A-Za-z_]\w*)=/.exec(text)
  return match === null ? undefined : { name: match[1]!, value: match[0].length }
}

/** The text with each character that stands for itself put back. */
export function plainCharacters(text: string): string {
  return /[\ue000-\ue003]/.test(text)
    ? text
        .replaceAll(LITERAL_HASH, '#')
        .replaceAll(LITERAL_BANG, '!')
        .replaceAll(LITERAL_OPEN, '{')
        .replaceAll(LITERAL_CLOSE, '}')
    : text
}

/** The text as a word of its own that no later rule takes apart. */
export function literalText(text: string, span: Span): TracedText {
  return TracedText.generated(
    text
      .replaceAll('#', LITERAL_HASH)
      .replaceAll('!', LITERAL_BANG)
      .replaceAll('{', LITERAL_OPEN)
      .replaceAll('}', LITERAL_CLOSE),
    span,
  )
}
