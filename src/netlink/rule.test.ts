import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { decodeRule, encodeRule } from './rule.ts'

test('encodeRule() sends marked packets to a table of their own', () => {
  assert.deepEqual(
    encodeRule({ family: 4, priority: 100, table: 1000, mark: { value: 7, mask: 0xff } }),
    hex('02 00 00 00 00 00 00 01 00000000 0800 0600 64000000 0800 0a00 07000000 0800 1000 ff000000 0800 0f00 e8030000'),
  )
})

test('decodeRule() reads what encodeRule() writes', () => {
  const rule = {
    family: 6,
    priority: 100,
    table: 254,
    source: { address: ip('fd00::'), prefix: 64 },
    destination: { address: ip('2001:db8::1'), prefix: 128 },
    mark: { value: 0xffff_ffff, mask: 0xffff_ffff },
    inputInterface: 'eth0',
    outputInterface: 'eth1',
    protocol: 18,
  } as const
  assert.deepEqual(decodeRule(encodeRule(rule)), rule)
})

test('decodeRule() of anything else is undefined, and nothing throws', () => {
  const blackhole = hex('02 00 00 00 fe 00 00 06 00000000')
  assert.equal(decodeRule(blackhole), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void decodeRule(bytes)))
})
