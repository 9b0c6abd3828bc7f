import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { print } from '../config/print.ts'
import { Failure } from '../diagnostics/failure.ts'

/** What is done with the text in canonical layout. */
export type FormatTarget = 'print' | 'check' | 'write'

/** What `sluice fmt` prints. `same` is false if `check` found a file that is laid out otherwise. */
export function formatFiles(files: readonly string[], target: FormatTarget): { text: string; same: boolean } {
  const parts: string[] = []
  let same = true
  for (const file of files) {
    const before = read(file)
    const after = print(before)
    if (target === 'print') parts.push(after)
    else if (before === after) continue
    else if (target === 'write') replace(file, after)
    else {
      same = false
      parts.push(`${file}\n`)
    }
  }
  return { text: parts.join(''), same }
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${reason(error)}`)
  }
}

/** The file is whole at any moment: the new one is written beside it first, and a link goes on pointing to it. */
function replace(file: string, text: string): void {
  if (file === '-') throw new Failure('standard input cannot be written: leave --write out', 2)
  try {
    const path = realpathSync(file)
    const fresh = `${path}.sluice-fmt-${process.pid}`
    try {
      writeFileSync(fresh, text, { mode: statSync(path).mode & 0o7777, flag: 'wx' })
      renameSync(fresh, path)
    } finally {
      rmSync(fresh, { force: true })
    }
  } catch (error) {
    throw new Failure(`cannot write ${file}: ${reason(error)}`)
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  return error instanceof Error ? error.message : String(error)
}
