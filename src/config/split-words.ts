import { isBlank } from './blank.ts'
import type { Word } from './line.ts'

const BLANK = 0x20
const QUOTE = 0x22

/**
 * The words between two places of a text that `lex` has found to hold a logical line: no comment, no brace outside
 * quotes. `count` is how many `lex` has counted.
 */
export function splitWords(file: string, text: string, from: number, to: number, count: number): readonly Word[] {
  // An array that grows would hold room for seventeen.
  const words = new Array<Word>(count)
  let at = from
  for (let i = 0; i < count; ) {
    const start = at
    const code = text.charCodeAt(at)
    if (isBlank(code)) {
      at++
    } else if (code === QUOTE) {
      const close = text.indexOf('"', at + 1)
      words[i++] = { text: text.slice(at + 1, close), file, start, end: close + 1 }
      at = close + 1
    } else {
      at = wordEnd(text, at, to)
      words[i++] = { text: text.slice(start, at), file, start, end: at }
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
