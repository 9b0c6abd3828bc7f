import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { decodeIcmp, encodeIcmp, type Icmp } from '../wire/icmp.ts'
import { decodeIpv4, encodeIpv4, type Ipv4Packet, ipv4Header } from '../wire/ipv4.ts'
import { type Endpoint, packetOf, tcpFrame } from './frame.ts'
import { type Fate, InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = { address: ip('10.0.0.11'), port: 8080 }
const HOP = ip('198.51.100.1')
const DIRECTOR = ip('10.0.0.1')
const NARROW: Omit<Icmp, 'payload'> = { type: 3, code: 4, word: 1400 }

test('DR: what is said about a reply goes to the server that sent it, as it is', () => {
  const { table } = serving({ method: 'route' })
  const sent = error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))
  const fate = table.receive(sent)
  assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
  const { outer, icmp, quoted } = messageIn(fate)
  assert.deepEqual([outer.source, outer.destination, outer.ttl], [HOP, VIP.address, 63])
  assert.deepEqual(icmp, { ...NARROW, payload: quote(VIP, CLIENT) })
  assert.deepEqual([quoted.source, quoted.destination], [VIP.address, CLIENT.address])
  assert.equal(table.services()[0]!.counters.inPackets, 2n)
})

test('NAT: the server finds itself quoted', () => {
  const { table } = serving({ method: 'masquerade' })
  const fate = table.receive(error(HOP, VIP.address, NARROW, quote(VIP, CLIENT)))
  assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
  const { outer, icmp, quoted } = messageIn(fate)
  assert.deepEqual([outer.source, outer.destination], [HOP, SERVER.address])
  assert.deepEqual([icmp.type, icmp.code, icmp.word], [3, 4, 1400])
  assert.deepEqual(
    [quoted.source, quoted.destination, portsOf(quoted)],
    [SERVER.address, CLIENT.address, [8080, 40000]],
  )
})

test('NAT: what a server says about a request reaches the client as from the virtual address', () => {
  const { table } = serving({ method: 'masquerade' })
  for (const from of [SERVER.address, ip('10.0.0.254')]) {
    const unreachable = { type: 3, code: 1, word: 0 }
    const fate = table.receive(error(from, CLIENT.address, unreachable, quote(CLIENT, SERVER)))
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', CLIENT.address])
    const { outer, quoted } = messageIn(fate)
    assert.deepEqual([outer.source, outer.destination], [VIP.address, CLIENT.address])
    assert.deepEqual([quoted.source, quoted.destination, portsOf(quoted)], [CLIENT.address, VIP.address, [40000, 80]])
  }
  assert.equal(table.services()[0]!.counters.outPackets, 2n)
})

const TUNNELS: readonly (readonly [string, Forwarding, number])[] = [
  ['IPIP', { method: 'tunnel', tunnel: { type: 'ipip' } }, 1380],
  ['GRE', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'nocsum' } }, 1376],
  ['GRE with checksum', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } }, 1372],
  ['GUE', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } }, 1368],
]
for (const [name, forwarding, mtu] of TUNNELS) {
  test(`${name}: a router in the tunnel's way speaks to the director, and the client hears of it`, () => {
    const { table, first } = serving(forwarding)
    const request = dontFragment(tcpFrame(CLIENT, VIP, ['ack'], 1000))
    const tunnelled = packetOf(table.receive(request).packet)
    assert.equal(first.verdict, 'sent')
    // Linux quotes 548 bytes; others no more than eight behind the header, in which no inner one is.
    const fate = table.receive(error(HOP, DIRECTOR, NARROW, tunnelled.subarray(0, 548)))
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', CLIENT.address])
    const { outer, icmp, quoted } = messageIn(fate)
    assert.deepEqual([outer.source, outer.destination], [VIP.address, CLIENT.address])
    assert.deepEqual([icmp.type, icmp.code, icmp.word], [3, 4, mtu])
    assert.deepEqual([quoted.source, quoted.destination, portsOf(quoted)], [CLIENT.address, VIP.address, [40000, 80]])
    assert.equal(table.receive(error(HOP, DIRECTOR, NARROW, tunnelled.subarray(0, 28))).verdict, 'pass')
  })

  test(`${name}: what is said about a reply goes through the tunnel, too`, () => {
    const { table } = serving(forwarding)
    const sent = error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))
    const fate = table.receive(sent)
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
    const outer = decodeIpv4(packetOf(fate.packet))
    assert.ok(outer.ok && outer.value.destination === SERVER.address)
    const inner = decodeIpv4(packetOf(fate.packet).slice(-packetOf(sent).length))
    assert.ok(inner.ok && inner.value.protocol === 1)
  })
}

