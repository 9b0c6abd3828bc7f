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
    played = await play(
      (_, file) => spawn('bin/sluice', ['run', '-D', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }),
      recorded,
    )
})

for (const { name } of SERVICES) {
  test(`${name}: as keepalived`, { skip }, () => assert.deepEqual(settled(name, played), settled(name, recorded)))
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

/** Without what is left to chance: which of two checkers comes first, and which of two pages was the one that failed. */
function settled(name: string, { [name]: lines = [] }: Transcript): readonly string[] {
  if (name === 'both') return lines.toSorted()
  return name === 'http' ? lines.filter(line => !line.includes(' success to ')) : lines
}
