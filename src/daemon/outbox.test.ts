import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromChild } from './messages.ts'
import { Outbox } from './outbox.ts'

test('Outbox loses lines that nobody reads, and says how many once somebody does', () => {
  const sent: (() => void)[] = []
  const texts: string[] = []
  const outbox = new Outbox('Keepalived_vrrp', (message: FromChild, done) => {
    if (message.type === 'log') texts.push(message.entry.text)
    sent.push(done)
  })
  for (let i = 0; i < 1200; i++) outbox.log(`line ${i}`)
  assert.equal(texts.length, 1000)
  for (const done of sent) done()
  outbox.log('after')
  assert.deepEqual(texts.slice(1000), ['200 log lines were lost: nobody read them in time', 'after'])
})
