import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inetAton } from './inet-aton.ts'

for (const [text, address] of [
  ['10.0.0.1', '10.0.0.1'],
  ['10.1', '10.0.0.1'],
  ['10.1.2', '10.1.0.2'],
  ['0x0a000001', '10.0.0.1'],
  ['012.0.0.1', '10.0.0.1'],
  ['4294967295', '255.255.255.255'],
  ['255.16777215', '255.255.255.255'],
  ['10.0.0.1 and more', '10.0.0.1'],
  ['0', '0.0.0.0'],
  ['10.0.0.08', undefined],
  ['10.0.0.256', undefined],
  ['256.1', undefined],
  ['10.0.0.1.2', undefined],
  ['4294967296', undefined],
  ['1..2', undefined],
  ['', undefined],
  [' 10.0.0.1', undefined],
  ['0x', undefined],
  ['vip', undefined],
] as const) {
  test(`inetAton() reads "${text}" as ${address}`, () => assert.equal(inetAton(text), address))
}
