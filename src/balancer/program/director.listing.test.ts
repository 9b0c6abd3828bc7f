/**
 * The director's program as it is reviewed: `director.listing`, for the article's cluster (TCP, round robin,
 * persistence, direct routing). `UPDATE=1` writes it anew; a review then shows what changed, instruction by instruction.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { compile } from '../../bpf/compile.ts'
import { list } from '../../bpf/listing.ts'
import type { TableFacts } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { director } from './director.ts'
import { TC } from './hook.ts'

const FACTS: TableFacts = {
  capacity: {
    services: 4096,
    destinations: 32768,
    connections: 1 << 18,
    processors: 2,
    rings: 4096,
    localities: 16384,
  },
  hashSeed: 0x0123_4567_89ab_cdefn,
  hertz: 250,
}
const ARTICLE: Shape = {
  families: [4],
  protocols: ['tcp'],
  schedulers: ['rr'],
  persistence: true,
  onePacket: false,
  thresholds: false,
  methods: ['route'],
  tunnels: [],
  tunnelFamilies: [],
  marks: false,
  anyPort: false,
  hashPort: false,
  hashFallback: false,
  sync: false,
  walkMax: 16,
}
const LISTING = new URL('director.listing', import.meta.url)

test('the program is the one that was reviewed', () => {
  const listing = list(compile(director(TC, FACTS, ARTICLE, 'helper')))
  if (process.env.UPDATE === '1') writeFileSync(LISTING, listing)
  assert.equal(listing, readFileSync(LISTING, 'utf8'))
})
