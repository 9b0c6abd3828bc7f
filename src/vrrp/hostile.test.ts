/** Packets from hell: whatever is on the segment, no router changes its mind for it, and the log stays readable. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, ipFromBytes } from '../bytes/address.ts'
import { after } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { accept } from './accept.ts'
import { encodeAdvertise } from './advertise.ts'
import { type Received, receivedIpv4 } from './received.ts'
import type { State } from './state.ts'
import { step } from './step.ts'
import { INSTANCE, virtualAddress } from './testdata/instance.ts'
import { active, backup, NOW } from './testdata/states.ts'

const SECURE: VrrpInstance = { ...INSTANCE, authentication: { type: 'pass', password: 'secret' } }
const SEALED: VrrpInstance = { ...INSTANCE, authentication: { type: 'ah', password: 'secret' } }
const SIX: VrrpInstance = {
  ...INSTANCE,
  version: 3,
  family: 6,
  addresses: [virtualAddress(ip('fe80::100'))],
  multicastGroup: ip('ff02::12'),
  sourceAddress: ip('fe80::5'),
}
const INSTANCES = [INSTANCE, { ...INSTANCE, version: 3 as const }, SECURE, SEALED, SIX]

/** What `instance` would send itself, as the starting point of malice. */
function honest(instance: VrrpInstance, priority: number): Received {
  const source = instance.family === 4 ? ip('10.0.0.9') : ip('fe80::9')
  const destinations = [instance.multicastGroup]
  const [packet] = encodeAdvertise(instance, { type: 'advertise', priority, source, destinations, ahSequence: 1 })
  const { destination, hopLimit, payload, datagram } = packet!
  if (datagram === undefined) return { source, destination, hopLimit, payload, authenticated: undefined }
  const received = receivedIpv4(datagram)
  assert.ok(received.ok)
  return received.value
}

const anyPacket = (instance: VrrpInstance): fc.Arbitrary<Received> =>
  fc
    .record({
      priority: fc.integer({ min: 0, max: 255 }),
      at: fc.nat(),
      value: fc.integer({ min: 0, max: 255 }),
      end: fc.option(fc.nat()),
      hopLimit: fc.constantFrom(255, 255, 254, 1),
      noise: fc.option(fc.uint8Array({ maxLength: 60 })),
    })
    .map(({ priority, at, value, end, hopLimit, noise }) => {
      const packet = honest(instance, priority)
      const payload = noise ?? packet.payload.slice()
      if (payload.length > 0) payload[at % payload.length] = value
      return { ...packet, hopLimit, payload: end === null ? payload : payload.subarray(0, end % (payload.length + 1)) }
    })

test('accept() has a verdict on any packet', () => {
  for (const instance of INSTANCES) {
    const address = fc.uint8Array({
      minLength: instance.family === 4 ? 4 : 16,
      maxLength: instance.family === 4 ? 4 : 16,
    })
    const property = fc.property(anyPacket(instance), address.map(ipFromBytes), (packet, other) => {
      for (const state of [backup(instance), active(instance)]) {
        accept(instance, state, packet)
        accept(instance, state, { ...packet, source: other })
        accept(instance, state, { ...packet, destination: other })
      }
    })
    fc.assert(property, { numRuns: 500 })
  }
})

test('receivedIpv4() has a verdict on any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => receivedIpv4(bytes).ok !== undefined))
})

test('no packet that is dropped changes anything but the list of what was reported', () => {
  for (const instance of INSTANCES) {
    const property = fc.property(anyPacket(instance), packet => {
      for (const state of [backup(instance), active(instance)]) {
        const event = accept(instance, state, packet)
        if (event.type !== 'dropped') continue
        const stepped = step(instance, state, event, after(NOW, 10))
        assert.deepEqual({ ...stepped.state, reported: state.reported }, state)
        assert.ok(stepped.effects.every(({ type }) => type === 'log'))
      }
    })
    fc.assert(property, { numRuns: 500 })
  }
})

test('a flood costs a bounded number of lines, and no announcement for each packet', () => {
  for (const instance of INSTANCES) {
    for (const begin of [backup(instance), active(instance)]) {
      const packets = fc.array(anyPacket(instance), { minLength: 300, maxLength: 300 })
      const property = fc.property(
        packets,
        fc.array(fc.nat(255), { minLength: 300, maxLength: 300 }),
        (flood, hosts) => {
          let state: State = { ...begin, priority: 254 }
          let lines = 0
          let announcements = 0
          for (const [i, packet] of flood.entries()) {
            const source = instance.family === 4 ? ip(`10.0.1.${hosts[i]}`) : packet.source
            const event = accept(instance, state, { ...packet, source })
            const lesser = event.type === 'heard' && event.priority > 253 ? { ...event, priority: 253 } : event
            // All of it within a quarter of an interval.
            const stepped = step(instance, state, lesser, after(NOW, (i / flood.length) * 250))
            lines += stepped.effects.filter(effect => effect.type === 'log' && !effect.detail).length
            announcements += stepped.effects.filter(({ type }) => type === 'announce').length
            state = stepped.state
          }
          assert.equal(state.name, begin.name)
          assert.ok(lines <= 40, `${lines} lines`)
          assert.ok(announcements <= 1, `${announcements} bursts`)
        },
      )
      fc.assert(property, { numRuns: 20 })
    }
  }
})

test('without the password nobody is heard, whatever else is right', () => {
  for (const [instance, posed] of [
    [SECURE, { ...SECURE, authentication: { type: 'pass', password: 'guessed' } }],
    [SECURE, INSTANCE],
    [SEALED, { ...SEALED, authentication: { type: 'ah', password: 'guessed' } }],
    [SEALED, SECURE],
  ] as const) {
    assert.equal(accept(instance, backup(instance), honest(instance, 200)).type, 'heard')
    assert.equal(accept(instance, backup(instance), honest(posed, 200)).type, 'dropped')
  }
})

test('a sealed advertisement is good once', () => {
  const packet = honest(SEALED, 200)
  const state = backup(SEALED)
  const first = accept(SEALED, state, packet)
  const again = accept(SEALED, step(SEALED, state, first, NOW).state, packet)
  assert.equal(again.type === 'dropped' && again.drop, 'replay')
})
