import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { addressKey, type PlacedAddress, planAddresses } from './addresses.ts'

const vip: PlacedAddress = {
  address: ip('192.168.41.249'),
  prefix: 32,
  interface: 'eth0',
  label: undefined,
  broadcast: undefined,
  scope: 'global',
  peer: undefined,
  flags: [],
  preferredLifetimeS: undefined,
}
const own = { interface: 'eth0', address: ip('192.168.41.181'), prefix: 23 }
const held = { interface: 'eth0', address: vip.address, prefix: 32 }

test('planAddresses() adds what is missing and touches nothing else', () => {
  assert.deepEqual(planAddresses([vip], [own], new Set()), [{ type: 'add', address: vip }])
})

test('planAddresses() has nothing to do when all is there', () => {
  assert.deepEqual(planAddresses([vip], [own, held], new Set([addressKey(vip)])), [])
})

test('planAddresses() removes what it put there once it is not wanted', () => {
  assert.deepEqual(planAddresses([], [own, held], new Set([addressKey(vip)])), [{ type: 'delete', address: held }])
})

test('planAddresses() never removes what somebody else put there', () => {
  assert.deepEqual(planAddresses([], [own, held], new Set()), [])
})

test('planAddresses() moves an address by removing it first', () => {
  const elsewhere = { ...vip, interface: 'eth1' }
  assert.deepEqual(planAddresses([elsewhere], [held], new Set([addressKey(vip)])), [
    { type: 'delete', address: held },
    { type: 'add', address: elsewhere },
  ])
})

test('planAddresses() tells prefixes apart, as the kernel does', () => {
  const wider = { ...held, prefix: 24 }
  assert.deepEqual(planAddresses([vip], [wider], new Set()), [{ type: 'add', address: vip }])
})
