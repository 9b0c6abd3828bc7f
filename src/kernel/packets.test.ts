/** Raw and packet sockets at the two ends of a cable: what one sends is what the other hears. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip, parseMac } from '../bytes/address.ts'
import { checksum } from '../bytes/checksum.ts'
import { hex, toHex } from '../bytes/hex.ts'
import { IFA_F_NODAD } from '../netlink/address.ts'
import { addAddress } from './address.ts'
import { createVeth, getLink, linkIndex, setLink } from './link.ts'
import { inNamespace, type Namespace } from './namespace.ts'
import { ETH_P_ALL, ETH_P_ARP, PacketSocket, type PacketSocketOptions } from './packet-socket.ts'
import { RawSocket, type RawSocketOptions } from './raw-socket.ts'
import { RouteSocket } from './route-socket.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'

const skip = needsRoot
const VRRP = 112
const GROUP = ip('224.0.0.18')
const GROUP6 = ip('ff02::12')
const A = { ip: ip('10.0.0.1'), ip6: ip('fe80::1'), mac: parseMac('02:00:00:00:00:01')! }
const B = { ip: ip('10.0.0.2'), ip6: ip('fe80::2'), mac: parseMac('02:00:00:00:00:02')! }

class Host {
  readonly namespace: Namespace
  readonly route: RouteSocket
  readonly ifindex: number
  readonly #t: TestContext

  constructor(t: TestContext, namespace: Namespace, addresses: readonly (readonly [Ip, number])[]) {
    this.#t = t
    this.namespace = namespace
    this.route = new RouteSocket(namespace)
    t.after(() => this.route.close())
    this.ifindex = linkIndex(this.route, 'eth0')
    for (const [address, prefix] of addresses) addAddress(this.route, 'eth0', { address, prefix, flags: IFA_F_NODAD })
  }

  raw(options: Partial<RawSocketOptions> = {}): RawSocket {
    const defaults = { family: 4, protocol: VRRP, ifindex: this.ifindex } as const
    return this.#own(inNamespace(this.namespace, () => new RawSocket({ ...defaults, ...options })))
  }

  packets(options: Partial<PacketSocketOptions>): PacketSocket {
    return this.#own(inNamespace(this.namespace, () => new PacketSocket({ ifindex: this.ifindex, ...options })))
  }

  #own<S extends { close(): void }>(socket: S): S {
    this.#t.after(() => socket.close())
    return socket
  }
}

function cable(t: TestContext): readonly [Host, Host] {
  const [a, b] = [scratchNamespace(t, 'a'), scratchNamespace(t, 'b')]
  using route = new RouteSocket(a)
  createVeth(route, { name: 'eth0', mac: A.mac, up: true }, { name: 'eth0', mac: B.mac, up: true, namespace: b })
  return [
    new Host(t, a, [
      [A.ip, 24],
      [A.ip6, 64],
    ]),
    new Host(t, b, [
      [B.ip, 24],
      [B.ip6, 64],
    ]),
  ]
}

/** The first that comes and pleases; the wait is bounded by the test's own timeout. */
async function hear<P>(socket: { receive(): P | undefined }, pleases: (packet: P) => boolean = () => true): Promise<P> {
  for (;;) {
    const packet = socket.receive()
    if (packet !== undefined && pleases(packet)) return packet
    if (packet === undefined) await sleep(1)
  }
}

const payload = hex('21336401 01010000')
const options = { skip, timeout: 10_000 }

test('an IPv4 packet to a group arrives with TTL 255, internetwork control, both addresses', options, async t => {
  const [a, b] = cable(t)
  const listener = b.raw()
  listener.join(GROUP, b.ifindex)
  a.raw().send(payload, GROUP)
  const { bytes, ...packet } = await hear(listener)
  assert.deepEqual(packet, { source: A.ip, destination: GROUP, ttl: 255, ifindex: b.ifindex })
  assert.deepEqual(bytes.subarray(20), payload)
  assert.equal(bytes[1], 0xc0)
})

test('a header that is included is sent as written, its checksum filled in', options, async t => {
  const [a, b] = cable(t)
  const listener = b.raw()
  listener.join(GROUP, b.ifindex)
  // From an address that the sender does not even have.
  const header = hex('45c0001c 00010000 ff700000 c0a8c802 e0000012')
  a.raw({ headerIncluded: true }).send(Uint8Array.from([...header, ...payload]), GROUP)
  const { bytes, source } = await hear(listener)
  assert.equal(source, '192.168.200.2')
  assert.equal(toHex(bytes.subarray(0, 10)), '45c0001c 00010000 ff70')
  assert.equal(checksum(bytes.subarray(0, 20)), 0)
})

test('a socket hears only the groups that it joined, and no longer once it left', options, async t => {
  const [a, b] = cable(t)
  const [member, other] = [b.raw(), b.raw()]
  member.join(GROUP, b.ifindex)
  const sender = a.raw()
  sender.send(payload, GROUP)
  await hear(member)
  assert.equal(other.receive(), undefined)
  member.leave(GROUP, b.ifindex)
  sender.send(payload, GROUP)
  sender.send(hex('ff'), B.ip)
  assert.equal((await hear(member)).destination, B.ip)
})

