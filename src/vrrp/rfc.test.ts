/** What RFC 9568 demands of a router, sentence by sentence. Where version 2 differs, RFC 3768 is quoted beside it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { checksum } from '../bytes/checksum.ts'
import { after, instant } from '../model/time.ts'
import { advertisementLength, decodeAdvertisement, encodeAdvertisement, vrrpPseudoSum } from '../wire/vrrp.ts'
import { accept } from './accept.ts'
import { advertisementOf, encodeAdvertise } from './advertise.ts'
import { desiredAddresses } from './desired.ts'
import type { Received } from './received.ts'
import type { State } from './state.ts'
import { initialState, step } from './step.ts'
import { INSTANCE, virtualAddress } from './testdata/instance.ts'
import { active, advertised, backup, heard, NOW, OUR_ADDRESS, OWNER, START, V3 } from './testdata/states.ts'
import { wakeAt } from './wake-at.ts'

const PEER = ip('10.0.0.9')

/** An advertisement of version 3 that is right in every respect. */
function right(fields: Partial<Received> = {}, priority = 200): Received {
  const group = V3.multicastGroup
  const length = advertisementLength(3, 4, V3.addresses.length)
  const payload = encodeAdvertisement(advertisementOf(V3, priority), vrrpPseudoSum(PEER, group, length))
  return { source: PEER, destination: group, hopLimit: 255, payload, authenticated: undefined, ...fields }
}

/** The same with a byte changed, and the checksum right again. */
function changed(at: number, value: number): Received {
  const { payload, ...rest } = right()
  const bytes = payload.slice()
  bytes[at] = value
  bytes.fill(0, 6, 8)
  const sum = checksum(bytes, vrrpPseudoSum(PEER, rest.destination, bytes.length))
  bytes[6] = sum >> 8
  bytes[7] = sum & 0xff
  return { ...rest, payload: bytes }
}

describe('section 6.1, parameters per virtual router', () => {
  // Skew_Time: ((256 - Priority) * Active_Adver_Interval) / 256.
  // Active_Down_Interval: (3 * Active_Adver_Interval) + Skew_Time.
  test('a backup waits three intervals of the active router and its skew', () => {
    const { activeDownAt } = backup({ ...V3, priority: 64, advertIntervalMs: 400 })
    assert.equal(activeDownAt - NOW, 3 * 400 + (192 * 400) / 256)
  })

  // RFC 3768 section 6.1: Skew_Time: ( (256 - Priority) / 256 ) seconds.
  test('in version 2 the skew is a part of a second, whatever the interval', () => {
    const { activeDownAt } = backup({ ...INSTANCE, priority: 64, advertIntervalMs: 4000 })
    assert.equal(activeDownAt - NOW, 3 * 4000 + (192 * 1000) / 256)
  })
})

describe('section 6.4.1, initialize', () => {
  // If the Priority = 255, i.e., the router owns the IPvX address(es) associated with the Virtual Router, then: send an
  // ADVERTISEMENT; […] broadcast a gratuitous ARP message […] for each IPv4 address; set the Adver_Timer to
  // Advertisement_Interval; transition to the {Active} state.
  test('an owner is active at once', () => {
    const { state, effects } = step(OWNER, initialState(OWNER), START, NOW)
    assert.equal(state.name, 'active')
    assert.deepEqual(advertised(effects), [255])
    assert.ok(effects.some(({ type }) => type === 'announce'))
    assert.equal(wakeAt(state), after(NOW, OWNER.advertIntervalMs))
  })

  // else: set Active_Adver_Interval to Advertisement_Interval; set the Active_Down_Timer to Active_Down_Interval;
  // transition to the {Backup} state.
  test('any other router is a backup', () => {
    const { state, effects } = step(V3, initialState(V3), START, NOW)
    assert.equal(state.name, 'backup')
    assert.deepEqual(advertised(effects), [])
    assert.deepEqual(desiredAddresses(V3, state), [])
  })
})

