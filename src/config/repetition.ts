/**
 * `~SEQ(var, [start, [step,]] end) …`, `~SEQx` in hexadecimal, and `~LST(var, a, b) …` or `~LST({v, w}, {1, 2}, {3, 4}) …`:
 * the rest of the line is read once for each value.
 */

export interface Repetition {
  readonly variables: readonly string[]
  /** A value for each variable, for each round. Lazy: a sequence may be longer than memory. */
  readonly rounds: Iterable<readonly string[]>
  /** Where the rest of the line begins. */
  readonly rest: number
}

/** Undefined if the text begins with no repetition; a text if it does but makes no sense. */
export function parseRepetition(text: string): Repetition | string | undefined {
  const head = /^[ \t]*~(SEQx|SEQ|LST)\(/.exec(text)
  if (head === null) return undefined
  const close = text.indexOf(')', head[0].length)
  if (close < 0) return `~${head[1]} has no closing parenthesis`
  const inside = text.slice(head[0].length, close)
  const rest = close + 1
  return head[1] === 'LST' ? parseList(inside, rest) : parseSequence(inside, rest, head[1] === 'SEQx')
}

function parseSequence(inside: string, rest: number, hexadecimal: boolean): Repetition | string {
  const [variable = '', ...words] = inside.split(',').map(word => word.trim())
  const numbers = words.map(Number)
  if (!/^[A-Za-z_]\w*$/.test(variable)) return '~SEQ needs a variable and a last value, such as ~SEQ(N, 1, 9)'
  if (words.length < 1 || words.length > 3 || words.includes('') || !numbers.every(Number.isSafeInteger)) {
    return '~SEQ counts with whole numbers: ~SEQ(variable, start, step, end)'
  }
  const end = numbers[numbers.length - 1]!
  const start = words.length > 1 ? numbers[0]! : end < 0 ? -1 : 1
  const step = words.length > 2 ? numbers[1]! : end < start ? -1 : 1
  if (step === 0) return '~SEQ with a step of 0 never ends'
  return { variables: [variable], rounds: count(start, step, end, hexadecimal), rest }
}

function* count(start: number, step: number, end: number, hexadecimal: boolean): Iterable<readonly string[]> {
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) {
    yield [hexadecimal ? value.toString(16) : String(value)]
  }
}

function parseList(inside: string, rest: number): Repetition | string {
  const items = (inside.match(/\{[^}]*\}|[^,{}]+/g) ?? [])
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => (item.startsWith('{') ? item.slice(1, -1).split(',') : [item]).map(word => word.trim()))
  const [variables = [], ...rounds] = items
  if (rounds.length === 0 || !variables.every(name => /^[A-Za-z_]\w*$/.test(name))) {
    return '~LST needs a variable and at least one value, such as ~LST(N, a, b)'
  }
  if (rounds.some(values => values.length !== variables.length)) {
    return `~LST has ${variables.length} variables, so each of its values needs ${variables.length} parts`
  }
  return { variables, rounds, rest }
}
