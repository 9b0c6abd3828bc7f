import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip, ipBytes } from '../bytes/address.ts'
import { pseudoHeaderSum } from '../bytes/checksum.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import type { Destination } from '../model/virtual-service.ts'
import { decodeIcmp, type Icmp } from '../wire/icmp.ts'
import { decodeIpv4, type Ipv4Packet } from '../wire/ipv4.ts'
import { decodeIpv6 } from '../wire/ipv6.ts'
import { packetOf, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { XDP } from './program/hook.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = ip('10.0.0.11')
const PACKET_BROADCAST = 1

test('where no server is left the port is unreachable, says the virtual address', () => {
  for (const protocol of ['TCP', 'UDP'] as const) {
    const table = new InterpretedTable()
    addService(table, protocol)
    const sent = protocol === 'TCP' ? tcpFrame(CLIENT, VIP, ['syn']) : udpFrame(CLIENT, VIP)
    const { verdict, packet } = table.receive(sent)
    assert.equal(verdict, 'answered')
    const { outer, icmp, quoted } = errorIn(packet)
    assert.deepEqual([outer.source, outer.destination, outer.ttl, outer.tos], [VIP.address, CLIENT.address, 64, 0xc0])
    assert.deepEqual([icmp.type, icmp.code, icmp.word], [3, 3, 0])
    assert.deepEqual(quoted, packetOf(sent))
    // The way it came: the two MAC addresses have changed places.
    assert.deepEqual([packet.subarray(0, 6), packet.subarray(6, 12)], [sent.subarray(6, 12), sent.subarray(0, 6)])
  }
})

test('a packet on its last hop is answered with "time exceeded", and counted with its connection', () => {
  for (const forwarding of [{ method: 'route' }, { method: 'masquerade' }] as const) {
    const table = serving(forwarding)
    const sent = withTtl(tcpFrame(CLIENT, VIP, ['syn']), 1)
    const { icmp, quoted } = errorIn(table.receive(sent).packet)
    assert.deepEqual([icmp.type, icmp.code], [11, 0])
    assert.deepEqual(quoted, packetOf(sent))
    assert.equal(table.services()[0]!.counters.inPackets, 1n)
  }
})

const WAYS: readonly (readonly [string, Forwarding, number])[] = [
  ['DR', { method: 'route' }, 1400],
  ['NAT', { method: 'masquerade' }, 1400],
  ['IPIP', { method: 'tunnel', tunnel: { type: 'ipip' } }, 1380],
  ['GRE', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'nocsum' } }, 1376],
  ['GRE with checksum', { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } }, 1372],
  ['GUE', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } }, 1368],
]
for (const [name, forwarding, mtu] of WAYS) {
  test(`${name}: what is longer than the way takes is answered with the length that fits`, () => {
    const table = serving(forwarding)
    table.narrow(1400)
    assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn'])).verdict, 'sent')
    const fits = table.receive(tcpFrame(CLIENT, VIP, ['ack'], mtu - 40))
    assert.equal(decodeIpv4(packetOf(fits.packet)).ok, true)
    const sent = dontFragment(tcpFrame(CLIENT, VIP, ['ack'], mtu - 39))
    // By the next hop that is known, and by one that is asked for anew.
    for (const seconds of [0, 10]) {
      table.elapse(seconds)
      const { outer, icmp, quoted } = errorIn(table.receive(sent).packet)
      assert.deepEqual([outer.source, outer.destination], [VIP.address, CLIENT.address])
      assert.deepEqual([icmp.type, icmp.code, icmp.word], [3, 4, mtu])
      assert.equal(quoted.length, 80)
      // One hop less, as ip_vs has it.
      assert.equal(quoted[8], 63)
      assert.equal(decodeIpv4(quoted).ok, true)
    }
  })
}

test('a packet that stands for many is measured by its segments', () => {
  const table = serving({ method: 'route' })
  table.narrow(1400)
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  const sent = tcpFrame(CLIENT, VIP, ['ack'], 8000)
  const verdict = (gsoSize: number) => {
    const { packet } = table.receive(sent, undefined, { gsoSize })
    return packet.length === sent.length ? 'sent' : errorIn(packet).icmp.word
  }
  assert.deepEqual([verdict(1360), verdict(1361)], ['sent', 1400])
})

test('no error in answer to what was not sent to us alone', () => {
  const table = new InterpretedTable()
  addService(table, 'TCP')
  const frame = tcpFrame(CLIENT, VIP, ['syn'])
  assert.equal(table.receive(frame, undefined, { packetType: PACKET_BROADCAST }).verdict, 'drop')
})

