import { loadConfiguration } from '../config/load.ts'
import { type Diagnostic, hasErrors, type Span } from '../diagnostics/diagnostic.ts'
import { renderAll } from '../diagnostics/render.ts'
import type { Sources } from '../diagnostics/source.ts'

export interface JudgeOptions {
  readonly json: boolean
  readonly colour: boolean
}

/** What `sluice check` prints, and whether all files are free of errors. */
export function judgeFiles(files: readonly string[], options: JudgeOptions): { text: string; sound: boolean } {
  const judged = files.map(file => ({ file, ...loadConfiguration(file) }))
  const sound = judged.every(({ diagnostics }) => !hasErrors(diagnostics))
  if (options.json) {
    const all = judged.flatMap(({ diagnostics, sources }) => diagnostics.map(each => asJson(each, sources)))
    return { text: `${JSON.stringify(all, undefined, 2)}\n`, sound }
  }
  const parts = judged.map(({ file, diagnostics, sources }) => {
    const rendered = renderAll(diagnostics, sources, options)
    return `${rendered}${rendered === '' ? '' : '\n'}${summary(file, diagnostics)}\n`
  })
  return { text: parts.join('\n'), sound }
}

/** `keepalived.conf: 2 errors, 1 warning`. */
function summary(file: string, diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic['severity']) => diagnostics.filter(each => each.severity === severity).length
  const counts = (['error', 'warning'] as const).flatMap(severity => {
    const n = count(severity)
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`]
  })
  return `${file}: ${counts.join(', ') || 'sound'}`
}

function asJson(diagnostic: Diagnostic, sources: Sources): unknown {
  const { span, notes, ...rest } = diagnostic
  return { ...rest, ...place(span, sources), notes: notes.map(({ span, text }) => ({ ...place(span, sources), text })) }
}

/** Lines and columns count from 1; the end is the place behind the last character. */
function place({ file, start, end }: Span, sources: Sources): object {
  const source = sources.get(file)
  return source === undefined ? { file } : { file, start: source.position(start), end: source.position(end) }
}
