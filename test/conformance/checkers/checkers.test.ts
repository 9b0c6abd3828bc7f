/** What sluice logs, writes to its pipe, runs and mails about each type of checker, beside keepalived in the same scene. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { play, SERVICES, type Transcript } from './scene.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'
const recorded = parse(readFileSync(new URL('keepalived.txt', import.meta.url), 'utf8'))
let played: Transcript = {}

before(async () => {
  if (skip === false)
    played = await play((_, file) =>
      spawn('bin/sluice', ['run', '-D', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }),
    )
})

for (const { name } of SERVICES) {
  // Two checkers overtake each other.
  const settle = (lines: readonly string[] = []) => (name === 'both' ? lines.toSorted() : lines)
  test(`${name}: as keepalived`, { skip }, () => assert.deepEqual(settle(played[name]), settle(recorded[name])))
}

/** The sections of `keepalived.txt`: the name of a service, and what was said of it. */
function parse(text: string): Transcript {
  return Object.fromEntries(
    text.split(/^# /m).flatMap(section => {
      const [name = '', ...lines] = section.trimEnd().split('\n')
      return name === '' ? [] : [[name, lines]]
    }),
  )
}
