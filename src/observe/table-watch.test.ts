import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DataPathSnapshot } from './snapshot.ts'
import { tableAlarms, tableNews } from './table-watch.ts'

test('tableNews() tells of packets dropped since the last look, once', () => {
  const line =
    'the connection table is full: 3 packets that would have begun connections were dropped (1000 of 1000 places taken for IPv4, 0 of 250 for IPv6); a larger conn_tab_bits makes room'
  assert.deepEqual(tableNews(undefined, picture(1000, 3)), [line])
  assert.deepEqual(tableNews(picture(1000, 2), picture(1000, 5)), [line])
  assert.deepEqual(tableNews(picture(1000, 3), picture(1000, 3)), [])
})

test('tableAlarms() says so before a table is full', () => {
  assert.deepEqual(tableAlarms(picture(899, 0)), [])
  assert.deepEqual(tableAlarms(picture(900, 0)), [
    'the connection table of IPv4 is nearly full: 900 of 1000 places are taken',
  ])
})

function picture(taken: number, full: number): DataPathSnapshot {
  return {
    connections: { ipv4: { places: 1000, taken }, ipv6: { places: 250, taken: 0 } },
    refusals: { 'table-full': full },
  }
}