test('echo, errors about nothing we know, and what is cut short pass as they are', () => {
  const { table } = serving({ method: 'masquerade' })
  const known = error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))
  for (const frame of [
    error(HOP, VIP.address, { type: 8, code: 0, word: 1 }, quote(VIP, CLIENT)),
    error(HOP, VIP.address, { type: 5, code: 1, word: 0 }, quote(VIP, CLIENT)),
    error(HOP, VIP.address, NARROW, quote(VIP, { ...CLIENT, port: 1 })),
    error(HOP, CLIENT.address, NARROW, quote(CLIENT, { ...SERVER, port: 1 })),
    ...Array.from({ length: 69 }, (_, bytes) => known.slice(0, bytes)),
  ]) {
    const fate = table.receive(frame)
    assert.equal(fate.verdict, 'pass')
    assert.deepEqual(fate.packet, frame)
  }
})

test('a connection that is over is not spoken about', () => {
  const { table } = serving({ method: 'route' })
  table.elapse(1000)
  assert.equal(table.receive(error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))).verdict, 'pass')
})

test('headers with options, outside and inside, are passed over', () => {
  const { table } = serving({ method: 'masquerade' })
  const options = Uint8Array.of(1, 1, 1, 0)
  const quoted = encodeIpv4({ ...ipv4Header(VIP.address, CLIENT.address, 6), options }, ports(80, 40000))
  const header = { ...ipv4Header(HOP, VIP.address, 1), options }
  const packet = encodeIpv4(header, encodeIcmp({ ...NARROW, payload: quoted }, 0))
  const fate = table.receive(concat(ETHERNET, packet))
  const message = messageIn(fate)
  assert.deepEqual([message.quoted.source, portsOf(message.quoted)], [SERVER.address, [8080, 40000]])
})

const ETHERNET = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)

function serving(forwarding: Forwarding): { table: InterpretedTable; first: Fate } {
  const table = new InterpretedTable()
  const key: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(key, { ...SERVER, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  return { table, first: table.receive(tcpFrame(CLIENT, VIP, ['syn'])) }
}

function error(from: Ip, to: Ip, message: Omit<Icmp, 'payload'>, quoted: Uint8Array): Uint8Array {
  const icmp = encodeIcmp({ ...message, payload: quoted }, 0)
  return concat(ETHERNET, encodeIpv4(ipv4Header(from, to, 1), icmp))
}

/** Header and eight bytes of a TCP segment. */
function quote(from: Endpoint, to: Endpoint): Uint8Array {
  return packetOf(tcpFrame(from, to, ['ack'])).slice(0, 28)
}

function ports(source: number, destination: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, source)
  view.setUint16(2, destination)
  return bytes
}

function portsOf({ payload }: Ipv4Packet): readonly number[] {
  const view = new DataView(payload.buffer, payload.byteOffset)
  return [view.getUint16(0), view.getUint16(2)]
}

function messageIn(fate: Fate): { outer: Ipv4Packet; icmp: Icmp; quoted: Ipv4Packet } {
  const outer = decodeIpv4(packetOf(fate.packet))
  assert.ok(outer.ok, outer.ok ? '' : outer.drop)
  const icmp = decodeIcmp(outer.value.payload, 0)
  assert.ok(icmp.ok, icmp.ok ? '' : icmp.drop)
  const quoted = decodeIpv4(icmp.value.payload)
  assert.ok(quoted.ok, quoted.ok ? '' : quoted.drop)
  return { outer: outer.value, icmp: icmp.value, quoted: quoted.value }
}

function dontFragment(frame: Uint8Array): Uint8Array {
  const packet = decodeIpv4(packetOf(frame))
  assert.ok(packet.ok)
  return concat(frame.subarray(0, 14), encodeIpv4({ ...packet.value, dontFragment: true }, packet.value.payload))
}
