import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip, ipFromBytes } from '../bytes/address.ts'
import type { Protocol, ServiceKey } from '../model/service.ts'
import type { Destination } from '../model/virtual-service.ts'
import { frameText, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { TC, XDP } from './program/hook.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = { address: ip('10.0.0.11'), port: 8080 }

for (const hook of [TC, XDP]) {
  test(`at ${hook.type} the client's packet is addressed to the server, and the reply comes from the virtual address`, () => {
    for (const protocol of ['TCP', 'UDP'] as const) {
      const table = translating(protocol, hook)
      const send = (from: typeof CLIENT, to: typeof CLIENT) =>
        table.receive(protocol === 'TCP' ? tcpFrame(from, to, ['syn'], 5) : udpFrame(from, to, 5))
      // XDP leaves the first packet to tc, which asks for the next hop.
      assert.equal(send(CLIENT, VIP).hook, 'tc')
      const request = send(CLIENT, VIP)
      assert.equal(request.hook, hook.type)
      assert.equal(frameText(request.packet), '198.51.100.7:40000 > 10.0.0.11:8080 ttl 63')
      assert.equal(request.nextHop, SERVER.address)
      const reply = send(SERVER, CLIENT)
      assert.equal(frameText(reply.packet), '192.0.2.1:80 > 198.51.100.7:40000 ttl 63')
      assert.equal(reply.nextHop, CLIENT.address)
    }
  })
}

test('a UDP datagram without checksum stays without', () => {
  const table = translating('UDP')
  const frame = udpFrame(CLIENT, VIP)
  frame.set([0, 0], 40)
  const { packet } = table.receive(frame)
  assert.deepEqual([...packet.subarray(40, 42)], [0, 0])
})

test('states follow the two-sided table: both FINs end in TIME_WAIT, and replies are counted', () => {
  const table = translating('TCP')
  const state = () => [...table.connections()].map(({ state, expiresInS }) => `${state} ${expiresInS}`).join()
  const flow = [
    ['in', ['syn'], 'SYN_RECV 60'],
    ['out', ['syn', 'ack'], 'SYN_RECV 60'],
    ['in', ['ack'], 'ESTABLISHED 900'],
    ['in', ['fin', 'ack'], 'CLOSE_WAIT 60'],
    ['out', ['fin', 'ack'], 'TIME_WAIT 120'],
  ] as const
  for (const [direction, flags, expected] of flow) {
    const frame = direction === 'in' ? tcpFrame(CLIENT, VIP, flags) : tcpFrame(SERVER, CLIENT, flags)
    assert.equal(table.receive(frame).verdict, 'sent')
    assert.equal(state(), expected)
  }
  const { inPackets, outPackets, outBytes } = table.services()[0]!.counters
  assert.deepEqual([inPackets, outPackets, outBytes], [3n, 2n, 80n])
  assert.deepEqual([...table.connections()][0]!.destination, SERVER)
})

test('the reply entry goes with its connection', () => {
  const table = translating('TCP')
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  table.elapse(60)
  assert.equal(table.receive(tcpFrame(SERVER, CLIENT, ['ack'])).verdict, 'pass')
  table.services()
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  assert.equal(table.receive(tcpFrame(SERVER, CLIENT, ['syn', 'ack'])).verdict, 'sent')
})

test('what the server says to others is none of our business', () => {
  const table = translating('TCP')
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  const frame = tcpFrame(SERVER, { ...CLIENT, port: 40001 }, ['ack'])
  const fate = table.receive(frame)
  assert.equal(fate.verdict, 'pass')
  assert.deepEqual(fate.packet, frame)
})

test('replies of a removed server are translated while its connections live', () => {
  const table = translating('TCP')
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  table.flush()
  assert.equal(table.receive(tcpFrame(SERVER, CLIENT, ['syn', 'ack'])).verdict, 'sent')
  table.elapse(1000)
  table.services()
  table.flush()
  assert.equal(table.receive(tcpFrame(SERVER, CLIENT, ['ack'])).verdict, 'pass')
})

test('a connection keeps its method when its server is edited', () => {
  const table = translating('TCP')
  table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  table.editDestination(table.services()[0]!.key, { ...destination(), forwarding: { method: 'route' } })
  assert.equal(
    frameText(table.receive(tcpFrame(CLIENT, VIP, ['ack'])).packet),
    '198.51.100.7:40000 > 10.0.0.11:8080 ttl 63',
  )
  assert.equal(
    frameText(table.receive(tcpFrame({ ...CLIENT, port: 1 }, VIP, ['syn'])).packet),
    '198.51.100.7:1 > 192.0.2.1:80 ttl 63',
  )
})

test('checksums are right whatever the addresses and ports', () => {
  const address = fc
    .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 254 }))
    .map(bytes => ipFromBytes(Uint8Array.from(bytes)))
  const port = fc.integer({ min: 1, max: 65535 })
  const endpoint = fc.record({ address, port })
  // Room enough that no bucket fills up.
  const table = translating('TCP', TC, 1 << 16)
  fc.assert(
    fc.property(endpoint, fc.nat(40), (client, payload) => {
      const there = table.receive(tcpFrame(client, VIP, ['syn'], payload))
      if (there.verdict === 'sent')
        assert.equal(frameText(there.packet), `${client.address}:${client.port} > 10.0.0.11:8080 ttl 63`)
      const back = table.receive(tcpFrame(SERVER, client, ['ack'], payload))
      if (back.verdict === 'sent')
        assert.equal(frameText(back.packet), `192.0.2.1:80 > ${client.address}:${client.port} ttl 63`)
      return there.verdict === back.verdict || client.address === '10.0.0.11'
    }),
    { numRuns: 200 },
  )
})

function translating(protocol: Protocol, hook: typeof TC = TC, connections = 1024): InterpretedTable {
  const key: ServiceKey = { kind: 'address', protocol, ...VIP }
  const table = new InterpretedTable({ connections }, hook)
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(key, destination())
  return table
}

function destination(): Destination {
  return { ...SERVER, forwarding: { method: 'masquerade' }, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}