describe('section 6.4.2, backup', () => {
  // It MUST NOT respond to ARP requests for the IPv4 address(es), […] MUST NOT accept packets addressed to the IPvX
  // address(es) associated with the Virtual Router.
  test('a backup holds no address', () => assert.deepEqual(desiredAddresses(V3, backup(V3)), []))

  // If a Shutdown event is received, then: cancel the Active_Down_Timer; transition to the {Initialize} state.
  test('a backup that stops says nothing', () => {
    const { state, effects } = step(V3, backup(V3), { type: 'stop' }, NOW)
    assert.equal(state.name, 'initialize')
    assert.equal(wakeAt(state), undefined)
    assert.deepEqual(advertised(effects), [])
  })

  // If the Active_Down_Timer fires, then: send an ADVERTISEMENT; […] gratuitous ARP […]; set the Adver_Timer to
  // Advertisement_Interval; transition to the {Active} state.
  test('a backup takes over when the silence is over, and not a moment before', () => {
    const before = backup(V3)
    const early = step(V3, before, { type: 'wake' }, instant(before.activeDownAt - 0.001))
    assert.deepEqual(early, { state: before, effects: [] })
    const { state, effects } = step(V3, before, { type: 'wake' }, before.activeDownAt)
    assert.equal(state.name, 'active')
    assert.deepEqual(advertised(effects), [100])
    assert.ok(effects.some(({ type }) => type === 'announce'))
    assert.equal(wakeAt(state), after(before.activeDownAt, 1000))
  })

  // If the Priority in the ADVERTISEMENT is 0, then: set the Active_Down_Timer to Skew_Time.
  test('after a farewell a backup waits for its skew only', () => {
    const { state } = step(V3, backup(V3), heard({ priority: 0 }), NOW)
    assert.equal(wakeAt(state), after(NOW, (156 * 1000) / 256))
  })

  // If Preempt_Mode is False, or if the Priority in the ADVERTISEMENT is greater than or equal to the local Priority,
  // then: set Active_Adver_Interval to Max Advertise Interval contained in the ADVERTISEMENT; recompute the
  // Active_Down_Interval; reset the Active_Down_Timer to Active_Down_Interval.
  for (const [instance, priority] of [
    [V3, 101],
    [V3, 100],
    [{ ...V3, preempt: false }, 1],
  ] as const) {
    test(`a backup of priority 100 that ${instance.preempt ? 'preempts' : 'does not preempt'} obeys ${priority}`, () => {
      const { state } = step(instance, backup(instance), heard({ priority, intervalMs: 200 }), NOW)
      assert.equal(wakeAt(state), after(NOW, 3 * 200 + (156 * 200) / 256))
    })
  }

  // else: // Preempt was true and priority was less than the local priority: discard the ADVERTISEMENT.
  test('a backup that preempts goes on waiting, whatever a lesser router says', () => {
    const before = backup(V3)
    const { state } = step(V3, before, heard({ priority: 99, intervalMs: 200 }), after(NOW, 500))
    assert.equal(wakeAt(state), before.activeDownAt)
  })
})

describe('section 6.4.3, active', () => {
  // It MUST respond to ARP requests for the IPv4 address(es) associated with the Virtual Router.
  test('an active router holds all addresses', () => {
    assert.deepEqual(desiredAddresses(V3, active(V3)), V3.addresses)
  })

  // If a Shutdown event is received, then: cancel the Adver_Timer; send an ADVERTISEMENT with Priority = 0; transition
  // to the {Initialize} state.
  test('an active router that stops says so', () => {
    const { state, effects } = step(V3, active(V3), { type: 'stop' }, NOW)
    assert.equal(state.name, 'initialize')
    assert.equal(wakeAt(state), undefined)
    assert.deepEqual(advertised(effects), [0])
  })

  // If the Adver_Timer fires, then: send an ADVERTISEMENT; reset the Adver_Timer to Advertisement_Interval.
  test('an active router advertises interval by interval, and lateness does not add up', () => {
    const instance = { ...V3, garp: { ...V3.garp, delayMs: 0 } }
    let state: State = active(instance)
    for (let count = 1; count <= 100; count++) {
      const at = after(NOW, 1000 * count)
      assert.equal(wakeAt(state), at)
      const stepped = step(instance, state, { type: 'wake' }, after(at, count % 7))
      assert.deepEqual(advertised(stepped.effects), [100])
      state = stepped.state
    }
  })

  // If the Priority in the ADVERTISEMENT is 0, then: send an ADVERTISEMENT; reset the Adver_Timer.
  test('an active router answers the farewell of another', () => {
    const { state, effects } = step(V3, active(V3), heard({ priority: 0 }), after(NOW, 500))
    assert.deepEqual(advertised(effects), [100])
    assert.equal(wakeAt(state), after(NOW, 1500))
  })

  // If the Priority in the ADVERTISEMENT is greater than the local Priority or the Priority in the ADVERTISEMENT is equal
  // to the local Priority and the primary IPvX address of the sender is greater than the local primary IPvX address
  // (based on an unsigned integer comparison of the IPvX addresses in network byte order), then: […] set the
  // Active_Down_Timer to Active_Down_Interval; transition to the {Backup} state.
  for (const [priority, source] of [
    [101, '10.0.0.1'],
    [255, '10.0.0.1'],
    [100, '10.0.0.6'],
    [100, '10.0.0.10'],
    [100, '192.0.0.1'],
  ] as const) {
    test(`an active router with 100 and ${OUR_ADDRESS} yields to ${priority} and ${source}`, () => {
      const { state, effects } = step(V3, active(V3), heard({ priority, source: ip(source), intervalMs: 200 }), NOW)
      assert.equal(state.name, 'backup')
      assert.equal(wakeAt(state), after(NOW, 3 * 200 + (156 * 200) / 256))
      assert.deepEqual(advertised(effects), [])
      assert.deepEqual(desiredAddresses(V3, state), [])
      assert.ok(effects.some(({ type }) => type === 'apply'))
    })
  }

  // else // new Active Router logic: discard the ADVERTISEMENT; send an ADVERTISEMENT immediately to assert the {Active}
  // state to the sending VRRP Router and to update any learning bridges with the correct Active VRRP Router path.
  for (const [priority, source] of [
    [99, '192.0.0.1'],
    [1, '10.0.0.9'],
    [100, '10.0.0.4'],
    [100, '9.255.255.255'],
  ] as const) {
    test(`an active router with 100 and ${OUR_ADDRESS} stands fast against ${priority} and ${source}`, () => {
      const { state, effects } = step(V3, active(V3), heard({ priority, source: ip(source) }), NOW)
      assert.equal(state.name, 'active')
      assert.deepEqual(advertised(effects), [100])
    })
  }
})

