import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Configuration } from '../model/configuration.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import { dumpData, dumpJson, dumpStats } from './state-dump.ts'

export type Dump = 'data' | 'stats' | 'json'

const DUMPS = { data: dumpData, stats: dumpStats, json: dumpJson } as const

/** Writes /tmp/keepalived.data and its like, where TMPDIR says nothing else, readable for its owner alone. */
export function writeDump(dump: Dump, configuration: Configuration, snapshot: Snapshot): string {
  const path = join(tmpdir(), `keepalived.${dump}`)
  writeFileSync(path, DUMPS[dump](configuration, snapshot), { mode: 0o600 })
  return path
}
