/** The lines of the show. Times stand in one column, for the eye to run down. */

export interface Paint {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
}

const TEXT_WIDTH = 84

export function paintFor(colour: boolean): Paint {
  const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31) }
}

export function outcomeLine(paint: Paint, passed: boolean, text: string, ms: number, boundMs?: number): string {
  const mark = passed ? paint.green('✓') : paint.red('✗')
  const bound = boundMs === undefined ? '' : paint.dim(`  (at most ${seconds(boundMs)})`)
  return `   ${mark} ${text.padEnd(TEXT_WIDTH)} ${seconds(ms).padStart(7)}${bound}`
}

export function noticeLine(text: string): string {
  return `     ${text}`
}

export function waitLine(text: string, ms: number, boundMs: number): string {
  return `   … ${text}: ${seconds(ms)}, at most ${seconds(boundMs)}`
}

/** `0.61 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
