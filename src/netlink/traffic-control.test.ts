import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import * as nla from './attribute.ts'
import {
  decodeBpfFilter,
  encodeBpfFilter,
  encodeBpfFilterDeletion,
  encodeClsact,
  encodeFilterQuery,
} from './traffic-control.ts'

const place = { ifindex: 2, direction: 'ingress', priority: 1, handle: 5 } as const
// Every EtherType, in network order, then the priority.
const header = '00 00 0000 02000000 05000000 f2ffffff 0003 0100'

test('encodeClsact() names the discipline by its own handle and place', () => {
  assert.deepEqual(encodeClsact(2), hex('00 00 0000 02000000 0000ffff f1ffffff 00000000 0b00 0100 636c7361637400 00'))
})

test('encodeBpfFilter() runs a program directly on every packet', () => {
  assert.deepEqual(
    encodeBpfFilter(place, 9, 'sluice'),
    hex(`${header} 0800 0100 62706600
      2000 0280
        0800 0600 09000000
        0b00 0700 736c7569636500 00
        0800 0800 01000000`),
  )
})

test('encodeBpfFilterDeletion() names the place and the kind', () => {
  assert.deepEqual(encodeBpfFilterDeletion(place), hex(`${header} 0800 0100 62706600`))
})

test('encodeFilterQuery() asks for one direction', () => {
  assert.deepEqual(encodeFilterQuery(2, 'egress'), hex('00 00 0000 02000000 00000000 f3ffffff 00000000'))
})

test('decodeBpfFilter() reads name and program', () => {
  const options = nla.nested(2, nla.text(7, 'sluice'), nla.u32(11, 77))
  const body = nla.attributes(hex(header), nla.text(1, 'bpf'), options)
  assert.deepEqual(decodeBpfFilter(body), { ...place, name: 'sluice', programId: 77 })
})

test('decodeBpfFilter() of anything else is undefined, and nothing throws', () => {
  assert.equal(decodeBpfFilter(nla.attributes(hex(header), nla.text(1, 'u32'))), undefined)
  assert.equal(decodeBpfFilter(encodeFilterQuery(2, 'ingress')), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), bytes => void decodeBpfFilter(bytes)))
})
