import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Ip, ip, ipFromBytes } from '../bytes/address.ts'
import type { Forwarding, Protocol, Scheduler, ServiceKey } from '../model/service.ts'
import type { VirtualService } from '../model/virtual-service.ts'
import { ipv6FragmentExtension } from '../wire/ipv6.ts'
import { frameText, tcpFrame, udpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { TC, XDP } from './program/hook.ts'

const VIP = { address: ip('2001:db8:f::1'), port: 80 }
const CLIENT = { address: ip('2001:db8:c:1:2:3:4:5'), port: 40000 }
const ONE = ip('2001:db8::11')
const TWO = ip('2001:db8::12')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }

test('an IPv6 service is found by its whole address and port, and nothing else is touched', () => {
  const table = web()
  for (const other of [
    { ...VIP, port: 81 },
    { ...VIP, address: ip('2001:db8:f::2') },
    { ...VIP, address: ip('2001:db9:f::1') },
  ]) {
    const frame = tcpFrame(CLIENT, other, ['syn'])
    const fate = table.receive(frame)
    assert.equal(fate.verdict, 'pass')
    assert.deepEqual(fate.packet, frame)
  }
  const fate = table.receive(tcpFrame(CLIENT, VIP, ['syn']))
  assert.equal(fate.nextHop, TWO)
  assert.equal(frameText(fate.packet), '[2001:db8:c:1:2:3:4:5]:40000 > [2001:db8:f::1]:80 ttl 63')
})

test('connections stay with their servers, are listed, and leave when their time is up', () => {
  const table = web()
  assert.deepEqual(
    [1, 2, 3].map(port => table.receive(tcpFrame({ ...CLIENT, port }, VIP, ['syn'])).nextHop),
    [TWO, ONE, TWO],
  )
  assert.deepEqual(
    [1, 2, 3].map(port => table.receive(tcpFrame({ ...CLIENT, port }, VIP, ['ack'])).nextHop),
    [TWO, ONE, TWO],
  )
  const listed = [...table.connections()].find(({ client }) => client.port === 2)
  assert.deepEqual(listed, {
    protocol: 'TCP',
    state: 'ESTABLISHED',
    expiresInS: 900,
    client: { ...CLIENT, port: 2 },
    virtual: VIP,
    destination: { address: ONE, port: 80 },
  })
  assert.deepEqual(
    table.service(WEB)?.destinations.map(({ activeConnections }) => activeConnections),
    [2, 1],
  )
  table.elapse(900)
  table.services()
  assert.equal([...table.connections()].length, 0)
  assert.deepEqual(
    table.service(WEB)?.destinations.map(({ activeConnections }) => activeConnections),
    [0, 0],
  )
})

test('clients that differ in any one byte of their address have connections of their own', () => {
  const table = web()
  for (let byte = 0; byte < 16; byte++) {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => (i === byte ? 1 : 0x20))
    table.receive(tcpFrame({ address: ipFromBytes(bytes), port: 1 }, VIP, ['syn']))
  }
  assert.equal(new Set([...table.connections()].map(({ client }) => client.address)).size, 16)
})

test('services of both families live side by side', () => {
  const table = web()
  const key: ServiceKey = { kind: 'address', protocol: 'UDP', address: ip('192.0.2.1'), port: 53 }
  table.addService({ ...service(key) })
  table.addDestination(key, server(ip('10.0.0.11'), { method: 'route' }))
  const client4 = { address: ip('198.51.100.7'), port: 4000 }
  assert.equal(table.receive(udpFrame(client4, { address: key.address, port: 53 })).nextHop, '10.0.0.11')
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn'])).nextHop, TWO)
  assert.deepEqual(
    [...table.connections()].map(({ client }) => client.address),
    [client4.address, CLIENT.address],
  )
  table.deleteService(key)
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['ack'])).nextHop, TWO)
})

for (const hook of [TC, XDP]) {
  test(`at ${hook.type} IPv6 addresses and ports are translated both ways, checksums and all`, () => {
    for (const protocol of ['TCP', 'UDP'] as const) {
      const table = translating(protocol, hook)
      const backend = { address: ONE, port: 8080 }
      const send = (from: typeof CLIENT, to: typeof CLIENT) =>
        table.receive(protocol === 'TCP' ? tcpFrame(from, to, ['syn'], 5) : udpFrame(from, to, 5))
      // XDP leaves the first packet to tc, which asks for the next hop.
      assert.equal(send(CLIENT, VIP).hook, 'tc')
      const request = send(CLIENT, VIP)
      assert.equal(request.hook, hook.type)
      assert.equal(frameText(request.packet), '[2001:db8:c:1:2:3:4:5]:40000 > [2001:db8::11]:8080 ttl 63')
      assert.equal(request.nextHop, ONE)
      const reply = send(backend, CLIENT)
      assert.equal(frameText(reply.packet), '[2001:db8:f::1]:80 > [2001:db8:c:1:2:3:4:5]:40000 ttl 63')
      assert.equal(reply.nextHop, CLIENT.address)
    }
  })
}

