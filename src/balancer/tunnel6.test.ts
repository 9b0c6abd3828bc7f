import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip, ipBytes } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { toHex } from '../bytes/hex.ts'
import type { ServiceKey, Tunnel } from '../model/service.ts'
import { decodeIpv4 } from '../wire/ipv4.ts'
import { decodeIpv6, type Ipv6Packet } from '../wire/ipv6.ts'
import { packetOf, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { TC, XDP } from './program/hook.ts'

const VIP = { address: ip('2001:db8:f::1'), port: 80 }
const CLIENT = { address: ip('2001:db8:c::7'), port: 40000 }
const VIP4 = { address: ip('192.0.2.1'), port: 80 }
const CLIENT4 = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = ip('2001:db8:e::9')
const SERVER4 = ip('203.0.113.9')
const OPTIONS = { protocol: 60, bytes: Uint8Array.of(0, 1, 1, 12, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6) }
const SYN = tcpFrame(CLIENT, VIP, ['syn'], 3)
const SYN4 = tcpFrame(CLIENT4, VIP4, ['syn'], 3)

for (const hook of [TC, XDP]) {
  test(`at ${hook.type} IPv6 travels whole in IPv6, with one hop less`, () => {
    const outer = through6({ type: 'ipip' }, SYN, hook)
    const { source, destination, protocol, hopLimit, flowLabel } = outer
    assert.deepEqual(
      { source, destination, protocol, hopLimit, flowLabel },
      { source: ip('2001:db8::1'), destination: SERVER, protocol: 41, hopLimit: 63, flowLabel: 0 },
    )
    assert.deepEqual(unwrapped6(outer.payload), packet6(packetOf(SYN)))
  })

  test(`at ${hook.type} IPv6 travels in IPv4, which may be fragmented, and IPv4 in IPv6`, () => {
    const frame = through({ type: 'ipip' }, SYN, SERVER4, hook)
    assert.equal(toHex(frame.subarray(12, 14)), '0800')
    const around6 = decodeIpv4(packetOf(frame))
    assert.ok(around6.ok, around6.ok ? '' : around6.drop)
    assert.equal(around6.value.protocol, 41)
    assert.equal(around6.value.dontFragment, false)
    assert.deepEqual(unwrapped6(around6.value.payload), packet6(packetOf(SYN)))

    const around4 = through6({ type: 'ipip' }, SYN4, hook)
    assert.equal(around4.protocol, 4)
    assert.equal(around4.hopLimit, 63)
    assert.ok(decodeIpv4(around4.payload).ok)
  })
}

test('the traffic class is kept, but for congestion experienced', () => {
  const sent = SYN.slice()
  sent.set([0x6b, 0xb7], 14)
  assert.equal(through6({ type: 'ipip' }, sent).trafficClass, 0xba)
})

test('GRE says which protocol is inside, and its checksum counts extension headers, too', () => {
  assert.equal(toHex(through6({ type: 'gre', checksum: 'nocsum' }, SYN).payload.slice(0, 4)), '000086dd')
  assert.equal(toHex(through6({ type: 'gre', checksum: 'nocsum' }, SYN4).payload.slice(0, 4)), '00000800')
  const frames = [
    tcpFrame(CLIENT, VIP, ['syn'], 1000),
    tcpFrame(CLIENT, VIP, ['syn'], 3, [OPTIONS]),
    tcpFrame(CLIENT, VIP, ['syn'], 0, [OPTIONS, OPTIONS]),
    udpFrame(CLIENT, VIP),
    SYN4,
  ]
  for (const frame of frames) {
    const { payload } = through6({ type: 'gre', checksum: 'csum' }, frame)
    assert.equal(toHex(payload.slice(0, 2)), '8000')
    assert.equal(checksum(payload), 0)
  }
})

test('GUE says which protocol is inside, and its checksum is right around and inside both families', () => {
  const gue = { type: 'gue', port: 6080, checksum: 'csum' } as const
  for (const [frame, protocol] of [
    [SYN, '29'],
    [tcpFrame(CLIENT, VIP, ['syn'], 998, [OPTIONS]), '29'],
    [SYN4, '04'],
  ] as const) {
    const { source, destination, payload } = through6(gue, frame)
    assert.equal(toHex(payload.slice(8, 12)), `00${protocol}0000`)
    assert.equal(checksum(payload, pseudoHeaderSum(ipBytes(source), ipBytes(destination), 17, payload.length)), 0)
  }
  const around = decodeIpv4(packetOf(through(gue, SYN, SERVER4)))
  assert.ok(around.ok)
  const { source, destination, payload } = around.value
  assert.equal(checksum(payload, pseudoHeaderSum(ipBytes(source), ipBytes(destination), 17, payload.length)), 0)
})

test('one service has servers of both families behind tunnels', () => {
  const key: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }
  const table = tunnelling({ type: 'ipip' }, key, SERVER, TC)
  table.addDestination(key, destination(SERVER4, { type: 'ipip' }))
  const hops = [1, 2, 3].map(port => table.receive(tcpFrame({ ...CLIENT, port }, VIP, ['syn'])).nextHop)
  assert.deepEqual(hops, [SERVER4, SERVER, SERVER4])
})

/** The frame that leaves. */
function through(tunnel: Tunnel, frame: Uint8Array, server: Ip, hook: typeof TC = TC): Uint8Array {
  const virtual = frame[12] === 8 ? VIP4 : VIP
  const protocol = frame[frame[12] === 8 ? 23 : 20] === 17 ? 'UDP' : 'TCP'
  const table = tunnelling(tunnel, { kind: 'address', protocol, ...virtual }, server, hook)
  // XDP leaves the first packet to tc, which asks for the next hop.
  if (hook.type === 'xdp') assert.equal(table.receive(frame).hook, 'tc')
  const fate = table.receive(frame)
  assert.equal(fate.hook, hook.type)
  assert.equal(fate.verdict, 'sent')
  assert.equal(fate.nextHop, server)
  return fate.packet
}

function through6(tunnel: Tunnel, frame: Uint8Array, hook: typeof TC = TC): Ipv6Packet {
  const sent = through(tunnel, frame, SERVER, hook)
  assert.equal(toHex(sent.subarray(12, 14)), '86dd')
  const packet = packet6(packetOf(sent))
  assert.equal(packet.payload.length, packet.payloadLength)
  return packet
}

/** As it was before its last hop. */
function unwrapped6(bytes: Uint8Array): Ipv6Packet {
  const packet = packet6(bytes)
  return { ...packet, hopLimit: packet.hopLimit + 1 }
}

function packet6(bytes: Uint8Array): Ipv6Packet {
  const packet = decodeIpv6(bytes)
  assert.ok(packet.ok, packet.ok ? '' : packet.drop)
  return packet.value
}

function tunnelling(tunnel: Tunnel, key: ServiceKey, server: Ip, hook: typeof TC): InterpretedTable {
  const table = new InterpretedTable({}, hook)
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(key, destination(server, tunnel))
  return table
}

function destination(address: Ip, tunnel: Tunnel): Parameters<InterpretedTable['addDestination']>[1] {
  return {
    address,
    port: 80,
    forwarding: { method: 'tunnel', tunnel },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  }
}
