/**
 * What the lab shows: headings, a line with its time for whatever was checked, the output of commands, and on a terminal
 * one last line that says what is being waited for and is written over.
 */
import { noticeLine, outcomeLine, type Paint, paintFor, waitLine } from './line.ts'

export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const REDRAW_MS = 100
const LONG_MS = 2000

export class Screen {
  #output: Output
  #paint: Paint
  #timer: NodeJS.Timeout | undefined
  passed = 0
  failed = 0

  constructor(output: Output) {
    this.#output = output
    this.#paint = paintFor(output.isTTY === true)
  }

  text(text: string): void {
    this.#print(`${text}\n`)
  }

  heading(number: number, text: string): void {
    this.#print(`\n${this.#paint.bold(`${number}  ${text}`)}\n`)
  }

  notice(text: string): void {
    this.#print(`${this.#paint.dim(noticeLine(text))}\n`)
  }

  check(passed: boolean, text: string, ms: number, boundMs?: number): void {
    if (passed) this.passed++
    else this.failed++
    this.#print(`${outcomeLine(this.#paint, passed, text, ms, boundMs)}\n`)
  }

  /** A command and what it printed, as on a terminal of that host. */
  command(host: string, words: readonly string[], output: string): void {
    const lines = output.replace(/\n$/, '').split('\n')
    const shown = [`${host}# ${words.join(' ')}`, ...lines].map(line =>
      `     ${this.#paint.dim('│')} ${line}`.trimEnd(),
    )
    this.#print(`${shown.join('\n')}\n`)
  }

  /** Says what is waited for, until `stopWaiting`: on a terminal with the time, elsewhere once if it takes long. */
  wait(text: string, boundMs: number): void {
    this.stopWaiting()
    const startedAt = performance.now()
    const line = () => this.#paint.dim(waitLine(text, performance.now() - startedAt, boundMs))
    this.#timer =
      this.#output.isTTY === true
        ? setInterval(() => this.#output.write(`\r\x1b[2K${line()}`), REDRAW_MS)
        : setTimeout(() => this.#output.write(`${line()}\n`), LONG_MS)
  }

  stopWaiting(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#output.isTTY === true) this.#output.write('\r\x1b[2K')
  }

  #print(text: string): void {
    this.stopWaiting()
    this.#output.write(text)
  }
}
