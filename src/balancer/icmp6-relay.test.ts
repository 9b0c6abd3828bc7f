import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip, ipBytes } from '../bytes/address.ts'
import { pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { decodeIcmp, encodeIcmp, type Icmp } from '../wire/icmp.ts'
import { decodeIpv6, encodeIpv6, type Ipv6Extension, type Ipv6Packet, ipv6Header } from '../wire/ipv6.ts'
import { type Endpoint, packetOf, tcpFrame } from './frame.ts'
import { type Fate, InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('2001:db8:f::1'), port: 80 }
const CLIENT = { address: ip('2001:db8:c::7'), port: 40000 }
const SERVER = { address: ip('2001:db8::11'), port: 8080 }
const HOP = ip('2001:db8:c::1')
const ICMPV6 = 58
const NARROW: Omit<Icmp, 'payload'> = { type: 2, code: 0, word: 1400 }
const OPTIONS: Ipv6Extension = { protocol: 60, bytes: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) }

test('DR: what is said about a reply goes to the server that sent it, as it is', () => {
  const table = serving({ method: 'route' })
  const fate = table.receive(error(HOP, VIP.address, NARROW, quote(VIP, CLIENT)))
  assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
  const { outer, icmp } = messageIn(fate)
  assert.deepEqual([outer.source, outer.destination, outer.hopLimit], [HOP, VIP.address, 63])
  assert.deepEqual(icmp, { ...NARROW, payload: quote(VIP, CLIENT) })
})

test('NAT: the server finds itself quoted, and every checksum is right', () => {
  for (const extensions of [[], [OPTIONS]]) {
    const table = serving({ method: 'masquerade' })
    const fate = table.receive(error(HOP, VIP.address, NARROW, quote(VIP, CLIENT), extensions))
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
    const { outer, icmp, quoted } = messageIn(fate)
    assert.deepEqual([outer.source, outer.destination], [HOP, SERVER.address])
    assert.deepEqual([icmp.type, icmp.code, icmp.word], [2, 0, 1400])
    assert.deepEqual(
      [quoted.source, quoted.destination, portsOf(quoted)],
      [SERVER.address, CLIENT.address, [8080, 40000]],
    )
  }
})

test('NAT: what a server says about a request reaches the client as from the virtual address', () => {
  const table = serving({ method: 'masquerade' })
  for (const from of [SERVER.address, ip('2001:db8::254')]) {
    const fate = table.receive(error(from, CLIENT.address, { type: 1, code: 4, word: 0 }, quote(CLIENT, SERVER)))
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', CLIENT.address])
    const { outer, quoted } = messageIn(fate)
    assert.deepEqual([outer.source, outer.destination], [VIP.address, CLIENT.address])
    assert.deepEqual([quoted.source, quoted.destination, portsOf(quoted)], [CLIENT.address, VIP.address, [40000, 80]])
  }
})

test('a tunnel carries what is said about a reply', () => {
  const table = serving({ method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } })
  const sent = error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))
  const fate = table.receive(sent)
  assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
  const inner = decodeIpv6(packetOf(fate.packet).slice(-packetOf(sent).length))
  assert.ok(inner.ok && inner.value.protocol === ICMPV6)
})

test('echo, neighbour discovery, errors about nothing we know, and what is cut short pass as they are', () => {
  const table = serving({ method: 'masquerade' })
  const known = error(HOP, VIP.address, NARROW, quote(VIP, CLIENT))
  for (const frame of [
    error(HOP, VIP.address, { type: 128, code: 0, word: 1 }, quote(VIP, CLIENT)),
    error(HOP, VIP.address, { type: 135, code: 0, word: 0 }, quote(VIP, CLIENT)),
    error(HOP, VIP.address, NARROW, quote(VIP, { ...CLIENT, port: 1 })),
    error(HOP, CLIENT.address, NARROW, quote(CLIENT, { ...SERVER, port: 1 })),
    ...Array.from({ length: 109 }, (_, bytes) => known.slice(0, bytes)),
  ]) {
    const fate = table.receive(frame)
    assert.equal(fate.verdict, 'pass')
    assert.deepEqual(fate.packet, frame)
  }
})

const ETHERNET = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd)

function serving(forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable()
  const key: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }
  const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
  table.addService({ key, scheduler: 'rr', ...plain })
  table.addDestination(key, { ...SERVER, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  return table
}

function error(
  from: Ip,
  to: Ip,
  message: Omit<Icmp, 'payload'>,
  quoted: Uint8Array,
  extensions: readonly Ipv6Extension[] = [],
): Uint8Array {
  const pseudo = pseudoHeaderSum(ipBytes(from), ipBytes(to), ICMPV6, 8 + quoted.length)
  const icmp = encodeIcmp({ ...message, payload: quoted }, pseudo)
  return concat(ETHERNET, encodeIpv6({ ...ipv6Header(from, to, ICMPV6), extensions }, icmp))
}

/** Header and eight bytes of a TCP segment. */
function quote(from: Endpoint, to: Endpoint): Uint8Array {
  return packetOf(tcpFrame(from, to, ['ack'])).slice(0, 48)
}

function portsOf({ payload }: Ipv6Packet): readonly number[] {
  const view = new DataView(payload.buffer, payload.byteOffset)
  return [view.getUint16(0), view.getUint16(2)]
}

function messageIn(fate: Fate): { outer: Ipv6Packet; icmp: Icmp; quoted: Ipv6Packet } {
  const outer = decodeIpv6(packetOf(fate.packet))
  assert.ok(outer.ok, outer.ok ? '' : outer.drop)
  const { source, destination, payload } = outer.value
  const icmp = decodeIcmp(payload, pseudoHeaderSum(ipBytes(source), ipBytes(destination), ICMPV6, payload.length))
  assert.ok(icmp.ok, icmp.ok ? '' : icmp.drop)
  const quoted = decodeIpv6(icmp.value.payload)
  assert.ok(quoted.ok, quoted.ok ? '' : quoted.drop)
  return { outer: outer.value, icmp: icmp.value, quoted: quoted.value }
}
