/**
 * Options as the popt library (1.19) reads them: short ones can be joined (`-Ln`), arguments can be joined (`-t10.0.0.1`),
 * follow, or stand behind an equals sign; `--` ends the options; long names are never abbreviated.
 */

export interface PoptOption {
  readonly long: string
  readonly short?: string
  readonly argument: 'none' | 'required' | 'optional'
}

export interface ReadOption<T extends PoptOption> {
  readonly option: T
  /** Undefined if it takes none or an optional one is missing. */
  readonly value: string | undefined
  /** The word of the command line that was read last, for messages. */
  readonly word: string
}

export interface ReadOptions<T extends PoptOption> {
  readonly options: readonly ReadOption<T>[]
  /** Words that are no options. */
  readonly rest: readonly string[]
  /** What stopped the reading, in popt's words. */
  readonly error: { readonly word: string; readonly problem: string } | undefined
}

export function readOptions<T extends PoptOption>(words: readonly string[], table: readonly T[]): ReadOptions<T> {
  const options: ReadOption<T>[] = []
  const rest: string[] = []
  let at = 0
  const stop = (problem: string) => ({ options, rest, error: { word: words[at - 1]!, problem } })

  while (at < words.length) {
    const word = words[at++]!
    if (word === '--') {
      rest.push(...words.slice(at))
      break
    }
    if (word === '-' || !word.startsWith('-')) {
      rest.push(word)
      continue
    }
    let shorts = word.startsWith('--') ? undefined : word.slice(1)
    do {
      const found = shorts === undefined ? findLong(word, table) : findShort(shorts, table)
      if (found === undefined) return stop('unknown option')
      const { option } = found
      let value = found.joined
      shorts = shorts === undefined || value !== undefined ? undefined : shorts.slice(1)
      if (option.argument === 'none') {
        if (value !== undefined) return stop('option does not take an argument')
      } else if (value === undefined && shorts) {
        value = shorts
        shorts = undefined
      } else if (value === undefined) {
        const next = words[at]
        if (next !== undefined && !(option.argument === 'optional' && next.startsWith('-'))) {
          value = next
          at++
        } else if (option.argument === 'required') return stop('missing argument')
      }
      options.push({ option, value, word: words[at - 1]! })
    } while (shorts)
  }
  return { options, rest, error: undefined }
}

interface Found<T> {
  readonly option: T
  /** What stood behind an equals sign. */
  readonly joined: string | undefined
}

function findLong<T extends PoptOption>(word: string, table: readonly T[]): Found<T> | undefined {
  const equals = word.indexOf('=')
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
  const option = table.find(({ long }) => long === name)
  return option && { option, joined: equals < 0 ? undefined : word.slice(equals + 1) }
}

function findShort<T extends PoptOption>(shorts: string, table: readonly T[]): Found<T> | undefined {
  const option = table.find(({ short }) => short === shorts[0])
  return option && { option, joined: shorts[1] === '=' ? shorts.slice(2) : undefined }
}
