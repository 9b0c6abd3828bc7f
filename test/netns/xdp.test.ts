/**
 * XDP on real packets: every forwarding method in the driver of a veth and in the stack. What XDP sends on never comes to
 * a packet socket, so the frames that do are what was left to tc.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { Failure } from '../../src/diagnostics/failure.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { attachDecapsulation } from '../../src/kernel/decapsulation.ts'
import { linkIndex } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { ETH_P_ALL, PacketSocket } from '../../src/kernel/packet-socket.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { XdpMode } from '../../src/kernel/xdp-hook.ts'
import type { Forwarding, ServiceKey } from '../../src/model/service.ts'
import { ask, Segment, webServer, wireLike, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const NEAR = ip('10.9.0.11')
const INSIDE = ip('10.8.0.11')
const options = { skip: needsRoot, timeout: 60_000 }

const METHODS: readonly (readonly [string, Ip, Forwarding])[] = [
  ['direct routing', NEAR, { method: 'route' }],
  ['translation', INSIDE, { method: 'masquerade' }],
  ['a tunnel', NEAR, { method: 'tunnel', tunnel: { type: 'ipip' } }],
]

for (const mode of ['native', 'generic'] as const satisfies readonly XdpMode[]) {
  for (const [what, address, forwarding] of METHODS) {
    test(`${what} at ${mode} XDP: nearly everything goes on without coming to the stack`, options, async t => {
      const name = address === NEAR ? 'near' : 'inside'
      const network = await build(t)
      for (const host of [network.client, network.near, network.inside]) wireLike(host, 'eth0')
      balance(t, network.director, mode, address, forwarding)
      assert.deepEqual(await ask(t, network.client, `http://${VIP}`, 2), [
        `${name} ${name.length}`,
        `${name} ${name.length}`,
      ])
      const left = watch(t, network.director, forwarding.method === 'masquerade' ? ['eth0', 'eth1'] : ['eth0'])
      assert.deepEqual(await ask(t, network.client, `http://${VIP}`, 2, 1_000_000), [
        `${name} 1000000`,
        `${name} 1000000`,
      ])
      withTable(t, network.director, table => {
        const { counters } = table.service(SERVICE)!
        assert.equal(counters.connections, 4n)
        const packets = Number(counters.inPackets + counters.outPackets)
        assert.ok(counters.inPackets > 1_000n, `${counters.inPackets} packets came in`)
        const seen = left()
        assert.ok(seen < packets / 4, `of ${packets} packets, ${seen} were left to tc`)
        // A tunnel makes packets longer: the client is told once, by way of tc.
        const refused = Object.entries(table.refusals()).filter(([reason, count]) => reason !== 'too-big' && count > 0n)
        assert.deepEqual(refused, [])
      })
    })
  }
}

test('checksums that a local stack has only begun go by way of tc, and arrive whole', options, async t => {
  const network = await build(t)
  for (const [, address, forwarding] of METHODS) {
    const name = address === NEAR ? 'near' : 'inside'
    balance(t, network.director, 'native', address, forwarding)
    assert.deepEqual(await ask(t, network.client, `http://${VIP}`, 2, 300_000), [`${name} 300000`, `${name} 300000`])
  }
})

test('an edit changes the program at XDP, too, and back at tc nothing is left of it', options, async t => {
  const network = await build(t)
  wireLike(network.client, 'eth0')
  balance(t, network.director, 'native', NEAR, { method: 'route' })
  const hooks = () => withTable(t, network.director, table => table.hooks().map(({ name, hook }) => `${name} ${hook}`))
  assert.deepEqual(hooks().sort(), ['eth0 native', 'eth1 native', 'lo tc'])
  withTable(t, network.director, table => {
    for (const name of ['eth0', 'eth1']) table.setHook(name, 'tc')
    assert.throws(() => table.setHook('lo', 'native'), Failure)
    assert.throws(() => table.setHook('eth7', 'native'), { message: 'there is no interface eth7' })
  })
  assert.deepEqual(hooks().sort(), ['eth0 tc', 'eth1 tc', 'lo tc'])
  assert.deepEqual(await ask(t, network.client, `http://${VIP}`, 1), ['near 4'])
})

interface Network {
  readonly client: Namespace
  readonly director: Namespace
  /** On the client's segment. */
  readonly near: Namespace
  /** On another segment, behind the director. */
  readonly inside: Namespace
}

async function build(t: TestContext): Promise<Network> {
  const [outside, behind] = [new Segment(t), new Segment(t)]
  const client = outside.host('client')
  outside.plug(client, 'eth0', ip('10.9.0.1'))
  const director = outside.host('director')
  outside.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  behind.plug(director, 'eth1', ip('10.8.0.1'))
  const near = outside.host('near')
  outside.plug(near, 'eth0', NEAR)
  inNamespace(near, () => {
    using route = new RouteSocket()
    for (const part of ['all', 'lo']) {
      writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
      writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
    }
    for (const part of ['all', 'eth0']) writeSysctl(`net.ipv4.conf.${part}.rp_filter`, 0)
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
    t.after(attachDecapsulation(['eth0'], []))
  })
  const inside = behind.host('inside')
  behind.plug(inside, 'eth0', INSIDE)
  using route = new RouteSocket(inside)
  addRoute(route, { gateway: ip('10.8.0.1') })
  for (const segment of [outside, behind]) segment.takeXdp()
  await webServer(t, near, 'near', 80)
  await webServer(t, inside, 'inside', 80)
  return { client, director, near, inside }
}

function balance(t: TestContext, director: Namespace, mode: XdpMode, address: Ip, forwarding: Forwarding): void {
  withTable(t, director, table => {
    table.flush()
    for (const name of ['eth0', 'eth1']) table.setHook(name, mode)
    table.addService({
      key: SERVICE,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    table.addDestination(SERVICE, { address, port: 80, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  })
}

/** Counts the TCP frames to this host that came to the stack: what XDP did not send on. */
function watch(t: TestContext, director: Namespace, names: readonly string[]): () => number {
  const sockets = inNamespace(director, () => {
    using route = new RouteSocket()
    return names.map(
      name => new PacketSocket({ ifindex: linkIndex(route, name), etherType: ETH_P_ALL, receiveBufferBytes: 16 << 20 }),
    )
  })
  t.after(() => {
    for (const socket of sockets) socket.close()
  })
  return () => {
    let count = 0
    for (const socket of sockets)
      for (let frame = socket.receive(); frame !== undefined; frame = socket.receive())
        if (frame.destined === 'host' && frame.bytes[23] === 6) count++
    return count
  }
}
