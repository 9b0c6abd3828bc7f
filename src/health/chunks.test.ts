import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat } from '../bytes/concat.ts'
import { type ChunkPosition, decodeChunks, FIRST_CHUNK } from './chunks.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

for (const [text, data, ended, left] of [
  ['3\r\nabc\r\n0\r\n\r\n', 'abc', true, 0],
  ['3;x=y\r\nabc\r\nA \r\n0123456789\r\n00\r\nDigest: x\r\n\r\nHTTP', 'abc0123456789', true, 4],
  ['3\nabc\n0\n\n', 'abc', true, 0],
  ['5\r\nabc', 'abc', false, 0],
  ['', '', false, 0],
] as const) {
  test(`decodeChunks() of ${JSON.stringify(text)}`, () => {
    const decoded = decodeChunks(FIRST_CHUNK, bytes(text))
    assert.equal(Buffer.from(concat(...decoded.data)).toString(), data)
    assert.deepEqual([decoded.ended, decoded.left], [ended, left])
    assert.ok(decoded.position !== undefined)
  })
}

for (const text of ['x\r\n', '\r\n', '-1\r\n', '123456789\r\n', '3\r\nabcd\r\n', `1;${'x'.repeat(9000)}`]) {
  test(`decodeChunks() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.equal(decodeChunks(FIRST_CHUNK, bytes(text)).position, undefined)
  })
}

test('decodeChunks() does the same however the bytes are cut', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(pieces, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (chunks, cuts) => {
      const coded = [...chunks.flatMap(one => [bytes(`${one.length.toString(16)}\r\n`), one, bytes('\r\n')])]
      const whole = concat(...coded, bytes('0\r\nA: b\r\n\r\n'))
      let position: ChunkPosition | undefined = FIRST_CHUNK
      let ended = false
      const data: Uint8Array[] = []
      for (let [at, i] = [0, 0]; at < whole.length; i++) {
        const size = cuts[i % cuts.length]!
        assert.ok(position !== undefined && !ended)
        const decoded = decodeChunks(position, whole.subarray(at, at + size))
        data.push(...decoded.data)
        ;({ position, ended } = decoded)
        at += size
      }
      assert.ok(ended)
      assert.deepEqual(concat(...data), concat(...chunks))
    }),
  )
})
