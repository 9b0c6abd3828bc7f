/** What the transcripts do not show of judging packets: real captures, checksum dialects, unicast, other people's addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import {
  KEEPALIVED_AH,
  KEEPALIVED_V2,
  KEEPALIVED_V2_IPV6,
  KEEPALIVED_V2_STOP,
  KEEPALIVED_V3_IPV6,
} from '../wire/testdata/frames.ts'
import { encodeAdvertisement, vrrpPseudoSum } from '../wire/vrrp.ts'
import { accept } from './accept.ts'
import { advertisementOf, encodeAdvertise } from './advertise.ts'
import type { Dropped, Heard } from './event.ts'
import { type Received, receivedIpv4, routerIdOf } from './received.ts'
import { step } from './step.ts'
import { INSTANCE, virtualAddress } from './testdata/instance.ts'
import { backup, heard, NOW, V3 } from './testdata/states.ts'

const PEER = ip('10.0.0.9')
const US = ip('10.0.0.5')

const PASS: VrrpInstance = {
  ...INSTANCE,
  authentication: { type: 'pass', password: 'abc' },
  addresses: [virtualAddress(ip('192.168.200.10'))],
}
const AH: VrrpInstance = {
  ...INSTANCE,
  authentication: { type: 'ah', password: 'abc' },
  addresses: ['10.9.0.200', '10.9.0.201'].map(text => virtualAddress(ip(text))),
}
const IPV6: VrrpInstance = {
  ...V3,
  family: 6,
  addresses: ['fe80::200', '2001:db8::200'].map(text => virtualAddress(ip(text))),
  multicastGroup: ip('ff02::12'),
  sourceAddress: ip('fe80::5'),
}

function captured(frame: Uint8Array): Received {
  const received = receivedIpv4(frame.slice(14))
  assert.ok(received.ok)
  return received.value
}

function captured6(frame: Uint8Array, source: string): Received {
  const payload = frame.slice(54)
  return { source: ip(source), destination: ip('ff02::12'), hopLimit: 255, payload, authenticated: undefined }
}

function judge(instance: VrrpInstance, received: Received): Heard | Dropped {
  return accept(instance, backup(instance), received)
}

test('what keepalived sends is accepted, in every dialect of its own', () => {
  const source = ip('192.168.200.2')
  assert.equal(routerIdOf(captured(KEEPALIVED_V2)), 51)
  assert.deepEqual(judge(PASS, captured(KEEPALIVED_V2)), heard({ source }))
  assert.deepEqual(judge(PASS, captured(KEEPALIVED_V2_STOP)), heard({ source, priority: 0 }))
  assert.deepEqual(judge(AH, captured(KEEPALIVED_AH)), heard({ source: ip('10.9.0.1'), ahSequence: 1 }))
  const six = captured6(KEEPALIVED_V3_IPV6, 'fe80::903e:5ff:fe7e:67fe')
  assert.deepEqual(judge(IPV6, six), heard({ source: six.source, priority: 200 }))
  const two = captured6(KEEPALIVED_V2_IPV6, 'fe80::f00a:43ff:fe83:c59b')
  assert.deepEqual(judge({ ...IPV6, version: 2 }, two), heard({ source: two.source, priority: 200 }))
})

test('what we send ourselves under AH is what keepalived would have sent', () => {
  const effect = {
    type: 'advertise',
    priority: 100,
    source: ip('10.9.0.1'),
    destinations: [AH.multicastGroup],
  } as const
  const [packet] = encodeAdvertise(AH, { ...effect, ahSequence: 1 })
  assert.equal(packet!.protocol, 51)
  assert.deepEqual(packet!.datagram, KEEPALIVED_AH.slice(14))
})

test('the destinations of a sealed advertisement share its number', () => {
  const instance = { ...AH, unicastPeers: [ip('10.0.0.1'), ip('10.0.0.2')] }
  const { unicastPeers: destinations } = instance
  const packets = encodeAdvertise(instance, {
    type: 'advertise',
    priority: 100,
    source: US,
    destinations,
    ahSequence: 7,
  })
  const received = packets.map(({ datagram }) => receivedIpv4(datagram!))
  assert.deepEqual(
    received.map(one => one.ok && one.value.authenticated?.sequence),
    [7, 7],
  )
  for (const one of received) assert.equal(one.ok && judge(instance, one.value).type, 'heard')
})

for (const [drop, at, value] of [
  ['ip-header', 0, 0x65],
  ['fragment', 6, 0x20],
  ['protocol', 9, 17],
  ['protocol', 20, 17],
  ['authentication-header', 21, 9],
] as const) {
  test(`receivedIpv4() drops a datagram for its ${drop} (byte ${at})`, () => {
    const datagram = KEEPALIVED_AH.slice(14)
    datagram[at] = value
    // The IP header's checksum in step, but where the header itself is the point.
    const difference = at < 20 ? KEEPALIVED_AH[14 + at]! - value : 0
    const sum = ((datagram[10]! << 8) | datagram[11]!) + (at % 2 === 0 ? difference << 8 : difference)
    datagram[10] = (sum >> 8) & 0xff
    datagram[11] = sum & 0xff
    assert.deepEqual(receivedIpv4(datagram), { ok: false, drop })
  })
}

test('receivedIpv4() drops a datagram that was cut short', () => {
  assert.deepEqual(receivedIpv4(KEEPALIVED_V2.slice(14, 53)), { ok: false, drop: 'cut-short' })
})

for (const [dialect, pseudo, remarks] of [
  ['with a pseudo-header', vrrpPseudoSum(PEER, US, 12), []],
  ['without a pseudo-header', 0, ['checksum-dialect']],
  ['of old keepalived by unicast', vrrpPseudoSum(PEER, V3.multicastGroup, 12), ['checksum-dialect']],
] as const) {
  test(`a version 3 checksum ${dialect} is good`, () => {
    const payload = encodeAdvertisement(advertisementOf(V3, 200), pseudo)
    const instance = { ...V3, unicastPeers: [PEER] }
    const received = { source: PEER, destination: US, hopLimit: 255, payload, authenticated: undefined }
    const verdict = judge(instance, received)
    assert.deepEqual(verdict.type === 'heard' && verdict.remarks.map(({ label }) => label), remarks)
  })
}

test('over IPv6 there is one dialect', () => {
  const payload = encodeAdvertisement(advertisementOf(IPV6, 200), 0)
  const received = captured6(KEEPALIVED_V3_IPV6, 'fe80::9')
  const verdict = judge(IPV6, { ...received, payload })
  assert.equal(verdict.type === 'dropped' && verdict.drop, 'checksum')
})

test('a unicast instance knows its peers, and how far away they are', () => {
  const instance: VrrpInstance = {
    ...INSTANCE,
    unicastPeers: [PEER],
    checkUnicastSource: true,
    unicastTtlLimits: [{ peer: PEER, minTtl: 250, maxTtl: 254 }],
  }
  const payload = encodeAdvertisement(advertisementOf(instance, 200), 0)
  const from = (source: string, hopLimit: number) =>
    judge(instance, { source: ip(source), destination: US, hopLimit, payload, authenticated: undefined })
  assert.equal(from('10.0.0.9', 252).type, 'heard')
  const far = from('10.0.0.9', 249)
  assert.equal(far.type === 'dropped' && far.drop, 'hop-limit')
  const near = from('10.0.0.9', 255)
  assert.equal(near.type === 'dropped' && near.text, '(VI_1) TTL/HL 255 from 10.0.0.9 not in range 250 - 254')
  const stranger = from('10.0.0.8', 252)
  assert.equal(stranger.type === 'dropped' && stranger.drop, 'source')
})

test('other addresses than ours are remarked upon, or rejected as keepalived 2.2.7 does', () => {
  const posed = { ...INSTANCE, addresses: [virtualAddress(ip('10.0.0.101'))] }
  const payload = encodeAdvertisement(advertisementOf(posed, 200), 0)
  const { multicastGroup: destination } = INSTANCE
  const received = { source: PEER, destination, hopLimit: 255, payload, authenticated: undefined }
  const text = `(VI_1) ip address associated with VRID 51 not present in advert from 10.0.0.9: 10.0.0.100`
  const verdict = judge(INSTANCE, received)
  assert.deepEqual(verdict, heard({ priority: 200, remarks: [{ label: 'address-list', text }] }))
  const strict = accept(INSTANCE, backup(INSTANCE), received, { rejectAddressMismatch: true, wallClockMs: 0 })
  assert.deepEqual(strict, { type: 'dropped', drop: 'address-list', text })

  // skip_check_adv_addr: no second look at the same router.
  const instance = { ...INSTANCE, skipCheckAdvertAddresses: true }
  const first = judge(instance, received)
  const { state } = step(instance, backup(instance), first, NOW)
  assert.deepEqual(accept(instance, state, received), heard({ priority: 200 }))
})
