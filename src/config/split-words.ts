import { isBlank } from './blank.ts'
import type { Word } from './line.ts'

const BLANK = 0x20
const QUOTE = 0x22

/**
 * The words between two places of a text that `lex` has found to hold a logical line: no comment, no brace outside
 * quotes. A quote that nothing closes ends them.
 */
export function splitWords(file: string, text: string, from: number, to: number): readonly Word[] {
  const words: Word[] = []
  let at = from
  while (at < to) {
    const start = at
    const code = text.charCodeAt(at)
    if (isBlank(code)) {
      at++
    } else if (code === QUOTE) {
      const close = text.indexOf('"', at + 1)
      if (close < 0 || close >= to) break
      words.push({ text: text.slice(at + 1, close), file, start, end: close + 1 })
      at = close + 1
    } else {
      at = wordEnd(text, at, to)
      words.push({ text: text.slice(start, at), file, start, end: at })
    }
  }
  return words
}

/** A stray control character is neither blank nor letter: it is a word by itself. */
function wordEnd(text: string, from: number, to: number): number {
  let at = from
  for (; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code <= BLANK || code === QUOTE) break
  }
  return Math.max(at, from + 1)
}
