import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { decodeNeighbour, encodeNeighbourChange } from './neighbour.ts'

const address = ip('10.0.0.1')
const mac = parseMac('02:00:00:00:00:01')!

for (const [what, change, wire] of [
  [
    'a permanent entry',
    { mac, state: 'permanent' },
    '02 00 0000 02000000 8000 00 00 0800 0100 0a000001 0a00 0200 020000000001 0000',
  ],
  ['a wish to resolve', { use: true }, '02 00 0000 02000000 0000 01 00 0800 0100 0a000001'],
  ['a proxy entry', { proxy: true }, '02 00 0000 02000000 0000 08 00 0800 0100 0a000001'],
] as const) {
  test(`encodeNeighbourChange() writes ${what}`, () => {
    assert.deepEqual(encodeNeighbourChange({ ifindex: 2, address, ...change }), hex(wire))
  })
}

test('decodeNeighbour() reads what encodeNeighbourChange() writes', () => {
  const states = ['incomplete', 'reachable', 'stale', 'delay', 'probe', 'failed', 'noarp', 'permanent'] as const
  for (const state of states) {
    const body = encodeNeighbourChange({ ifindex: 2, address, mac, state })
    assert.deepEqual(decodeNeighbour(body), { ifindex: 2, address, mac, state, proxy: false })
  }
})

test('decodeNeighbour() of anything else is undefined, and nothing throws', () => {
  assert.equal(decodeNeighbour(hex('07 00 0000 02000000 8000 00 00 0a00 0200 020000000001 0000')), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void decodeNeighbour(bytes)))
})
