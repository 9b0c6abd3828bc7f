import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printFrame } from './print.ts'
import { FRAMES, KEEPALIVED_V2, KEEPALIVED_V2_IPV6 } from './testdata/frames.ts'

for (const [name, frame, line] of FRAMES) {
  test(`printFrame() of ${name}`, () => assert.equal(printFrame(frame), line))
}

test('printFrame() in detail adds addresses and password of an advertisement', () => {
  const line = printFrame(KEEPALIVED_V2, { detail: true })
  assert.match(line, /length 20, addrs: 192\.168\.200\.10 auth "abc"$/)
  const line6 = printFrame(KEEPALIVED_V2_IPV6, { detail: true })
  assert.match(line6, /length 40, addrs\(2\): fe80::200,2001:db8::200$/)
})

test('printFrame() in detail points out a wrong checksum', () => {
  const frame = KEEPALIVED_V2.slice()
  frame[36] = 101 // the priority
  assert.match(printFrame(frame, { detail: true }), /, \(bad vrrp cksum 2cb4\), addrs/)
})

test('printFrame() does not let a password reach into the terminal', () => {
  const frame = KEEPALIVED_V2.slice()
  frame.set([0x1b, 0x5b, 0x32, 0x4a], 46)
  assert.match(printFrame(frame, { detail: true }), /auth "\.\[2J"$/)
})

test('printFrame() prints any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => printLine(bytes)))
})

test('printFrame() prints every frame with a byte changed or cut off anywhere', () => {
  const anyFrame = fc.constantFrom(...FRAMES.map(([, frame]) => frame))
  fc.assert(
    fc.property(anyFrame, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (frame, at, value, end) => {
      const bytes = frame.slice()
      bytes[at % frame.length] = value
      printLine(bytes)
      printLine(bytes.subarray(0, end % (frame.length + 1)))
    }),
    { numRuns: 2000 },
  )
})

/** It is a line, and it does nothing to a terminal. */
function printLine(bytes: Uint8Array): void {
  assert.match(printFrame(bytes, { detail: true }), /^[\x20-\x7e…]+$/)
}
