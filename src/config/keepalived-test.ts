/**
 * `keepalived -t`: the same configuration judged as keepalived 2.2.7 judges it, for scripts that grep its messages and
 * look at its status. It reads the file once for each of its processes; so do we, and say each message once.
 *
 *   0  nothing to say     2  a parameter is missing, and it stops there     4  no file, where all must be there
 *   5  anything else      6  an include or a script
 */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import type { Sources } from '../diagnostics/source.ts'
import { elaborate } from './elaborate.ts'
import { disk, type FileSystem } from './file-system.ts'
import { isWild } from './glob.ts'
import { checkerComplaints, programComplaints, vrrpComplaints } from './keepalived/complete.ts'
import { Process, type ProcessName, type Surroundings } from './keepalived/process.ts'
import { missingBraces, walk } from './keepalived/walk.ts'
import { MissingParameter } from './keepalived/words.ts'
import { ROOT } from './keywords/root.ts'
import type { Line } from './line.ts'
import { type ReadFile, type ReadOptions, readConfiguration } from './read.ts'
import { keywordOf, type Statement } from './statement.ts'

export interface TestOptions extends ReadOptions {
  /** Whether this machine has an interface of that name; undefined: whatever is named exists. */
  readonly hasInterface?: (name: string) => boolean
  /** The same of network namespaces. */
  readonly hasNamespace?: (name: string) => boolean
  /** The namespace named on the command line; undefined: the configuration may name one. */
  readonly namespace?: string | undefined
}

export interface Tested {
  /** What keepalived exits with. */
  readonly status: number
  /** One a line, for standard error. */
  readonly messages: readonly string[]
}

export function keepalivedTest(file: string, options: TestOptions = {}): Tested {
  const read = readConfiguration(file, { ...options, faithful: true })
  const absent = read.diagnostics.some(({ code }) => code === 'unreadable-file')
  if (absent && options.allFiles === true) return { status: 4, messages: [`Config files missing '${file}'.`] }
  const said = new Set<string>()
  const reading = read.diagnostics.flatMap(problem =>
    readingComplaints(problem, read.sources, file, options.files ?? disk),
  )
  for (const { message } of reading) said.add(message)
  const missing = missingBraces(read.lines)
  if (missing > 0) said.add(`There are ${missing} missing '}'s or extra '{'s`)
  try {
    if (read.lines.length > 0 && !readAsAll(file, read, options, said)) return { status: 0, messages: [...said] }
  } catch (error) {
    if (!(error instanceof MissingParameter)) throw error
    return { status: 2, messages: [...said, error.message] }
  }
  const messages = [...said]
  const harmless = new Set(reading.filter(each => each.harmless).map(({ message }) => message))
  if (reading.some(({ fatal }) => fatal) || messages.some(text => text.startsWith('SECURITY VIOLATION')))
    return { status: 6, messages }
  return { status: messages.every(message => harmless.has(message)) ? 0 : 5, messages }
}

/**
 * The parent reads first, and its children inherit global_defs. False: there is no namespace for them to read in, and
 * keepalived ends there with status 0.
 */
function readAsAll(file: string, read: ReadFile, options: TestOptions, said: Set<string>): boolean {
  const readAs = (name: ProcessName) => {
    const process = new Process(name, surroundings(name, file, read, options), text => void said.add(text))
    return walk(read.lines, ROOT, process)
  }
  const { children = [] } = readAs('parent')
  const named = children.findLast(each => keywordOf(each) === 'net_namespace')?.line.words[1]?.text
  const namespace = options.namespace ?? named
  if (namespace !== undefined && options.hasNamespace?.(namespace) === false) return false
  const global = children.filter(each => keywordOf(each) === 'global_defs')
  readAs('bfd')
  for (const name of ['checkers', 'vrrp'] as const) {
    const own = readAs(name)
    const root: Statement = { ...own, children: [...global, ...(own.children ?? [])] }
    const judged = elaborate(root, '')
    // What is no path is looked for elsewhere, and taken for found.
    const runs = (path: string) => !path.startsWith('/') || (options.files ?? disk).kind(path) === 'executable'
    for (const text of name === 'vrrp' ? vrrpComplaints(judged, root) : checkerComplaints(judged)) said.add(text)
    for (const text of programComplaints(judged, name, runs)) said.add(text)
    const strange = judged.configuration.vrrpInstances.some(each => options.hasInterface?.(each.interface) === false)
    if (strange) said.add('Non-existent interface specified in configuration')
  }
  return true
}

function surroundings(
  name: ProcessName,
  file: string,
  { sources, diagnostics }: ReadFile,
  options: TestOptions,
): Surroundings {
  const lineOf = (line: Line) => sources.get(line.end.file)?.lineAt(line.end.start)
  const quotes = diagnostics.filter(({ code }) => code === 'unclosed-quote')
  const unclosed = new Set(quotes.map(({ span }) => sources.get(span.file)?.lineAt(span.start)))
  // The parent names the file only where there are several.
  const shown = name === 'parent' && sources.size === 1 ? '' : file
  return {
    place: line => placeText(line.words[0] ?? line.end, sources, shown),
    hasUnclosedQuote: line => unclosed.has(lineOf(line)),
    hasInterface: device => options.hasInterface?.(device) !== false,
  }
}

function placeText(span: Span, sources: Sources, file: string): string {
  const line = sources.get(span.file)?.lineAt(span.start) ?? 1
  return file === '' ? `(Line ${line})` : `(${span.file || file}: Line ${line})`
}

interface Complaint {
  readonly message: string
  readonly fatal: boolean
  /** It is said, and the status stays 0. */
  readonly harmless: boolean
}

/** What goes wrong before any block is known. */
function readingComplaints(
  problem: Diagnostic,
  sources: Sources,
  file: string,
  files: FileSystem,
): readonly Complaint[] {
  const { code, span, message } = problem
  const places = [placeText(span, sources, ''), placeText(span, sources, file)]
  const pattern = /"([^"]*)"/.exec(message)?.[1] ?? ''
  switch (code) {
    case 'unreadable-file':
      return [{ message: `Config files missing '${file}'.`, fatal: false, harmless: true }]
    case 'nothing-included':
      return [{ message: `${places[0]} Config files missing '${pattern}'.`, fatal: false, harmless: true }]
    case 'no-file-to-include':
      return [{ message: `${places[0]} ${noFile(pattern, files)}`, fatal: true, harmless: false }]
    case 'unclosed-quote': {
      const source = sources.get(span.file)
      const text = source?.lineText(source.lineAt(span.start)).trim() ?? ''
      return places.flatMap(place =>
        ['Unterminated quote', 'Unmatched quote:'].map(what => ({
          message: `${place} ${what} '${text}'`,
          fatal: false,
          harmless: false,
        })),
      )
    }
    default:
      return []
  }
}

/** A wildcard that matched nothing is told from one in a directory that there is not. */
function noFile(pattern: string, files: FileSystem): string {
  const fixed = pattern.split('/').findIndex(isWild)
  const directory = pattern.split('/').slice(0, fixed).join('/') || '/'
  const matchless = isWild(pattern) && files.kind(directory) === 'directory'
  return matchless ? `No config files matched '${pattern}'.` : `Config files missing '${pattern}'.`
}
