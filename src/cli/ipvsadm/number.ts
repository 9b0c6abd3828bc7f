/** Numbers as C's strtol reads them in base 10: blanks and a sign may come first, nothing may follow. */

const DECIMAL = /^[ \t\n\v\f\r]*[+-]?[0-9]+$/

/** The number `text` writes, if it is from `min` to `max`. */
export function decimal(text: string, min: number, max: number): number | undefined {
  if (!DECIMAL.test(text)) return undefined
  const number = Number(text)
  return number >= min && number <= max ? number : undefined
}

/** C's atoi: the number that `text` begins with, or 0. */
export function leadingDecimal(text: string): number {
  const [digits = '0'] = /^[ \t\n\v\f\r]*[+-]?[0-9]+/.exec(text) ?? []
  return Number(digits)
}
