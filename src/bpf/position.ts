/** Where in the TypeScript source a piece of a program was written; found by walking up from the language's own files. */
import { findSourceMap } from 'node:module'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

const HERE = dirname(fileURLToPath(import.meta.url))
const FRAMES = 12

/** The innermost caller outside this folder, through the source map if node keeps one. Costs some microseconds. */
export function callerPosition(): Position | undefined {
  const prepare = Error.prepareStackTrace
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = FRAMES
    Error.prepareStackTrace = (_, sites) => sites
    const sites = new Error('position').stack as unknown as NodeJS.CallSite[]
    for (const site of sites) {
      const position = sitePosition(site)
      if (position !== undefined && !isOwn(position.file)) return position
    }
    return undefined
  } finally {
    Error.prepareStackTrace = prepare
    Error.stackTraceLimit = limit
  }
}

/** `director.ts:41`, as the kernel's verifier and our messages name it. */
export function positionText(position: Position): string {
  return `${basename(position.file)}:${position.line}`
}

function sitePosition(site: NodeJS.CallSite): Position | undefined {
  const name = site.getFileName()
  const line = site.getLineNumber()
  const column = site.getColumnNumber()
  if (!name || line === null || column === null) return undefined
  const path = name.startsWith('file:') ? fileURLToPath(name) : name
  const entry = findSourceMap(path)?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry) || entry.originalSource === undefined)
    return { file: path, line, column }
  const file = entry.originalSource.startsWith('file:') ? fileURLToPath(entry.originalSource) : entry.originalSource
  return { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}

/** The language's own frames, whether it runs from its sources or from the bundle; its tests are callers. */
function isOwn(file: string): boolean {
  const folder = dirname(file)
  return (folder === HERE || folder.endsWith('/src/bpf')) && !file.endsWith('.test.ts')
}
