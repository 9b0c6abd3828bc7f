/** File names with wildcards as `include` has them: `*`, `?`, `[a-z]`, and csh's `{a,b}`. */
import type { FileSystem } from './file-system.ts'

/** More alternatives than this in one pattern are a mistake, or an attack. */
const ALTERNATIVES_MAX = 1000

/** The patterns without braces that a pattern stands for, in order: `a{b,c}` gives `ab` and `ac`. */
export function expandBraces(pattern: string): readonly string[] {
  const done: string[] = []
  const open = [pattern]
  while (open.length > 0 && done.length < ALTERNATIVES_MAX) {
    const next = open.shift()!
    const found = firstBraces(next)
    if (found === undefined) done.push(next)
    else open.unshift(...found.slice(0, ALTERNATIVES_MAX))
  }
  return done
}

/** The paths that exist and match an absolute pattern without braces, sorted. */
export function glob(pattern: string, files: FileSystem): readonly string[] {
  let found = ['']
  for (const part of pattern.split('/').filter((part, i) => part !== '' || i === 0)) {
    if (part === '') continue
    if (!isWild(part)) found = found.map(path => `${path}/${part}`)
    else {
      const matcher = partMatcher(part)
      found = found.flatMap(path =>
        files
          .list(path === '' ? '/' : path)
          .filter(name => matcher.test(name) && (part.startsWith('.') || !name.startsWith('.')))
          .sort()
          .map(name => `${path}/${name}`),
      )
    }
  }
  return found.filter(path => files.kind(path) !== undefined)
}

export function isWild(pattern: string): boolean {
  return /[*?[]/.test(pattern)
}

function partMatcher(part: string): RegExp {
  const source = part.replace(/\[[!^]?[^\]]+\]|[\s\S]/g, piece => {
    if (piece.length > 1) return piece.replace(/^\[[!^]/, '[^').replaceAll('\\', '\\\\')
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    return piece.replace(/[.+^$()|{}[\]\\]/, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`, 's')
  } catch {
    // A range such as [z-a], which matches nothing.
    return /(?!)/
  }
}

/** The alternatives of the first brace pair, each within what stands around it. */
function firstBraces(pattern: string): readonly string[] | undefined {
  const open = pattern.indexOf('{')
  if (open < 0) return undefined
  let depth = 0
  let from = open + 1
  const parts: string[] = []
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '{') depth++
    if (character === '}') depth--
    if ((character === ',' && depth === 1) || depth === 0) {
      parts.push(pattern.slice(from, at))
      from = at + 1
    }
    if (depth === 0) {
      const [before, after] = [pattern.slice(0, open), pattern.slice(at + 1)]
      return parts.map(part => before + part + after)
    }
  }
  return undefined
}
