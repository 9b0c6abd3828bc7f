import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import * as nla from './attribute.ts'
import { decodeVerdict } from './error.ts'
import { type Message, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR } from './message.ts'

const request = hex('18000000 1400 0506 01000000 00000000 0218000002000000')
const explanation = nla.attributes(nla.text(1, 'no'), nla.u32(2, 20), nla.u32(5, 3))

function message(type: number, flags: number, ...parts: readonly Uint8Array[]): Message {
  return { type, flags, sequence: 1, port: 0, body: nla.attributes(...parts) }
}

const silent = { text: undefined, offset: undefined, missing: undefined }

test('decodeVerdict() reads an acknowledgement', () => {
  const acknowledgement = message(NLMSG_ERROR, NLM_F_CAPPED, hex('00000000'), request.subarray(0, 16))
  assert.deepEqual(decodeVerdict(acknowledgement), { errno: 0, ...silent })
})

test('decodeVerdict() finds the explanation behind the request', () => {
  const refusal = message(NLMSG_ERROR, NLM_F_ACK_TLVS, hex('efffffff'), request, explanation)
  assert.deepEqual(decodeVerdict(refusal), { errno: 17, text: 'no', offset: 20, missing: 3 })
})

test('decodeVerdict() finds the explanation behind the capped request', () => {
  const refusal = message(
    NLMSG_ERROR,
    NLM_F_ACK_TLVS | NLM_F_CAPPED,
    hex('efffffff'),
    request.subarray(0, 16),
    explanation,
  )
  assert.deepEqual(decodeVerdict(refusal), { errno: 17, text: 'no', offset: 20, missing: 3 })
})

test('decodeVerdict() reads the end of a dump, well or ill', () => {
  assert.deepEqual(decodeVerdict(message(NLMSG_DONE, 0, hex('00000000'))), { errno: 0, ...silent })
  const failure = message(NLMSG_DONE, NLM_F_ACK_TLVS, hex('eaffffff'), explanation)
  assert.deepEqual(decodeVerdict(failure), { errno: 22, text: 'no', offset: 20, missing: 3 })
})

test('decodeVerdict() knows an answer from a verdict', () =>
  assert.equal(decodeVerdict(message(16, 0, request)), undefined))

test('decodeVerdict() never throws', () => {
  const flags = fc.constantFrom(0, NLM_F_ACK_TLVS, NLM_F_ACK_TLVS | NLM_F_CAPPED)
  fc.assert(
    fc.property(
      fc.constantFrom(NLMSG_ERROR, NLMSG_DONE),
      flags,
      fc.uint8Array(),
      (type, flags, body) => void decodeVerdict({ type, flags, sequence: 0, port: 0, body }),
    ),
  )
})
