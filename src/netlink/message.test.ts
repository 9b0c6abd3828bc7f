import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import { decodeMessages, encodeMessage, NLM_F_ACK, NLM_F_REQUEST } from './message.ts'

// A request for nothing, with five bytes of body.
const request = { type: 18, flags: NLM_F_REQUEST | NLM_F_ACK, sequence: 7, port: 0x1234, body: hex('0102030405') }
const wire = hex('15000000 1200 0500 07000000 34120000 0102030405 000000')

test('encodeMessage() writes the length without the padding', () => assert.deepEqual(encodeMessage(request), wire))

test('decodeMessages() reads several messages of one datagram', () => {
  const datagram = Uint8Array.from([...wire, ...hex('10000000 0300 0000 07000000 00000000')])
  assert.deepEqual(decodeMessages(datagram), {
    ok: true,
    value: [request, { type: 3, flags: 0, sequence: 7, port: 0, body: hex('') }],
  })
})

test('decodeMessages() takes a last message without its padding', () => {
  assert.deepEqual(decodeMessages(wire.subarray(0, 21)), { ok: true, value: [request] })
})

for (const [drop, bytes] of [
  ['short', wire.subarray(0, 15)],
  ['length', wire.subarray(0, 20)],
  ['length', hex('0f000000 0000 0000 00000000 00000000')],
] as const) {
  test(`decodeMessages() drops a datagram of ${bytes.length} bytes with bad ${drop}`, () => {
    assert.deepEqual(decodeMessages(bytes), { ok: false, drop })
  })
}

test('encodeMessage() and decodeMessages() are inverse', () => {
  const u32 = fc.nat(0xffff_ffff)
  const message = fc.record(
    { type: fc.nat(0xffff), flags: fc.nat(0xffff), sequence: u32, port: u32, body: fc.uint8Array({ maxLength: 64 }) },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.array(message), messages => {
      const datagram = Uint8Array.from(messages.flatMap(message => [...encodeMessage(message)]))
      assert.deepEqual(decodeMessages(datagram), { ok: true, value: messages })
    }),
  )
})

test('decodeMessages() never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void decodeMessages(bytes)))
})
