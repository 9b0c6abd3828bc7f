/**
 * What `sluice explain` says of a packet, and what becomes of the same packet when it is really sent: the frame that the
 * explanation is about goes out of the client's interface, and is watched for at the server's.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip } from '../../src/bytes/address.ts'
import { hex, toHex } from '../../src/bytes/hex.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { getLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { setNeighbour } from '../../src/kernel/neighbour.ts'
import { PacketSocket } from '../../src/kernel/packet-socket.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import type { Forwarding, ServiceKey } from '../../src/model/service.ts'
import { Segment, withTable } from './segment.ts'

const SLUICE = new URL('../../bin/sluice', import.meta.url).pathname
const VIP = ip('10.9.0.100')
const METHODS: readonly (readonly [string, Forwarding])[] = [
  ['direct routing', { method: 'route' }],
  ['translation', { method: 'masquerade' }],
  ['an IPIP tunnel', { method: 'tunnel', tunnel: { type: 'ipip' } }],
  ['a GUE tunnel', { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } }],
]

for (const [name, forwarding] of METHODS) {
  test(`what is explained is what happens: ${name}`, { skip: needsRoot, timeout: 60_000 }, async t => {
    const { client, director, server } = network(t)
    serve(t, director, 80, forwarding, 1)
    const send = sender(t, client)
    const seen = watch(t, server)

    const packets = [
      'tcp 10.9.0.1:4001 10.9.0.100:80 syn',
      'tcp 10.9.0.1:4002 10.9.0.100:80 syn',
      'tcp 10.9.0.1:4002 10.9.0.100:80 established --length 1400',
      'tcp 10.9.0.1:4002 10.9.0.100:80 fin --ttl 2 --no-df --id 77',
    ]
    for (const [i, words] of packets.entries()) {
      const { packet, verdict } = explainIn(director, words)
      assert.equal(verdict.action, 'sent', verdict.text)
      assert.equal(verdict.server, '10.8.0.11:80')
      assert.equal(verdict.interface, 'eth1')
      // Until the first packet the kernel does not know the server's MAC address, and says so.
      assert.equal(verdict.mac === undefined, i === 0, verdict.text)
      send(packet.frame)
      const compared = (frame: string) => comparable(forwarding.method === 'tunnel' ? withoutId(frame) : frame, i > 0)
      assert.equal(compared(await seen()), compared(verdict.frame!), words)
    }
  })
}

test('what is not forwarded is explained so', { skip: needsRoot, timeout: 60_000 }, async t => {
  const { client, director, server } = network(t)
  serve(t, director, 80, { method: 'route' }, 1)
  serve(t, director, 81, { method: 'route' }, 0)
  const send = sender(t, client)
  const seen = watch(t, server)
  const told = watch(t, client)

  for (const [words, action, text] of [
    ['tcp 10.9.0.1:4001 10.9.0.100:443 syn', 'passed', /no service takes it/],
    ['tcp 10.9.0.1:4001 10.9.0.100:80 established', 'passed', /begins none/],
    ['udp 10.9.0.1:4001 10.9.0.100:80', 'passed', /no service/],
  ] as const) {
    const { packet, verdict } = explainIn(director, words)
    assert.equal(verdict.action, action)
    assert.match(verdict.text, text)
    send(packet.frame)
    // The director's own stack refuses it.
    await told()
  }
  const refused = explainIn(director, 'tcp 10.9.0.1:4001 10.9.0.100:81 syn')
  assert.deepEqual([refused.verdict.action, refused.verdict.reason], ['answered', 'no-destination'])
  send(refused.packet.frame)
  assert.equal(withoutId(await told()), withoutId(refused.verdict.frame!))

  const last = explainIn(director, 'tcp 10.9.0.1:4005 10.9.0.100:80 syn')
  send(last.packet.frame)
  assert.equal(comparable(await seen(), false), comparable(last.verdict.frame!, false), 'nothing else came before it')
})

test('an explanation changes nothing, and says what keeps a packet away', { skip: needsRoot, timeout: 60_000 }, t => {
  const { director } = network(t)
  const without = run(director, 'tcp 10.9.0.1:4001 10.9.0.100:80')
  assert.equal(without.status, 1)
  assert.match(without.stderr, /^sluice: there is no table in this network namespace.*\n$/)

  serve(t, director, 80, { method: 'route' }, 1)
  const listing = () =>
    withTable(t, director, table => [[...table.connections()].length, table.service(key(80))?.counters.connections])
  assert.deepEqual(listing(), [0, 0n])
  explainIn(director, 'tcp 10.9.0.1:4001 10.9.0.100:80')
  assert.deepEqual(listing(), [0, 0n])

  new Segment(t).plug(director, 'late0', ip('10.7.0.1'))
  const late = explainIn(director, 'tcp 10.9.0.1:4001 10.9.0.100:80 --in late0')
  assert.equal(late.verdict.action, 'unmet')
  assert.match(late.verdict.text, /late0 has no program/)
  const gone = explainIn(director, 'tcp 10.9.0.1:4001 10.9.0.101:80')
  assert.match(gone.steps[0]!.lines[1]!, /no address of this machine/)
  assert.match(
    run(director, 'tcp 10.9.0.1:4001 10.9.0.100:80 --in eth9').stderr,
    /there is no interface "eth9": lo, eth0/,
  )
})

interface Network {
  readonly client: Namespace
  readonly director: Namespace
  readonly server: Namespace
}

function network(t: TestContext): Network {
  const outside = new Segment(t)
  const inside = new Segment(t)
  const client = outside.host('client')
  outside.plug(client, 'eth0', ip('10.9.0.1'))
  const director = outside.host('director')
  outside.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  inside.plug(director, 'eth1', ip('10.8.0.1'))
  const server = inside.host('server')
  inside.plug(server, 'eth0', ip('10.8.0.11'))
  // What goes back to the client is written to its MAC address from the first packet on.
  using there = new RouteSocket(client)
  using route = new RouteSocket(director)
  setNeighbour(route, 'eth0', ip('10.9.0.1'), getLink(there, 'eth0').mac!)
  return { client, director, server }
}

function key(port: number): ServiceKey {
  return { kind: 'address', protocol: 'TCP', address: VIP, port }
}

function serve(t: TestContext, director: Namespace, port: number, forwarding: Forwarding, weight: number): void {
  withTable(t, director, table => {
    table.addService({
      key: key(port),
      scheduler: 'wlc',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    const server = { address: ip('10.8.0.11'), port, forwarding, weight, upperThreshold: 0, lowerThreshold: 0 }
    table.addDestination(key(port), server)
  })
}

function run(director: Namespace, words: string): { readonly status: number | null; stdout: string; stderr: string } {
  return inNamespace(director, () => spawnSync(SLUICE, ['explain', ...words.split(' ')], { encoding: 'utf8' }))
}

function explainIn(director: Namespace, words: string): Explanation {
  const { status, stdout, stderr } = run(director, `${words} --json`)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

/** Sends a frame as it is, from the client's interface. */
function sender(t: TestContext, client: Namespace): (frame: string) => void {
  const socket = socketOn(t, client, undefined)
  return frame => socket.send(hex(frame))
}

/** The next IPv4 packet that comes in at a host's interface. */
function watch(t: TestContext, host: Namespace): () => Promise<string> {
  const socket = socketOn(t, host, 0x0800)
  return async () => {
    for (;;) {
      const frame = socket.receive()
      if (frame?.destined === 'host') return toHex(frame.bytes)
      await sleep(5)
    }
  }
}

function socketOn(t: TestContext, host: Namespace, etherType: number | undefined): PacketSocket {
  const socket = inNamespace(host, () => {
    using route = new RouteSocket()
    return new PacketSocket({ ifindex: getLink(route, 'eth0').ifindex, etherType })
  })
  t.after(() => socket.close())
  return socket
}

/** From the MAC addresses on, or from the IP header where they were not known. */
function comparable(frame: string, whole: boolean): string {
  return toHex(hex(frame).subarray(whole ? 0 : 14))
}

/** Identification and header checksum of the outer header are as good as any. */
function withoutId(frame: string): string {
  const bytes = hex(frame)
  bytes.fill(0, 18, 20)
  bytes.fill(0, 24, 26)
  return toHex(bytes)
}
