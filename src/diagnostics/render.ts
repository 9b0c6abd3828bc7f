/**
 * Diagnostics as people read them: where, what, the lines themselves with marks beneath, and the remedy.
 *
 *   keepalived.conf:17:23: error[duplicate-router-id]: virtual_router_id 51 is already taken on eth0 (IPv4)
 *      |
 *    9 |     virtual_router_id 51
 *      |                       -- first taken by VI_1
 *      …
 *   17 |     virtual_router_id 51
 *      |                       ^^ taken again by VI_2
 *      = give each instance on one interface its own id, from 1 to 255
 */
import { styleText } from 'node:util'
import type { Diagnostic, Label, Severity } from './diagnostic.ts'
import type { Source, Sources } from './source.ts'

export interface RenderOptions {
  /** Terminal colours; off unless asked for. */
  readonly colour?: boolean
}

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

const SEVERITY_STYLE: Readonly<Record<Severity, Style>> = {
  error: ['bold', 'red'],
  warning: ['bold', 'yellow'],
  note: ['bold', 'cyan'],
}

interface Mark extends Label {
  readonly source: Source
  readonly line: number
  readonly primary: boolean
}

/** All of them, a blank line between, ending in a newline; empty text for no diagnostics. */
export function renderAll(diagnostics: readonly Diagnostic[], sources: Sources, options: RenderOptions = {}): string {
  return diagnostics.map(diagnostic => `${render(diagnostic, sources, options)}\n`).join('\n')
}

/** One diagnostic in several lines, without the last newline. */
export function render(diagnostic: Diagnostic, sources: Sources, options: RenderOptions = {}): string {
  const paint: Paint = options.colour
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text
  const { severity, code, message, help } = diagnostic
  const title = `${paint(SEVERITY_STYLE[severity], `${severity}[${code}]`)}: ${paint('bold', visible(cropped(message, MESSAGE_MAX)))}`
  const marks = marksOf(diagnostic, sources)
  const gutter = String(Math.max(...marks.map(mark => mark.line), 1)).length
  const edge = paint('blue', `${' '.repeat(gutter)} |`)
  const lines = [`${location(diagnostic, sources)}: ${title}`]
  if (marks.length > 0) lines.push(edge)

  let file = diagnostic.span.file
  let shown: View | undefined
  for (const mark of marks) {
    if (mark.source.file !== file) {
      file = mark.source.file
      shown = undefined
      lines.push(`${paint('blue', `${' '.repeat(gutter)} :::`)} ${place(mark.source, mark.span.start)}`)
    }
    if (shown === undefined || mark.line !== shown.line || !isInView(mark, shown)) {
      if (shown !== undefined && mark.line > shown.line + 1) lines.push(paint('blue', `${' '.repeat(gutter)} …`))
      shown = viewAround(mark)
      const number = paint('blue', `${String(mark.line).padStart(gutter)} |`)
      lines.push(`${number} ${shown.text}`.trimEnd())
    }
    lines.push(`${edge} ${underline(mark, shown, severity, paint)}`)
  }
  if (help !== undefined) lines.push(`${' '.repeat(gutter)} ${paint('blue', '=')} ${help}`)
  return lines.join('\n')
}

/** `file:line:column` of a diagnostic, or the file alone where its text is not at hand. */
export function location(diagnostic: Diagnostic, sources: Sources): string {
  const source = sources.get(diagnostic.span.file)
  return source === undefined ? diagnostic.span.file : place(source, diagnostic.span.start)
}

function place(source: Source, offset: number): string {
  const { line, column } = source.position(offset)
  return `${source.file}:${line}:${column}`
}

/** The places to show, those of the diagnostic's own file first, from top to bottom. */
function marksOf(diagnostic: Diagnostic, sources: Sources): readonly Mark[] {
  const primary = { span: diagnostic.span, text: diagnostic.label, primary: true }
  const notes = diagnostic.notes.map(note => ({ ...note, primary: false }))
  const marks = [primary, ...notes].flatMap(label => {
    const source = sources.get(label.span.file)
    return source === undefined ? [] : [{ ...label, source, line: source.lineAt(label.span.start) }]
  })
  const elsewhere = (mark: Mark) => (mark.source.file === diagnostic.span.file ? 0 : 1)
  return marks.sort((a, b) => elsewhere(a) - elsewhere(b) || a.line - b.line || a.span.start - b.span.start)
}

/** What is shown of a line: all of it, or the part around a mark where it is too long for a screen. */
interface View {
  readonly line: number
  readonly text: string
  /** The offset in the line of the first character of `text`. */
  readonly from: number
}

/** Characters of a line that are shown, of them so many before the mark, and of a message. */
const LINE_MAX = 160
const BEFORE_MAX = 60
const MESSAGE_MAX = 400
const ELLIPSIS = '…'

function viewAround({ source, line, span }: Mark): View {
  const whole = visible(source.lineText(line))
  if (whole.length <= LINE_MAX) return { line, text: whole, from: 0 }
  const column = Math.min(span.start - source.lineStart(line), whole.length)
  const from = column + BEFORE_MAX < LINE_MAX ? 0 : wholeCharacter(whole, column - BEFORE_MAX)
  const rest = cropped(whole.slice(from), LINE_MAX)
  // The sign that something is left out stands for one character.
  return { line, text: from === 0 ? rest : ELLIPSIS + rest.slice(wholeCharacter(rest, 1)), from }
}

function isInView({ source, line, span }: Mark, { text, from }: View): boolean {
  const column = span.start - source.lineStart(line)
  return column >= from && (column <= from + text.length || text.length < LINE_MAX)
}

/** Control characters as pictures of themselves: what is shown to a terminal must not command it. */
function visible(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, character =>
    character === '\x7f' ? '\u2421' : String.fromCharCode(0x2400 + character.charCodeAt(0)),
  )
}

/** The text up to a number of characters, its end marked if some are left out. */
function cropped(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, wholeCharacter(text, max - 1)) + ELLIPSIS
}

/** The place, or the one behind it if a character of two halves would be cut there. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at
}

function underline(mark: Mark, view: View, severity: Severity, paint: Paint): string {
  const { source, line, span, text, primary } = mark
  const lineText = view.text
  const start = source.lineStart(line) + view.from
  const from = Math.min(Math.max(span.start - start, 0), lineText.length)
  const to = Math.min(Math.max(span.end - start, 0), lineText.length)
  const indent = lineText.slice(0, from).replace(/[^\t]/gu, character => ' '.repeat(widthOf(character)))
  const marks = (primary ? '^' : '-').repeat(Math.max(1, textWidth(lineText.slice(from, to))))
  return indent + paint(primary ? SEVERITY_STYLE[severity] : 'blue', text === '' ? marks : `${marks} ${text}`)
}

function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/** Columns a terminal gives a character: two for those of East Asian scripts (Unicode Standard Annex 11, W and F). */
function widthOf(character: string): number {
  return /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    character,
  )
    ? 2
    : 1
}
