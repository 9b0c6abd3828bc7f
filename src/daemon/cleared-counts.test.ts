import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Counts } from '../observe/counters.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import { ClearedCounts } from './cleared-counts.ts'

const snapshot = (counts: Counts) => ({ vrrp: [{ name: 'VI_1', counts }] }) as unknown as Snapshot
const countsOf = ({ vrrp }: Snapshot) => vrrp[0]?.counts

test('ClearedCounts begins anew at each clearing, and where a process did', () => {
  const cleared = new ClearedCounts()
  assert.deepEqual(countsOf(cleared.since(snapshot({ sent: 5 }))), { sent: 5 })
  cleared.clear(snapshot({ sent: 5 }))
  assert.deepEqual(countsOf(cleared.since(snapshot({ sent: 7, received: 1 }))), { sent: 2, received: 1 })
  assert.deepEqual(countsOf(cleared.since(snapshot({ sent: 3 }))), { sent: 3 })
})