test('each processor sends fifty errors in a twentieth of a second at most', () => {
  const table = new InterpretedTable()
  addService(table, 'TCP')
  const sent = () =>
    Array.from({ length: 60 }, (_, i) => table.receive(tcpFrame({ ...CLIENT, port: 1 + i }, VIP, ['syn']))).filter(
      ({ verdict }) => verdict === 'answered',
    ).length
  assert.equal(sent(), 50)
  assert.equal(sent(), 0)
  table.elapse(0.1)
  assert.equal(sent(), 50)
})

test('a header with options is quoted whole', () => {
  const table = new InterpretedTable()
  addService(table, 'TCP')
  const plain = tcpFrame(CLIENT, VIP, ['syn'], 20)
  const frame = new Uint8Array(plain.length + 40)
  frame.set(plain.subarray(0, 34))
  frame.set(plain.subarray(34), 74)
  frame[14] = 0x4f
  const { quoted } = errorIn(table.receive(frame).packet)
  assert.deepEqual(quoted, frame.subarray(14, 94))
})

test('XDP leaves the answer to tc', () => {
  const table = new InterpretedTable({}, XDP)
  addService(table, 'TCP')
  const { verdict, hook } = table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  assert.deepEqual([verdict, hook], ['answered', 'tc'])
  assert.equal(table.refusals()['no-destination'], 1n)
})

test('IPv6: errors of its own numbers, from the virtual address, with the checksum that covers the addresses', () => {
  const vip = { address: ip('2001:db8::100'), port: 80 }
  const client = { address: ip('2001:db8:1::7'), port: 40000 }
  const key: ServiceKey = { kind: 'address', protocol: 'TCP', ...vip }
  const table = new InterpretedTable()
  addServiceOf(table, key)
  const refused = tcpFrame(client, vip, ['syn'])
  assert.deepEqual(error6In(table.receive(refused).packet), [vip.address, client.address, 1, 4, 0, packetOf(refused)])
  table.addDestination(key, server({ method: 'route' }, ip('2001:db8::b:12')))
  table.narrow(1400)
  const expired = tcpFrame(client, vip, ['syn'])
  expired[21] = 1
  assert.deepEqual(error6In(table.receive(expired).packet), [vip.address, client.address, 3, 0, 0, packetOf(expired)])
  const long = tcpFrame(client, vip, ['ack'], 1341)
  const quoted = packetOf(long).slice(0, 120)
  quoted[7]! -= 1
  assert.deepEqual(error6In(table.receive(long).packet), [vip.address, client.address, 2, 0, 1400, quoted])
})

function error6In(frame: Uint8Array): readonly unknown[] {
  const outer = decodeIpv6(packetOf(frame))
  assert.ok(outer.ok, outer.ok ? '' : outer.drop)
  const { source, destination, protocol, payload } = outer.value
  assert.equal(protocol, 58)
  assert.equal(payload.length, frame.length - 54, 'nothing is behind the packet')
  const icmp = decodeIcmp(payload, pseudoHeaderSum(ipBytes(source), ipBytes(destination), 58, payload.length))
  assert.ok(icmp.ok, icmp.ok ? '' : icmp.drop)
  return [source, destination, icmp.value.type, icmp.value.code, icmp.value.word, icmp.value.payload]
}

function errorIn(frame: Uint8Array): { outer: Ipv4Packet; icmp: Icmp; quoted: Uint8Array } {
  const outer = decodeIpv4(packetOf(frame))
  assert.ok(outer.ok, outer.ok ? '' : outer.drop)
  assert.equal(outer.value.protocol, 1)
  assert.equal(outer.value.payload.length, frame.length - 34, 'nothing is behind the packet')
  const icmp = decodeIcmp(outer.value.payload, 0)
  assert.ok(icmp.ok, icmp.ok ? '' : icmp.drop)
  return { outer: outer.value, icmp: icmp.value, quoted: icmp.value.payload }
}

function addService(table: InterpretedTable, protocol: 'TCP' | 'UDP'): ServiceKey {
  const key: ServiceKey = { kind: 'address', protocol, ...VIP }
  addServiceOf(table, key)
  return key
}

function addServiceOf(table: InterpretedTable, key: ServiceKey): void {
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
}

function serving(forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable()
  table.addDestination(addService(table, 'TCP'), server(forwarding))
  return table
}

function server(forwarding: Forwarding, address: Ip = SERVER): Destination {
  return { address, port: 80, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}

/** The header's checksum does not matter on the way in, but what is made of it should be right. */
function withTtl(frame: Uint8Array, ttl: number): Uint8Array {
  frame[22] = ttl
  return frame
}

function dontFragment(frame: Uint8Array): Uint8Array {
  frame[20] = 0x40
  const view = new DataView(frame.buffer)
  const sum = (~view.getUint16(24) & 0xffff) + 0x4000
  view.setUint16(24, ~((sum & 0xffff) + (sum >> 16)) & 0xffff)
  return frame
}
