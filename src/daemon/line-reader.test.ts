import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineReader } from './line-reader.ts'

test('LineReader gives the same lines however the bytes were cut', () => {
  const line = fc.string({ maxLength: 20, unit: 'grapheme' }).filter(text => !text.includes('\n'))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, cuts) => {
      const reader = new LineReader(1000)
      let rest = Buffer.from(lines.map(text => `${text}\n`).join(''))
      const read: string[] = []
      for (let i = 0; rest.length > 0; i++) {
        const length = cuts[i % cuts.length]!
        read.push(...reader.push(rest.subarray(0, length))!)
        rest = rest.subarray(length)
      }
      assert.deepEqual(
        read,
        lines.map(text => Buffer.from(text).toString()),
      )
    }),
  )
})

test('LineReader refuses a line that never ends, and all that follows it', () => {
  const reader = new LineReader(10)
  assert.deepEqual(reader.push(Buffer.from('0123456789')), [])
  assert.equal(reader.push(Buffer.from('x')), undefined)
  assert.equal(reader.push(Buffer.from('\nok\n')), undefined)
})
