import type { Host } from '../config/check/host.ts'
import { compareLoaded, type Loaded, loadConfiguration } from '../config/load.ts'
import { type Diagnostic, hasErrors, type Span } from '../diagnostics/diagnostic.ts'
import { renderAll } from '../diagnostics/render.ts'
import type { Sources } from '../diagnostics/source.ts'

export interface JudgeOptions {
  readonly json: boolean
  readonly colour: boolean
  /** The machine the files are for; undefined: another one, of which nothing is known. */
  readonly host?: Host | undefined
}

/** One file, or the routers of several side by side, and what is to be said of it. */
interface Judgement {
  readonly title: string
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
  /** What is said where there is nothing to say. */
  readonly praise?: string
}

/** What `sluice check` prints, and whether all files are free of errors. */
export function judgeFiles(files: readonly string[], options: JudgeOptions): { text: string; sound: boolean } {
  const { host, json } = options
  const loaded = files.map(file => loadConfiguration(file, host === undefined ? {} : { host }))
  const judgements: readonly Judgement[] = [
    ...loaded.map((each, i) => ({ ...each, title: files[i]! })),
    ...pairs(files, loaded),
  ]
  const sound = judgements.every(({ diagnostics }) => !hasErrors(diagnostics))
  if (json) {
    const all = judgements.flatMap(({ diagnostics, sources }) => diagnostics.map(each => asJson(each, sources)))
    return { text: `${JSON.stringify(all, undefined, 2)}\n`, sound }
  }
  const parts = judgements.map(({ title, diagnostics, sources, praise = 'sound' }) => {
    const rendered = renderAll(diagnostics, sources, options)
    return `${rendered}${rendered === '' ? '' : '\n'}${title}: ${summary(diagnostics, praise)}\n`
  })
  return { text: parts.join('\n'), sound }
}

/** Each further file with the first: routers that shall stand in for each other. */
function pairs(files: readonly string[], loaded: readonly Loaded[]): readonly Judgement[] {
  const [one, ...others] = loaded
  return others.flatMap((other, i) => {
    if (one === undefined || isUnreadable(one) || isUnreadable(other)) return []
    const sources = new Map([...one.sources, ...other.sources])
    const broken = [files[0]!, files[i + 1]!].filter((_, side) => [one, other][side]!.configuration === undefined)
    const title = `${files[0]} with ${files[i + 1]}`
    const diagnostics = compareLoaded(one, other)
    if (broken.length === 0) return { title, diagnostics, sources }
    return { title, diagnostics, sources, praise: `compared as far as ${broken.join(' and ')} can be read` }
  })
}

function isUnreadable({ sources }: Loaded): boolean {
  return sources.size === 0
}

/** `2 errors, 1 warning`. */
function summary(diagnostics: readonly Diagnostic[], praise: string): string {
  const counts = (['error', 'warning', 'note'] as const).flatMap(severity => {
    const count = diagnostics.filter(each => each.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  if (hasErrors(diagnostics)) return counts.join(', ')
  return [praise, ...counts].join(', ')
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
