import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { decodeIpv6, encodeIpv6, type Ipv6Extension, type Ipv6Packet, ipv6FragmentExtension } from '../wire/ipv6.ts'
import { type Endpoint, frameText, packetOf, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('2001:db8:f::1'), port: 53 }
const CLIENT = { address: ip('2001:db8:c::7'), port: 40000 }
const SERVER = { address: ip('2001:db8::11'), port: 5353 }
const OPTIONS: Ipv6Extension = { protocol: 60, bytes: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) }

test('DR: later fragments follow the first, behind other extension headers, too', () => {
  for (const before of [[], [OPTIONS]]) {
    const table = serving({ method: 'route' })
    for (const fragment of fragments(CLIENT, VIP, 3003, 1400, 7, before)) {
      const fate = table.receive(fragment)
      assert.deepEqual([fate.verdict, fate.nextHop], ['sent', SERVER.address])
      const sent = packetIn(fragment)
      assert.deepEqual(packetIn(fate.packet), { ...sent, hopLimit: sent.hopLimit - 1 })
    }
    assert.equal(table.services()[0]!.counters.inPackets, 1n)
  }
})

test('NAT: put together, they are the datagram that the server should get, and the client its answer', () => {
  const table = serving({ method: 'masquerade' })
  const there = fragments(CLIENT, VIP, 3001, 1400, 1).map(fragment => table.receive(fragment))
  assert.deepEqual(new Set(there.map(({ nextHop }) => nextHop)), new Set([SERVER.address]))
  assert.equal(
    frameText(assembled(there.map(({ packet }) => packet))),
    '[2001:db8:c::7]:40000 > [2001:db8::11]:5353 ttl 63',
  )
  const back = fragments(SERVER, CLIENT, 3001, 1400, 1).map(fragment => table.receive(fragment))
  assert.deepEqual(new Set(back.map(({ nextHop }) => nextHop)), new Set([CLIENT.address]))
  assert.equal(
    frameText(assembled(back.map(({ packet }) => packet))),
    '[2001:db8:f::1]:53 > [2001:db8:c::7]:40000 ttl 63',
  )
})

test('a tunnel carries each fragment in a packet of its own, without a checksum of what is not known', () => {
  const tunnel = { type: 'gue', port: 6080, checksum: 'csum' } as const
  const table = serving({ method: 'tunnel', tunnel })
  for (const fragment of fragments(CLIENT, VIP, 3000, 1400, 1)) {
    const { packet, nextHop } = table.receive(fragment)
    assert.equal(nextHop, SERVER.address)
    const inner = packetIn(concat(fragment.subarray(0, 14), packet.subarray(-packetOf(fragment).length)))
    assert.deepEqual(inner.fragment, packetIn(fragment).fragment)
    assert.deepEqual([...packet.subarray(60, 62)], [0, 0])
  }
})

test('what comes before its first fragment, of another packet, or long after, passes to the stack', () => {
  const table = serving({ method: 'route' })
  const [first, second] = fragments(CLIENT, VIP, 2000, 1400, 1) as [Uint8Array, Uint8Array]
  assert.equal(table.receive(second).verdict, 'pass')
  assert.equal(table.receive(first).verdict, 'sent')
  assert.equal(table.receive(second).verdict, 'sent')
  assert.equal(table.receive(fragments(CLIENT, VIP, 2000, 1400, 0x10001)[1]!).verdict, 'pass')
  const neighbour = { ...CLIENT, address: ip('2001:db8:c::8') }
  assert.equal(table.receive(fragments(neighbour, VIP, 2000, 1400, 1)[1]!).verdict, 'pass')
  table.elapse(30)
  assert.equal(table.receive(second).verdict, 'pass')
})

function serving(forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable()
  const key: ServiceKey = { kind: 'address', protocol: 'UDP', ...VIP }
  const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
  table.addService({ key, scheduler: 'rr', ...plain })
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
  before: readonly Ipv6Extension[] = [],
): Uint8Array[] {
  const frame = udpFrame(from, to, payloadBytes)
  const whole = packetIn(frame)
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < whole.payload.length; offset += bytes) {
    const more = offset + bytes < whole.payload.length
    const extensions = [...before, ipv6FragmentExtension({ offset, more, identification })]
    const piece = encodeIpv6({ ...whole, extensions }, whole.payload.subarray(offset, offset + bytes))
    pieces.push(concat(frame.subarray(0, 14), piece))
  }
  return pieces
}

function assembled(frames: readonly Uint8Array[]): Uint8Array {
  const pieces = frames.map(packetIn)
  const payload = concat(...pieces.map(piece => piece.payload))
  return concat(frames[0]!.subarray(0, 14), encodeIpv6({ ...pieces[0]!, extensions: [] }, payload))
}

function packetIn(frame: Uint8Array): Ipv6Packet {
  const packet = decodeIpv6(packetOf(frame))
  assert.ok(packet.ok, packet.ok ? '' : packet.drop)
  return packet.value
}
