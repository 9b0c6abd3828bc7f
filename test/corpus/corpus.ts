/** The awkward files, by name, and what the real keepalived says of them. */
import { readFileSync } from 'node:fs'

export interface Verdict {
  readonly status: number
  /** With FILE for the path of the configuration; each once, in the order of first mention. */
  readonly messages: readonly string[]
}

export interface Verdicts {
  readonly program: string
  readonly files: Readonly<Record<string, Verdict>>
}

export const VERDICTS_PATH: URL = new URL('./awkward.verdicts.json', import.meta.url)

export function awkwardFiles(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL('./awkward.txt', import.meta.url), 'utf8')
  const sections = text.split(/^=== (\S+)\n/m).slice(1)
  const files = new Map<string, string>()
  for (let i = 0; i + 1 < sections.length; i += 2)
    files.set(sections[i]!, `${sections[i + 1]!.trimEnd()}\n`.replaceAll('␍', '\r'))
  return files
}

export function recordedVerdicts(): Verdicts {
  return JSON.parse(readFileSync(VERDICTS_PATH, 'utf8'))
}
