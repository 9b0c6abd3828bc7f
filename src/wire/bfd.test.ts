import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import { type BfdPacket, decodeBfd, encodeBfd } from './bfd.ts'

/** What keepalived 2.2.7 sends when it starts: version 1, down, multiplier 5, 24 bytes; 1 s, 10 ms, no echo. */
const FIRST = hex('20 40 05 18  00000001  00000000  000f4240  00002710  00000000')

test('decodeBfd() reads a first packet', () => {
  assert.deepEqual(decodeBfd(FIRST), {
    ok: true,
    value: {
      state: 'down',
      diagnostic: 0,
      poll: false,
      final: false,
      demand: false,
      multiplier: 5,
      myDiscriminator: 1,
      yourDiscriminator: 0,
      desiredMinTxUs: 1_000_000,
      requiredMinRxUs: 10_000,
    },
  })
})

const changed = (at: number, value: number) => FIRST.with(at, value)

for (const [drop, bytes] of [
  ['short', FIRST.subarray(0, 23)],
  ['version', changed(0, 0x40)],
  ['length', changed(3, 25)],
  ['length', changed(3, 23)],
  ['multiplier', changed(2, 0)],
  ['multipoint', changed(1, 0x41)],
  ['my-discriminator', changed(7, 0)],
  ['your-discriminator', changed(1, 0xc0)],
  ['poll-and-final', changed(1, 0x70)],
  ['diagnostic', changed(0, 0x29)],
  ['authentication', changed(1, 0x44)],
] as const) {
  test(`decodeBfd() drops a packet with bad ${drop}`, () => assert.deepEqual(decodeBfd(bytes), { ok: false, drop }))
}

const SEEDED = { seed: 2026, numRuns: 1000 }
const uint32 = fc.integer({ min: 1, max: 0xffff_ffff })
const packets: fc.Arbitrary<BfdPacket> = fc.record({
  state: fc.constantFrom('admin-down', 'down', 'init', 'up'),
  diagnostic: fc.nat(8),
  poll: fc.boolean(),
  final: fc.constant(false),
  demand: fc.boolean(),
  multiplier: fc.integer({ min: 1, max: 255 }),
  myDiscriminator: uint32,
  yourDiscriminator: uint32,
  desiredMinTxUs: uint32,
  requiredMinRxUs: uint32,
})

test('decodeBfd() reads what encodeBfd() writes', () => {
  fc.assert(
    fc.property(packets, value => assert.deepEqual(decodeBfd(encodeBfd(value)), { ok: true, value: { ...value } })),
  )
})

test('decodeBfd() says something of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => void decodeBfd(bytes)),
    SEEDED,
  )
})