test('what a socket sends to its own group does not come back', options, async t => {
  const [a, b] = cable(t)
  const [sender, witness] = [a.raw(), b.raw()]
  sender.join(GROUP, a.ifindex)
  witness.join(GROUP, b.ifindex)
  sender.send(payload, GROUP)
  await hear(witness)
  assert.equal(sender.receive(), undefined)
})

test('an IPv6 packet arrives without header, with hop limit 255 and the source that was chosen', options, async t => {
  const [a, b] = cable(t)
  addAddress(a.route, 'eth0', { address: ip('fe80::1:1'), prefix: 64, flags: IFA_F_NODAD })
  const listener = b.raw({ family: 6 })
  listener.join(GROUP6, b.ifindex)
  a.raw({ family: 6 }).send(payload, GROUP6, ip('fe80::1:1'))
  assert.deepEqual(await hear(listener), {
    bytes: payload,
    source: 'fe80::1:1',
    destination: GROUP6,
    ttl: 255,
    ifindex: b.ifindex,
  })
})

test('a unicast packet with a lower TTL arrives with it', options, async t => {
  const [a, b] = cable(t)
  const listener = b.raw()
  a.raw({ ttl: 254 }).send(payload, B.ip)
  assert.equal((await hear(listener)).ttl, 254)
})

test('a socket gets over a link that was down', options, async t => {
  const [a, b] = cable(t)
  const [listener, sender, frames] = [b.raw(), a.raw(), b.packets({ etherType: ETH_P_ALL })]
  listener.join(GROUP, b.ifindex)
  setLink(a.route, 'eth0', { up: false })
  setLink(b.route, 'eth0', { up: false })
  assert.throws(() => sender.send(payload, GROUP), { code: 'ENETUNREACH', operation: 'send to 224.0.0.18' })
  assert.equal(listener.receive(), undefined)
  setLink(a.route, 'eth0', { up: true })
  setLink(b.route, 'eth0', { up: true })
  sender.send(payload, GROUP)
  assert.deepEqual((await hear(listener)).bytes.subarray(20), payload)
  await hear(frames, ({ bytes }) => toHex(bytes.subarray(0, 6)) === '01005e00 0012')
})

// A gratuitous ARP as keepalived sends it.
const garp = hex(`ffffffffffff 020000000001 0806
  0001 0800 06 04 0001 020000000001 0a000009 ffffffffffff 0a000009`)

test('a frame arrives as it was sent, and is seen going out', options, async t => {
  const [a, b] = cable(t)
  const heard = b.packets({ etherType: ETH_P_ARP })
  const seen = a.packets({ etherType: ETH_P_ALL })
  a.packets({}).send(garp)
  assert.deepEqual(await hear(heard), { bytes: garp, ifindex: b.ifindex, destined: 'broadcast' })
  const outgoing = await hear(seen, ({ bytes }) => bytes[12] === 8 && bytes[13] === 6)
  assert.deepEqual([outgoing.destined, outgoing.bytes], ['outgoing', garp])
})

test('both ends of a cable count what went through it', options, async t => {
  const [a, b] = cable(t)
  const [sender, heard] = [a.packets({}), b.packets({ etherType: ETH_P_ARP })]
  const before = [getLink(a.route, 'eth0').statistics, getLink(b.route, 'eth0').statistics] as const
  for (let i = 0; i < 3; i++) sender.send(garp)
  for (let i = 0; i < 3; i++) await hear(heard)
  const after = [getLink(a.route, 'eth0').statistics, getLink(b.route, 'eth0').statistics] as const
  assert.ok(after[0].txPackets >= before[0].txPackets + 3n)
  assert.ok(after[0].txBytes >= before[0].txBytes + 3n * BigInt(garp.length))
  assert.ok(after[1].rxPackets >= before[1].rxPackets + 3n)
})

test('a VLAN tag is where it was sent', options, async t => {
  const [a, b] = cable(t)
  const tagged = Uint8Array.from([...garp.subarray(0, 12), ...hex('8100 2064'), ...garp.subarray(12)])
  const heard = b.packets({ etherType: ETH_P_ALL })
  a.packets({}).send(tagged)
  assert.deepEqual((await hear(heard, ({ bytes }) => bytes[0] === 0xff)).bytes, tagged)
})

test('a socket without an EtherType hears nothing', options, async t => {
  const [a, b] = cable(t)
  const [deaf, heard] = [b.packets({}), b.packets({ etherType: ETH_P_ARP })]
  a.packets({}).send(garp)
  await hear(heard)
  assert.equal(deaf.receive(), undefined)
})

test('a socket on no interface is refused and leaves no descriptor open', options, t => {
  const [a] = cable(t)
  const before = readdirSync('/proc/self/fd').length
  assert.throws(() => a.packets({ ifindex: 9999, etherType: ETH_P_ARP }), {
    message: 'cannot open a packet socket on interface 9999: No such device (ENODEV)',
  })
  assert.throws(() => a.raw({ ifindex: 9999 }), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => a.raw({ family: 6, ifindex: 9999 }), { code: 'ENODEV' })
  assert.equal(readdirSync('/proc/self/fd').length, before)
})
