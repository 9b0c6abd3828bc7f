import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import type { Signature, VrrpInstance } from '../model/vrrp-instance.ts'
import { accept } from './accept.ts'
import { encodeAdvertise } from './advertise.ts'
import type { Received } from './received.ts'
import { nextSequence } from './signature.ts'
import type { State } from './state.ts'
import { step } from './step.ts'
import { INSTANCE, virtualAddress } from './testdata/instance.ts'
import { backup, NOW } from './testdata/states.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const THERE = ip('10.0.0.9')
const SIGNATURE: Signature = {
  keys: [
    { id: 1, key: `hex:${'0f'.repeat(32)}` },
    { id: 2, key: 'thirty-two bytes are the least of all keys' },
  ],
  activeKey: 1,
  windowS: 5,
  mode: 'enforce',
}
const SIX = {
  version: 3 as const,
  family: 6 as const,
  addresses: [virtualAddress(ip('fe80::100'))],
  multicastGroup: ip('ff02::12'),
  sourceAddress: ip('fe80::5'),
}

function signing(given: Partial<Signature> = {}, more: Partial<VrrpInstance> = {}): VrrpInstance {
  return { ...INSTANCE, signature: { ...SIGNATURE, ...given }, ...more }
}

function sent(
  instance: VrrpInstance,
  atMs = NOON,
  source: Ip = instance.family === 6 ? ip('fe80::9') : THERE,
): Received {
  const sequence = instance.signature === undefined ? 0n : nextSequence(instance.signature, 0n, atMs)
  const effect = { type: 'advertise', priority: 100, source, ahSequence: 0 } as const
  const [packet] = encodeAdvertise(instance, { ...effect, destinations: [instance.multicastGroup] }, sequence)
  const { destination, hopLimit, payload } = packet!
  return { source, destination, hopLimit, payload, authenticated: undefined }
}

function verdict(instance: VrrpInstance, received: Received, wallClockMs = NOON, state: State = backup(instance)) {
  const event = accept(instance, state, received, { rejectAddressMismatch: false, wallClockMs })
  return event.type === 'dropped' ? event.drop : event
}

for (const [name, more] of [
  ['version 2', {}],
  ['version 3', { version: 3 as const }],
  ['IPv6', SIX],
] as const) {
  test(`a signed advertisement of ${name} is heard, and not without its signature, nor with another key`, () => {
    const instance = signing({}, more)
    const packet = sent(instance)
    assert.equal(typeof verdict(instance, packet), 'object')
    assert.equal(verdict(instance, sent({ ...instance, signature: undefined })), 'signature-missing')
    const forged = sent(signing({ keys: [{ id: 1, key: `hex:${'aa'.repeat(32)}` }] }, more))
    assert.equal(verdict(instance, forged), 'signature')
    assert.equal(verdict(instance, sent(signing({ keys: SIGNATURE.keys, activeKey: 2 }, more))) instanceof Object, true)
    assert.equal(verdict(signing({ keys: SIGNATURE.keys.slice(1), activeKey: 2 }, more), packet), 'signature-key')
  })
}

test('a signed advertisement with any bit changed is dropped', () => {
  const instance = signing()
  const { payload, ...packet } = sent(instance)
  for (let bit = 0; bit < payload.length * 8; bit++) {
    const changed = payload.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(typeof verdict(instance, { ...packet, payload: changed }), 'string', `bit ${bit}`)
  }
})

test('a signed advertisement counts once, and for as long as the window says', () => {
  const instance = signing()
  const packet = sent(instance)
  const heard = verdict(instance, packet)
  assert.ok(typeof heard === 'object')
  const { state } = step(instance, backup(instance), heard, NOW)
  assert.equal(verdict(instance, packet, NOON, state), 'signature-replayed')
  assert.equal(verdict(instance, sent(instance, NOON - 1), NOON, state), 'signature-replayed')
  assert.equal(typeof verdict(instance, sent(instance, NOON + 1), NOON, state), 'object')
  assert.equal(verdict(instance, packet, NOON + 6000), 'signature-stale')
  assert.equal(verdict(instance, packet, NOON - 6000), 'signature-stale')
  const late = verdict(instance, packet, NOON + 4000)
  assert.deepEqual(typeof late === 'object' && late.remarks.map(({ label }) => label), ['clock-skew'])
})

test('anti_replay monotonic does not ask for the time, and permissive hears the unsigned too', () => {
  const growing = signing({ windowS: undefined })
  assert.equal(typeof verdict(growing, sent(growing), NOON + 86_400_000), 'object')
  const permissive = signing({ mode: 'permissive' })
  assert.equal(typeof verdict(permissive, sent({ ...permissive, signature: undefined })), 'object')
  assert.equal(verdict(permissive, sent(signing({ keys: [{ id: 1, key: 'x'.repeat(40) }] }))), 'signature')
  assert.equal(sent(signing({ mode: 'receive-only' })).payload.length, sent({ ...INSTANCE }).payload.length)
})

test('a unicast router hears the signatures of its peers alone', () => {
  const peers = { unicastPeers: [THERE] }
  const instance = signing({}, peers)
  const there = { ...sent(signing({}, peers)), destination: ip('10.0.0.5') }
  assert.equal(typeof verdict(instance, there), 'object')
  const stranger = { ...sent(signing({}, peers), NOON, ip('10.0.0.77')), destination: ip('10.0.0.5') }
  assert.equal(verdict(instance, stranger), 'source')
})

test('nextSequence() follows the clock, counts on where it stands, and begins anew after it was set back', () => {
  const first = nextSequence(SIGNATURE, 0n, NOON)
  assert.equal(first >> 32n, BigInt(NOON / 1000))
  assert.equal(nextSequence(SIGNATURE, first, NOON), first + 1n)
  assert.equal(nextSequence(SIGNATURE, first, NOON - 3000), first + 1n)
  assert.equal(nextSequence(SIGNATURE, first, NOON - 60_000) >> 32n, BigInt(NOON / 1000 - 60))
  assert.equal(nextSequence({ ...SIGNATURE, windowS: undefined }, first, NOON - 60_000), first + 1n)
})