describe('section 7.1, receiving VRRP packets', () => {
  test('an advertisement that is right is accepted', () => {
    const verdict = accept(V3, backup(V3), right())
    const expected = heard({ source: PEER, priority: 200 })
    assert.deepEqual(verdict, expected)
  })

  // If any one of the above checks fails, the receiver MUST discard the packet, SHOULD log the event (subject to rate
  // limiting).
  for (const [sentence, packet, drop] of [
    // It MUST verify that the IPv4 TTL is 255 / the IPv6 Hop Limit is 255.
    ['the TTL', right({ hopLimit: 254 }), 'hop-limit'],
    // It MUST verify that the VRRP version is 3.
    ['the version', changed(0, 0x41), 'version'],
    // It MUST verify that the VRRP packet type is 1 (ADVERTISEMENT).
    ['the type', changed(0, 0x32), 'type'],
    // It MUST verify that the received packet contains the complete VRRP packet (including fixed fields and the IPvX
    // address).
    ['completeness', right({ payload: right().payload.subarray(0, 11) }), 'length'],
    ['the fixed fields', right({ payload: right().payload.subarray(0, 7) }), 'short'],
    ['the address count', changed(3, 2), 'length'],
    // It MUST verify the VRRP checksum.
    ['the checksum', right({ source: ip('10.0.0.8') }), 'checksum'],
    // It MUST verify that the VRID is configured on the receiving interface (erratum 8298).
    ['the VRID', changed(1, 52), 'router-id'],
    // It MUST verify that the Max Advertise Interval is non zero (erratum 8301).
    ['the interval', changed(5, 0), 'interval'],
  ] as const) {
    test(`a packet is discarded, logged once and without consequence for ${sentence}`, () => {
      const state = backup(V3)
      const event = accept(V3, state, packet)
      assert.equal(event.type === 'dropped' ? event.drop : 'accepted', drop)
      const first = step(V3, state, event, NOW)
      assert.deepEqual(
        first.effects.map(({ type }) => type),
        ['log'],
      )
      assert.deepEqual({ ...first.state, reported: [] }, state)
      assert.deepEqual(step(V3, first.state, event, NOW).effects, [])
    })
  }

  // RFC 3768 section 7.1: MUST verify that the Adver Interval in the packet is the same as the locally configured for this
  // virtual router. If the above check fails, the receiver MUST discard the packet.
  test('version 2 discards another interval', () => {
    const posed = { ...INSTANCE, advertIntervalMs: 2000 }
    const payload = encodeAdvertisement(advertisementOf(posed, 200), 0)
    const verdict = accept(INSTANCE, backup(INSTANCE), right({ payload }))
    assert.equal(verdict.type === 'dropped' && verdict.drop, 'interval')
  })
})

describe('section 7.2, transmitting VRRP packets', () => {
  // The following operations MUST be performed when transmitting a VRRP packet: fill in the VRRP packet fields with the
  // appropriate Virtual Router configuration state; compute the VRRP checksum; […] set the source IPvX address […]; set
  // the IPvX protocol to VRRP; send the VRRP packet to the VRRP IPvX multicast group.
  test('an advertisement says what is configured', () => {
    const instance = { ...V3, addresses: ['10.0.0.100', '10.0.0.7'].map(text => virtualAddress(ip(text))) }
    const { effects } = step(instance, active(instance), { type: 'wake' }, after(NOW, 1000))
    const effect = effects.find(({ type }) => type === 'advertise')
    assert.ok(effect?.type === 'advertise')
    assert.equal(effect.source, OUR_ADDRESS)
    const [packet, ...others] = encodeAdvertise(instance, effect)
    assert.deepEqual(others, [])
    assert.deepEqual([packet!.destination, packet!.protocol, packet!.hopLimit], [instance.multicastGroup, 112, 255])
    const addresses = instance.addresses.map(({ address }) => address)
    const value = { version: 3, type: 1, routerId: 51, priority: 100, intervalCs: 100, addresses }
    assert.deepEqual(decodeAdvertisement(packet!.payload, 4), { ok: true, value })
    const { payload } = packet!
    assert.equal(checksum(payload, vrrpPseudoSum(OUR_ADDRESS, instance.multicastGroup, payload.length)), 0)
  })
})
