/** What `sluice sysctl` does: sysctl(8) for a table of services instead of the kernel. */
import { relativeName, type SysctlLine } from '../../balancer/sysctl-lines.ts'
import {
  FIXED_SYSCTLS,
  isFixed,
  parseSysctl,
  SYSCTL_NAMES,
  SYSCTL_PREFIX,
  SYSCTLS,
  SysctlError,
  type SysctlName,
} from '../../balancer/sysctls.ts'
import { Failure } from '../../diagnostics/failure.ts'
import { readSysctlFile, systemSysctlFiles } from '../../kernel/sysctl-files.ts'

export interface SysctlOptions {
  readonly all?: boolean
  readonly values?: boolean
  readonly names?: boolean
  readonly write?: boolean
  readonly quiet?: boolean
  readonly ignore?: boolean
  /** Files; true: the usual one. */
  readonly load?: readonly string[] | true
  readonly system?: boolean
}

/** A table that is made when something is set. */
export interface SysctlTable {
  readonly made: Parameters | undefined
  make(): Parameters
}

interface Parameters {
  sysctl(name: SysctlName): number
  setSysctl(name: SysctlName, value: number): void
}

export interface Outcome {
  readonly lines: readonly string[]
  /** What went wrong, a sentence each; the rest was done. */
  readonly wrongs: readonly string[]
}

const USUAL_FILE = '/etc/sysctl.conf'

export function performSysctl(table: SysctlTable, words: readonly string[], options: SysctlOptions): Outcome {
  const files = options.system ? systemSysctlFiles() : options.load === true ? [USUAL_FILE] : options.load
  if ([options.all, files].filter(each => each !== undefined && each !== false).length > 1)
    throw new Failure('sysctl takes one of --all, --load and --system', 2)
  if ((options.all || files !== undefined) && words.length > 0)
    throw new Failure(`sysctl with ${options.all ? '--all' : 'files'} takes no names`, 2)
  if (!options.all && files === undefined && words.length === 0) throw new Failure('sysctl wants a name, or --all', 2)
  const lines: string[] = []
  const wrongs: string[] = []
  const attempt = (before: string, work: () => void) => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof SysctlError)) throw error
      if (!(options.ignore && error.kind === 'unknown')) wrongs.push(`${before}${error.message}`)
    }
  }
  const set = (name: string, value: string) => {
    if (!isFixed(name, value)) setParameter(table, name, value)
    if (!options.quiet) lines.push(shown(name, value.trim(), options))
  }
  if (options.all) lines.push(...allNames().map(name => shown(name, valueNow(table, name), options)))
  for (const file of files ?? [])
    for (const { name, value, line } of linesOf(file)) attempt(`${file}:${line}: `, () => set(name, value))
  for (const word of words) {
    attempt('', () => {
      const [, path = word, value] = /^([^=]*?)\s*=(.*)$/.exec(word) ?? []
      const name = relativeName(path)
      if (name === undefined) throw new SysctlError('unknown', `${path} is none of ip_vs's: set it with sysctl`)
      if (value === undefined && options.write)
        throw new SysctlError('value', `"${word}" sets nothing: write ${path}=VALUE`)
      if (value === undefined) lines.push(shown(name, valueNow(table, name), options))
      else set(name, value)
    })
  }
  return { lines, wrongs }
}

function linesOf(file: string): readonly SysctlLine[] {
  try {
    return readSysctlFile(file)
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function setParameter(table: SysctlTable, name: string, text: string): void {
  const { name: known, value } = parseSysctl(name, text)
  table.make().setSysctl(known, value)
}

function valueNow(table: SysctlTable, name: string): string {
  const fixed = FIXED_SYSCTLS[name]
  if (fixed !== undefined) return fixed.value
  const known = SYSCTL_NAMES.find(each => each === name)
  // The sentence about what was meant is the parser's.
  if (known === undefined) return String(parseSysctl(name, '').value)
  return String(table.made?.sysctl(known) ?? SYSCTLS[known].initial)
}

function allNames(): string[] {
  return [...SYSCTL_NAMES, ...Object.keys(FIXED_SYSCTLS)].sort()
}

function shown(name: string, value: string, { values, names }: SysctlOptions): string {
  if (names) return `${SYSCTL_PREFIX}${name}`
  return values ? value : `${SYSCTL_PREFIX}${name} = ${value}`
}
