/**
 * What is wrong with somebody's text, as data: a code, where, and what would mend it. Collected, never thrown; `render`
 * makes the picture with carets. Messages come from the pages in docs/diagnostics, through `codes.ts`.
 */
import { CODES } from './codes.ts'

export type Severity = 'error' | 'warning' | 'note'

/** `end` is the offset behind the last character; offsets count UTF-16 units of the file's text. */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
}

/** A span with what is to be said beside it, or with nothing but its marks. */
export interface Label {
  readonly span: Span
  readonly text: string
}

export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  readonly message: string
  readonly span: Span
  /** Said beside the caret: what is wrong in a few words, or `did you mean "priority"?`. */
  readonly label: string
  /** Other places that explain it, marked with dashes. */
  readonly notes: readonly Label[]
  /** The remedy, one sentence. */
  readonly help: string | undefined
}

export type DiagnosticCode = keyof typeof CODES

type Template<C extends DiagnosticCode> = (typeof CODES)[C]['template']
type Blanks<T extends string> = T extends `${string}{${infer Blank}}${infer Rest}` ? Blank | Blanks<Rest> : never
/** What the message of a code leaves to be filled in. */
export type Fill<C extends DiagnosticCode> = { readonly [B in Blanks<Template<C>>]: string | number }

export interface Details {
  readonly label?: string
  readonly notes?: readonly Label[]
  readonly help?: string | undefined
}

/** A diagnostic of the given code; the compiler asks for exactly the words its message has blanks for. */
export function diagnostic<C extends DiagnosticCode>(
  code: C,
  span: Span,
  fill: Fill<C>,
  details: Details = {},
): Diagnostic {
  const { severity, template } = CODES[code]
  const words = fill as Readonly<Record<string, string | number>>
  return {
    code,
    severity,
    message: template.replace(/\{(\w+)\}/g, (blank: string, name: string) => String(words[name] ?? blank)),
    span,
    label: details.label ?? '',
    notes: details.notes ?? [],
    help: details.help,
  }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error')
}
