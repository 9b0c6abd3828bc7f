/** What reading a configuration needs of the disk, so that tests and editors can put something else in its place. */
import { readdirSync, readFileSync, statSync } from 'node:fs'

export type FileKind = 'file' | 'executable' | 'directory' | 'other'

export interface FileSystem {
  /** The whole text, or the reason in words why it cannot be read. */
  read(path: string): { readonly text: string } | { readonly error: string }
  /** Undefined if there is nothing of that name. */
  kind(path: string): FileKind | undefined
  /** Names in a directory; none if it cannot be read. */
  list(directory: string): readonly string[]
}

/** More than any real configuration; a file of this size is a mistake. */
const SIZE_MAX = 256 * 1024 * 1024

export const disk: FileSystem = {
  read(path) {
    try {
      if (statSync(path).size > SIZE_MAX) return { error: `it is larger than ${SIZE_MAX >> 20} MB` }
      return { text: readFileSync(path, 'utf8') }
    } catch (error) {
      return { error: reason(error) }
    }
  },
  kind(path) {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    if (stat.isDirectory()) return 'directory'
    if (!stat.isFile()) return 'other'
    return stat.mode & 0o111 ? 'executable' : 'file'
  },
  list(directory) {
    try {
      return readdirSync(directory)
    } catch {
      return []
    }
  },
}

/** Files held in memory, by absolute path. */
export function filesInMemory(files: Readonly<Record<string, string>>): FileSystem {
  const paths = Object.keys(files)
  return {
    read: path => (files[path] === undefined ? { error: 'no such file' } : { text: files[path] }),
    kind: path => {
      if (files[path] !== undefined) return 'file'
      return paths.some(name => name.startsWith(`${path.replace(/\/$/, '')}/`)) ? 'directory' : undefined
    },
    list: directory => {
      const prefix = `${directory.replace(/\/$/, '')}/`
      const names = paths.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length).split('/')[0]!)
      return [...new Set(names)]
    },
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  return error instanceof Error ? error.message : String(error)
}
