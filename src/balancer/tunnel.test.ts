import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, ipBytes } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { toHex } from '../bytes/hex.ts'
import type { ServiceKey, Tunnel } from '../model/service.ts'
import { decodeIpv4, type Ipv4Packet } from '../wire/ipv4.ts'
import { packetOf, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = ip('203.0.113.9')
const ROUTER = ip('10.0.0.1')

test('IPIP: the packet travels whole, with one hop less, in a packet from the director to the server', () => {
  const sent = tcpFrame(CLIENT, VIP, ['syn'], 3)
  const outer = through({ type: 'ipip' }, sent)
  assert.deepEqual(
    {
      source: outer.source,
      destination: outer.destination,
      protocol: outer.protocol,
      ttl: outer.ttl,
      dontFragment: outer.dontFragment,
    },
    { source: ROUTER, destination: SERVER, protocol: 4, ttl: 63, dontFragment: false },
  )
  const before = decodeIpv4(packetOf(sent))
  const inner = decodeIpv4(outer.payload)
  assert.ok(before.ok && inner.ok)
  assert.deepEqual({ ...inner.value, ttl: 64 }, before.value)
})

test('DF, TOS and identification: as ip_vs has them', () => {
  const sent = tcpFrame(CLIENT, VIP, ['syn'])
  // TOS 0xb8 with congestion experienced, DF; the header checksum does not matter on the way in
  sent[15] = 0xbb
  sent[20] = 0x40
  const outer = through({ type: 'ipip' }, sent)
  assert.equal(outer.tos, 0xba)
  assert.equal(outer.dontFragment, true)
  assert.equal(outer.identification, 0)
})

test('GRE: four bytes between the headers, eight with a checksum that is right', () => {
  const plain = through({ type: 'gre', checksum: 'nocsum' }, tcpFrame(CLIENT, VIP, ['syn']))
  assert.equal(plain.protocol, 47)
  assert.equal(toHex(plain.payload.slice(0, 4)), '00000800')
  assert.equal(decodeIpv4(plain.payload.slice(4)).ok, true)
  for (const frame of [tcpFrame(CLIENT, VIP, ['syn'], 3), tcpFrame(CLIENT, VIP, ['syn'], 1000)]) {
    const summed = through({ type: 'gre', checksum: 'csum' }, frame)
    assert.equal(toHex(summed.payload.slice(0, 4)), '80000800')
    assert.equal(checksum(summed.payload), 0)
  }
})

test('GUE: a UDP datagram to the tunnel port, four bytes of header, a checksum if asked for', () => {
  const plain = through({ type: 'gue', port: 6080, checksum: 'nocsum' }, tcpFrame(CLIENT, VIP, ['syn'], 3))
  const view = new DataView(plain.payload.buffer, plain.payload.byteOffset)
  assert.equal(plain.protocol, 17)
  assert.equal(view.getUint16(2), 6080)
  assert.equal(view.getUint16(4), plain.payload.length)
  assert.equal(view.getUint16(6), 0)
  assert.equal(toHex(plain.payload.slice(8, 12)), '00040000')
  assert.ok(view.getUint16(0) >= 32768)
  for (const bytes of [0, 1, 2, 999]) {
    const summed = through({ type: 'gue', port: 6080, checksum: 'csum' }, tcpFrame(CLIENT, VIP, ['syn'], bytes))
    const pseudo = pseudoHeaderSum(ipBytes(summed.source), ipBytes(summed.destination), 17, summed.payload.length)
    assert.equal(checksum(summed.payload, pseudo), 0)
  }
})

test('the source port of GUE tells flows apart and stays the same within one', () => {
  const port = (client: number) => {
    const { payload } = through(
      { type: 'gue', port: 6080, checksum: 'nocsum' },
      tcpFrame({ ...CLIENT, port: client }, VIP, ['syn']),
    )
    return new DataView(payload.buffer, payload.byteOffset).getUint16(0)
  }
  assert.equal(port(1), port(1))
  assert.ok(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(port)).size > 5)
})

test('UDP goes through, too', () => {
  const key: ServiceKey = { kind: 'address', protocol: 'UDP', ...VIP }
  const table = tunnelling({ type: 'ipip' }, key)
  const outer = decodeIpv4(packetOf(table.receive(udpFrame(CLIENT, VIP)).packet))
  assert.ok(outer.ok && decodeIpv4(outer.value.payload).ok)
})

test('one service may have servers behind every kind of tunnel, beside routed and translated ones', () => {
  const key: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }
  const table = tunnelling({ type: 'ipip' }, key)
  const others = [
    { method: 'tunnel', tunnel: { type: 'gre', checksum: 'nocsum' } },
    { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } },
    { method: 'masquerade' },
    { method: 'route' },
  ] as const
  for (const [i, forwarding] of others.entries())
    table.addDestination(key, {
      address: ip(`203.0.113.${20 + i}`),
      port: 80,
      forwarding,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
  const outcome = [1, 2, 3, 4, 5].map(port => {
    const packet = decodeIpv4(packetOf(table.receive(tcpFrame({ ...CLIENT, port }, VIP, ['syn'])).packet))
    return packet.ok ? `${packet.value.destination} ${packet.value.protocol}` : packet.drop
  })
  assert.deepEqual(outcome, ['192.0.2.1 6', '203.0.113.22 6', '203.0.113.21 17', '203.0.113.20 47', '203.0.113.9 4'])
})

function through(tunnel: Tunnel, frame: Uint8Array): Ipv4Packet {
  const table = tunnelling(tunnel, { kind: 'address', protocol: 'TCP', ...VIP })
  const fate = table.receive(frame)
  assert.equal(fate.verdict, 'sent')
  assert.equal(fate.nextHop, SERVER)
  const packet = decodeIpv4(packetOf(fate.packet))
  assert.ok(packet.ok, packet.ok ? '' : packet.drop)
  assert.equal(packet.value.payload.length, packet.value.payloadLength)
  return packet.value
}

function tunnelling(tunnel: Tunnel, key: ServiceKey): InterpretedTable {
  const table = new InterpretedTable()
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(key, {
    address: SERVER,
    port: 80,
    forwarding: { method: 'tunnel', tunnel },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  })
  return table
}
