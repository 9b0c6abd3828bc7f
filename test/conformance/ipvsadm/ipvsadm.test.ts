/** Every recorded session is played again on a table in memory; each answer must be the real one, byte by byte. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MemoryTable } from '../../../src/balancer/memory-table.ts'
import { play, written } from './play.ts'
import { parseSessions } from './session.ts'

/** The interfaces that answer.sh makes. */
const INTERFACES = new Map([
  ['lo', 65536],
  ['d0', 1500],
  ['d1', 1500],
  ['j0', 9000],
  ['j1', 9000],
])

const folder = new URL('sessions/', import.meta.url)
for (const file of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
  for (const { title, exchanges } of parseSessions(readFileSync(new URL(file, folder), 'utf8'))) {
    test(`${file}: ${title}`, async () => {
      const table = new MemoryTable({ interfaces: INTERFACES })
      for (const { command, stdin, answer, difference } of exchanges) {
        const ours = await play(command, stdin, table)
        if (difference === undefined) assert.equal(written(command, ours), written(command, answer))
        else assert.notDeepEqual(ours, answer, `no longer different: ${command}`)
      }
    })
  }
}
