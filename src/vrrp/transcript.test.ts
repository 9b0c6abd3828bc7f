/**
 * The stories in testdata/*.txt, played through the real elections. `UPDATE=1` writes what happened into them: read the
 * difference before you keep it, and keep none that you cannot explain.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Play } from './testdata/play.ts'

const directory = new URL('./testdata/', import.meta.url)

for (const file of readdirSync(directory).filter(name => name.endsWith('.txt'))) {
  test(`transcript ${file}`, () => {
    const url = new URL(file, directory)
    const text = readFileSync(url, 'utf8')
    const played = replay(text)
    if (process.env.UPDATE !== undefined) writeFileSync(url, played)
    else assert.equal(played, text)
  })
}

/** The transcript with what happens now in place of what happened then. */
function replay(text: string): string {
  const play = new Play()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map(block => replayBlock(play, block)).join('\n\n')}\n`
}

function replayBlock(play: Play, block: string): string {
  const lines = block.split('\n')
  const divider = lines.indexOf('----')
  const head = divider < 0 ? lines : lines.slice(0, divider)
  const commands = head.filter(line => !line.startsWith('#'))
  return commands.length === 0 ? block : [...head, '----', ...play.perform(commands)].join('\n')
}
