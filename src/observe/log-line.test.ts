import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logLine } from './log-line.ts'

const atMs = new Date(2026, 10, 2, 9, 4, 52).getTime()

test('logLine() is dated as keepalived dates its lines, in local time', () => {
  const entry = { ident: 'Keepalived_vrrp', text: '(VI_1) Entering MASTER STATE', detail: false, atMs } as const
  assert.equal(logLine(entry), 'Mon Nov  2 09:04:52 2026: Keepalived_vrrp: (VI_1) Entering MASTER STATE')
})

test('logLine() stays one line whatever a stranger put into it', () => {
  const entry = { ident: 'Keepalived', text: 'a\nb\x1b[31m', detail: false, atMs } as const
  assert.equal(logLine(entry), 'Mon Nov  2 09:04:52 2026: Keepalived: a\\x0ab\\x1b[31m')
})