test('checksums are right whatever the addresses', () => {
  const address = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipFromBytes)
  const table = translating('TCP', TC, 1 << 16)
  fc.assert(
    fc.property(address, fc.nat(40), (address, payload) => {
      const client = { address, port: 7 }
      const there = table.receive(tcpFrame(client, VIP, ['syn'], payload))
      assert.equal(frameText(there.packet), `[${address}]:7 > [2001:db8::11]:8080 ttl 63`)
      const back = table.receive(tcpFrame({ address: ONE, port: 8080 }, client, ['ack'], payload))
      assert.equal(frameText(back.packet), `[2001:db8:f::1]:80 > [${address}]:7 ttl 63`)
    }),
    { numRuns: 100 },
  )
})

test('persistence keeps a network of any prefix together', () => {
  const table = web({ persistence: { timeoutS: 60, prefix: 70 } })
  const from = (address: string, port: number) => table.receive(tcpFrame({ address: ip(address), port }, VIP, ['syn']))
  assert.equal(from('2001:db8:c:1:300::1', 1).nextHop, TWO)
  assert.equal(from('2001:db8:c:1:3ff::9', 2).nextHop, TWO)
  assert.equal(from('2001:db8:c:1:400::1', 3).nextHop, ONE)
  assert.equal(from('2001:db8:c:2:300::1', 4).nextHop, TWO)
  const templates = [...table.connections()].filter(({ client }) => client.port === 0)
  assert.deepEqual(templates.map(({ client }) => client.address).sort(), [
    '2001:db8:c:1:400::',
    '2001:db8:c:1::',
    '2001:db8:c:2::',
  ])
})

test('every scheduler that looks at addresses keeps a client where it is', () => {
  for (const scheduler of ['sh', 'mh', 'dh', 'lblc', 'lblcr'] satisfies Scheduler[]) {
    const table = web({ scheduler })
    for (const address of [ONE, TWO])
      table.editDestination(WEB, { ...server(address, { method: 'route' }), weight: 100 })
    const hops = [1, 2, 3].map(port => table.receive(tcpFrame({ ...CLIENT, port }, VIP, ['syn'])).nextHop)
    assert.notEqual(hops[0], undefined, scheduler)
    assert.equal(new Set(hops).size, 1, scheduler)
  }
})

const OPTIONS = { protocol: 60, bytes: Uint8Array.of(0, 1, 1, 12, ...new Array<number>(12).fill(0)) }
const HOP_BY_HOP = { protocol: 0, bytes: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) }
const ROUTING = { protocol: 43, bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0) }

test('extension headers do not hide the ports, and translation reaches behind them', () => {
  const table = translating('TCP')
  for (const extensions of [[HOP_BY_HOP], [HOP_BY_HOP, OPTIONS, ROUTING], [OPTIONS, OPTIONS, OPTIONS]]) {
    const fate = table.receive(tcpFrame(CLIENT, VIP, ['syn'], 3, extensions))
    assert.equal(frameText(fate.packet), '[2001:db8:c:1:2:3:4:5]:40000 > [2001:db8::11]:8080 ttl 63')
  }
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['syn'], 3, new Array(7).fill(HOP_BY_HOP))).verdict, 'pass')
  const atomic = ipv6FragmentExtension({ offset: 0, more: false, identification: 7 })
  assert.equal(table.receive(tcpFrame(CLIENT, VIP, ['ack'], 3, [atomic])).verdict, 'sent')
})

test('a header that is cut short passes', () => {
  const table = web()
  const whole = tcpFrame(CLIENT, VIP, ['syn'], 0, [HOP_BY_HOP, OPTIONS])
  for (let bytes = 0; bytes < whole.length - 6; bytes++)
    assert.equal(table.receive(whole.slice(0, bytes)).verdict, 'pass', `${bytes} bytes`)
})

test('a hop limit of 1 ends at the director', () => {
  const table = web()
  const frame = tcpFrame(CLIENT, VIP, ['syn'])
  frame[21] = 1
  assert.equal(table.receive(frame).verdict, 'answered')
})

test('edits are judged as ip_vs judges them', () => {
  const table = web()
  const refused = (address: string, forwarding: Forwarding) =>
    assert.throws(() => table.addDestination(WEB, server(ip(address), forwarding)), { errno: 'EINVAL' })
  refused('fe80::1', { method: 'route' })
  refused('ff02::1', { method: 'route' })
  refused('::', { method: 'route' })
  refused('10.0.0.11', { method: 'route' })
  refused('10.0.0.11', { method: 'masquerade' })
  assert.throws(() => table.editService({ ...service(WEB), persistence: { timeoutS: 60, prefix: 0 } }), {
    errno: 'EINVAL',
  })
})

function web(changes: Partial<VirtualService> = {}): InterpretedTable {
  const table = new InterpretedTable()
  table.addService({ ...service(WEB), ...changes })
  table.addDestination(WEB, server(ONE, { method: 'route' }))
  table.addDestination(WEB, server(TWO, { method: 'route' }))
  return table
}

function translating(protocol: Protocol, hook: typeof TC = TC, connections = 4096): InterpretedTable {
  const key: ServiceKey = { kind: 'address', protocol, ...VIP }
  const table = new InterpretedTable({ connections }, hook)
  table.addService(service(key))
  table.addDestination(key, { ...server(ONE, { method: 'masquerade' }), port: 8080 })
  return table
}

function service(key: ServiceKey): VirtualService {
  return {
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  }
}

function server(address: Ip, forwarding: Forwarding): Parameters<InterpretedTable['addDestination']>[1] {
  return { address, port: 80, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}
