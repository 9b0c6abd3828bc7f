/** An explanation as a person reads it in a terminal: what is asked, each step under its name, and how it ends. */
import type { Explanation, Step } from './explanation.ts'

/** Two blanks, the longest name, two blanks. */
const INDENT = 15

export function renderExplanation({ packet, steps, verdict }: Explanation): string {
  const { text, bytes, mark, interface: by } = packet
  const marked = mark === 0 ? '' : `, mark ${mark}`
  const paragraphs = [
    [text, `${bytes} bytes, in by ${by}${marked}`],
    steps.flatMap(stepLines),
    [verdict.text, ...(verdict.remedy === undefined ? [] : [`remedy: ${verdict.remedy}`])],
  ]
  return `${paragraphs.map(lines => lines.join('\n')).join('\n\n')}\n`
}

/** The name stands before the first line of a step; a step about the same as the one before goes on under it. */
function stepLines({ about, lines, table }: Step, at: number, steps: readonly Step[]): readonly string[] {
  const name = steps[at - 1]?.about === about ? '' : about
  const body = [...lines, ...(table === undefined ? [] : tableLines(table))]
  return body.map((line, i) => `  ${(i === 0 ? name : '').padEnd(INDENT - 2)}${line}`.trimEnd())
}

/** Numbers to the right, everything else to the left. */
function tableLines(table: readonly (readonly string[])[]): readonly string[] {
  const columns = table[0]?.map((_, i) => table.map(row => row[i] ?? '')) ?? []
  const widths = columns.map(column => Math.max(...column.map(cell => cell.length)))
  const numeric = columns.map(([, ...cells]) => cells.some(cell => cell !== '') && cells.every(isNumber))
  return table.map(row =>
    row
      .map((cell, i) => (numeric[i] === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .filter((_, i) => widths[i]! > 0)
      .join('  ')
      .trimEnd(),
  )
}

function isNumber(cell: string): boolean {
  return cell === '' || /^[0-9]+(\/[0-9]+ = [0-9.]+)?$/.test(cell)
}
