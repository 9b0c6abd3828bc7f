/** What files for sysctl(8) say of ip_vs: lines `name = value`, with `#` and `;` before comments (sysctl.d(5)). */
import { SYSCTL_PREFIX } from './sysctls.ts'

export interface SysctlLine {
  /** Without its prefix. */
  readonly name: string
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

/** The lines that are about ip_vs, in their order; what else the file sets is the kernel's business. */
export function parseSysctlLines(text: string): SysctlLine[] {
  return text.split('\n').flatMap((content, i) => {
    // A minus before the name says that a failure does not matter.
    const match = /^\s*-?\s*([^\s#;=][^\s=]*)\s*=(.*)$/.exec(content)
    const name = match?.[1] === undefined ? undefined : relativeName(match[1])
    return name === undefined ? [] : [{ name, value: match?.[2]?.trim() ?? '', line: i + 1 }]
  })
}

/** `net.ipv4.vs.drop_entry` or `net/ipv4/vs/drop_entry` without what is common to all; undefined if it is another. */
export function relativeName(name: string): string | undefined {
  const dotted = name.replaceAll('/', '.')
  return dotted.startsWith(SYSCTL_PREFIX) ? dotted.slice(SYSCTL_PREFIX.length) : undefined
}
