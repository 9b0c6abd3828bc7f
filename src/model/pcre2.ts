/**
 * Patterns of PCRE2 as patterns of JavaScript. What means the same in both stays; what is only written otherwise is
 * translated; what PCRE2 alone has is refused by name. JavaScript would take many of those for literals and match
 * something else without a word.
 */

export type Translated = { readonly text: string } | { readonly problem: string }

const VERY_END = '(?![\\s\\S])'
const END = '(?=\\n?(?![\\s\\S]))'

/** Escapes that are written otherwise, outside of classes and inside. */
const ESCAPES: Readonly<Record<string, readonly [outside: string, inside: string | undefined]>> = {
  A: ['(?<![\\s\\S])', undefined],
  Z: [END, undefined],
  z: [VERY_END, undefined],
  h: ['[\\t \\xa0]', '\\t \\xa0'],
  H: ['[^\\t \\xa0]', undefined],
  R: ['(?:\\r\\n|[\\n\\v\\f\\r\\x85])', undefined],
  V: ['[^\\n\\v\\f\\r\\x85]', undefined],
  v: ['[\\n\\v\\f\\r\\x85]', '\\n\\v\\f\\r\\x85'],
  N: ['[^\\n]', undefined],
  a: ['\\x07', '\\x07'],
  e: ['\\x1b', '\\x1b'],
}
/** Letters and digits behind a backslash that mean the same to both. */
const SAME = /[bBdDwWsSnrtfcxu0-9kpP]/

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
}

export interface Modes {
  readonly multiline: boolean
  readonly dotAll: boolean
  /** `$` means the very end, without a newline behind it. */
  readonly dollarEndOnly: boolean
}

export function fromPcre2(pattern: string, { multiline, dotAll, dollarEndOnly }: Modes): Translated {
  let text = ''
  let inClass = false
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at)
    const escaped = /^\\([\s\S])/.exec(rest)
    if (escaped !== null) {
      const found = translateEscape(rest, escaped[1]!, inClass)
      if (typeof found === 'string') return { problem: found }
      text += found.text
      at += found.length
    } else if (inClass) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(rest)
      const members = posix?.[1] === '' ? POSIX_CLASSES[posix[2]!] : undefined
      if (posix !== null && members === undefined) return { problem: `it has the class ${posix[0]}` }
      text += members ?? rest[0]
      at += posix?.[0].length ?? 1
      if (posix === null && rest.startsWith(']')) inClass = false
    } else if (rest.startsWith('[')) {
      // A bracket that comes first is a member of the class.
      const [open, negated, bracket] = /^\[(\^?)(\]?)/.exec(rest)!
      text += `[${negated}${bracket === '' ? '' : '\\]'}`
      at += open.length
      inClass = true
    } else if (/^\(\?P[<=>]/.test(rest)) {
      if (!rest.startsWith('(?P<')) return { problem: 'it refers to a group by (?P=name) or (?P>name)' }
      text += '(?<'
      at += 4
    } else {
      // JavaScript's dot stops at other line ends too, and its dollar does not look past the last one.
      if (rest.startsWith('.') && !dotAll) text += '[^\\n]'
      else if (rest.startsWith('$') && !multiline) text += dollarEndOnly ? VERY_END : END
      else text += rest[0]
      at++
    }
  }
  return { text }
}

/** What a backslash and what follows it become; a text says why they cannot. */
function translateEscape(
  rest: string,
  letter: string,
  inClass: boolean,
): { readonly text: string; readonly length: number } | string {
  const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest)
  if (quoted !== null) return { text: quoted[1]!.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), length: quoted[0].length }
  const code = /^\\x\{([0-9a-fA-F]{1,4})\}/.exec(rest)
  if (code !== null) return { text: `\\u${code[1]!.padStart(4, '0')}`, length: code[0].length }
  const other = ESCAPES[letter]
  const text = other?.[inClass ? 1 : 0]
  if (text !== undefined) return { text, length: 2 }
  if (other !== undefined || (/[A-Za-z]/.test(letter) && !SAME.test(letter))) return `JavaScript has no \\${letter}`
  // With the flag for UTF only what means something may be escaped.
  const plain = /[^A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(letter) && !(inClass && letter === '-')
  return { text: plain ? letter : `\\${letter}`, length: 2 }
}
