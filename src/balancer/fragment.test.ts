import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { decodeIpv4, encodeIpv4, type Ipv4Packet } from '../wire/ipv4.ts'
import { type Endpoint, frameText, packetOf, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('192.0.2.1'), port: 53 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = { address: ip('10.0.0.11'), port: 5353 }

test('DR: later fragments follow the first, however short they are', () => {
  const table = serving({ method: 'route' })
  for (const fragment of fragments(CLIENT, VIP, 3003, 1480, 7)) {
    const fate = table.receive(fragment)
    assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
    const before = packetIn(fragment)
    assert.deepEqual(packetIn(fate.packet), { ...before, ttl: before.ttl - 1 })
  }
  // One packet, as it was before it was taken apart.
  const { inPackets, inBytes } = table.services()[0]!.counters
  assert.deepEqual([inPackets, inBytes], [1n, 20n + 8n + 3003n])
})

test('NAT: put together, they are the datagram that the server should get, and the client its answer', () => {
  const table = serving({ method: 'masquerade' })
  const there = fragments(CLIENT, VIP, 3001, 1480, 1).map(fragment => table.receive(fragment))
  assert.deepEqual(new Set(there.map(({ nextHop }) => nextHop)), new Set([SERVER.address]))
  assert.equal(frameText(assembled(there.map(({ packet }) => packet))), '198.51.100.7:40000 > 10.0.0.11:5353 ttl 63')
  const back = fragments(SERVER, CLIENT, 3001, 1480, 1).map(fragment => table.receive(fragment))
  assert.deepEqual(new Set(back.map(({ nextHop }) => nextHop)), new Set([CLIENT.address]))
  assert.equal(frameText(assembled(back.map(({ packet }) => packet))), '192.0.2.1:53 > 198.51.100.7:40000 ttl 63')
  const { outPackets, outBytes } = table.services()[0]!.counters
  assert.deepEqual([outPackets, outBytes], [1n, 20n + 8n + 3001n])
})

test('a tunnel carries each fragment in a packet of its own', () => {
  for (const tunnel of [{ type: 'ipip' }, { type: 'gue', port: 6080, checksum: 'csum' }] as const) {
    const table = serving({ method: 'tunnel', tunnel })
    for (const fragment of fragments(CLIENT, VIP, 3000, 1400, 1)) {
      const { packet, nextHop } = table.receive(fragment)
      assert.equal(nextHop, SERVER.address)
      const inner = decodeIpv4(packetOf(packet).slice(-packetOf(fragment).length))
      assert.ok(inner.ok && inner.value.fragmentOffset === packetIn(fragment).fragmentOffset)
      // What of a checksum there would be is not known of a piece.
      if (tunnel.type === 'gue') assert.deepEqual([...packet.subarray(40, 42)], [0, 0])
    }
  }
})

test('what comes before its first fragment, or long after it, passes to the stack', () => {
  const table = serving({ method: 'route' })
  const [first, second] = fragments(CLIENT, VIP, 2000, 1480, 1) as [Uint8Array, Uint8Array]
  assert.equal(table.receive(second).verdict, 'pass')
  assert.equal(table.receive(first).verdict, 'sent')
  assert.equal(table.receive(second).verdict, 'sent')
  const other = fragments(CLIENT, VIP, 2000, 1480, 2)[1]!
  assert.equal(table.receive(other).verdict, 'pass')
  table.elapse(30)
  assert.equal(table.receive(second).verdict, 'pass')
})

test('fragments of another connection in the same place are not taken for those of one that has ended', () => {
  const table = serving({ method: 'route' })
  const [first, second] = fragments(CLIENT, VIP, 2000, 1480, 1) as [Uint8Array, Uint8Array]
  table.setTimeouts({ tcpS: 0, tcpFinS: 0, udpS: 1 })
  table.receive(first)
  table.elapse(2)
  // Expired connections are taken out of the table.
  table.services()
  assert.equal([...table.connections()].length, 0)
  assert.equal(table.receive(second).verdict, 'pass')
})

test('many packets in pieces at once find their way', () => {
  const table = serving({ method: 'route' })
  const packets = Array.from({ length: 500 }, (_, i) => fragments(CLIENT, VIP, 2000, 1480, i + 1))
  for (const [first] of packets) table.receive(first!)
  const sent = packets.filter(([, second]) => table.receive(second!).verdict === 'sent')
  assert.ok(sent.length > 490, `${sent.length} of 500`)
})

function serving(forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable()
  const key: ServiceKey = { kind: 'address', protocol: 'UDP', ...VIP }
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(key, { ...SERVER, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  return table
}

/** A datagram in pieces of so many bytes. */
function fragments(
  from: Endpoint,
  to: Endpoint,
  payloadBytes: number,
  bytes: number,
  identification: number,
): Uint8Array[] {
  const frame = udpFrame(from, to, payloadBytes)
  const whole = packetIn(frame)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < whole.payload.length; at += bytes) {
    const moreFragments = at + bytes < whole.payload.length
    const header = { ...whole, identification, fragmentOffset: at, moreFragments }
    pieces.push(concat(frame.subarray(0, 14), encodeIpv4(header, whole.payload.subarray(at, at + bytes))))
  }
  return pieces
}

function assembled(frames: readonly Uint8Array[]): Uint8Array {
  const pieces = frames.map(packetIn)
  const header = { ...pieces[0]!, moreFragments: false }
  return concat(frames[0]!.subarray(0, 14), encodeIpv4(header, concat(...pieces.map(({ payload }) => payload))))
}

function packetIn(frame: Uint8Array): Ipv4Packet {
  const packet = decodeIpv4(packetOf(frame))
  assert.ok(packet.ok, packet.ok ? '' : packet.drop)
  return packet.value
}
