/**
 * What a machine's files say of ip_vs: kernel parameters, as sysctl(8) would set them at boot if the module were there,
 * and the module's own parameter. They hold for a table from the moment it is made.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSysctlLines, type SysctlLine } from '../balancer/sysctl-lines.ts'

/** The first to have a file of some name is the one whose file counts (sysctl.d(5)). */
const FOLDERS = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d']
const LAST = '/etc/sysctl.conf'
const MODULE_FOLDERS = ['/etc/modprobe.d', '/run/modprobe.d', '/usr/lib/modprobe.d', '/lib/modprobe.d']

/** The files of `sysctl --system`, in the order in which they are read. */
export function systemSysctlFiles(): readonly string[] {
  return [...filesIn(FOLDERS), ...(textOf(LAST) === undefined ? [] : [LAST])]
}

/** The lines about ip_vs in a file; ENOENT and its like are for who asked for the file. */
export function readSysctlFile(path: string): readonly SysctlLine[] {
  return parseSysctlLines(readFileSync(path, 'utf8'))
}

/** `options ip_vs conn_tab_bits=N`, if somebody has written that. */
export function connTabBitsOption(): number | undefined {
  const bits = filesIn(MODULE_FOLDERS).flatMap(path => {
    const match = /^\s*options\s+ip_vs\s(?:.*\s)?conn_tab_bits=(\d+)/m.exec(textOf(path) ?? '')
    return match === null ? [] : [Number(match[1])]
  })
  return bits.at(-1)
}

function filesIn(folders: readonly string[]): string[] {
  const found = new Map<string, string>()
  for (const folder of folders)
    for (const name of namesIn(folder))
      if (name.endsWith('.conf') && !found.has(name)) found.set(name, join(folder, name))
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
