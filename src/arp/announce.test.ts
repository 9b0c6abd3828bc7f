import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, parseMac } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { encodeGratuitousArp } from './announce.ts'

const MAC = parseMac('02:00:c0:a8:29:b5')!

test('encodeGratuitousArp() is the frame that keepalived sends', () => {
  assert.deepEqual(
    encodeGratuitousArp(ip('192.168.41.249'), MAC),
    hex(`ffffffffffff 0200c0a829b5 0806
      0001 0800 06 04 0001
      0200c0a829b5 c0a829f9
      ffffffffffff c0a829f9`),
  )
})
