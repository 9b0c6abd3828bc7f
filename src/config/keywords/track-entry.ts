/** One line of `track_script` and its kin: `NAME [weight N] [reverse]`. */

import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { Word } from '../line.ts'
import { readInteger, type Value } from '../value.ts'

export interface TrackEntry {
  readonly name: Word
  /** Undefined: what the tracked thing itself says. */
  readonly weight: number | undefined
  readonly reverse: boolean | undefined
}

export function trackEntry(what: string, weightMax: number): Value<TrackEntry> {
  return {
    syntax: `${what} [weight N] [reverse|noreverse]`,
    read(words) {
      const name = words.need()
      if (name === undefined) return undefined
      let weight: number | undefined
      let reverse: boolean | undefined
      for (let word = words.take(); word !== undefined; word = words.take()) {
        if (word.text === 'weight') {
          const value = words.need()
          if (value !== undefined) weight = readInteger(words, value, -weightMax, weightMax)
        } else if (word.text === 'reverse') reverse = true
        else if (word.text === 'noreverse' || word.text === 'no_reverse') reverse = false
        else {
          words.report(
            diagnostic(
              'unknown-word',
              word,
              { word: word.text, where: `behind ${name.text}` },
              { label: 'one a line' },
            ),
          )
          words.takeAll()
        }
      }
      return { name, weight, reverse }
    },
  }
}

/** `weight N [reverse]` of the tracked thing itself. */
export function weight(max: number): Value<{ readonly weight: number; readonly reverse: boolean }> {
  return {
    syntax: `INTEGER -${max}..${max} [reverse]`,
    read(words) {
      const word = words.need()
      const value = word === undefined ? undefined : readInteger(words, word, -max, max)
      return value === undefined ? undefined : { weight: value, reverse: words.takeIf('reverse') }
    },
  }
}
