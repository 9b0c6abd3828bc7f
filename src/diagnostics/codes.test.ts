import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generate } from './generate.ts'

test('codes.ts is what generate.ts makes of the pages', () => {
  const committed = readFileSync(new URL('./codes.ts', import.meta.url), 'utf8')
  assert.equal(generate(), committed, 'run npx tsx src/diagnostics/generate.ts')
})
