import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { document } from './document.ts'

test('docs/keywords.md is what document.ts makes of the tables', () => {
  const committed = readFileSync(new URL('../../../docs/keywords.md', import.meta.url), 'utf8')
  assert.equal(document(), committed, 'run npx tsx src/config/keywords/document.ts')
})
