/** A real server holds the virtual address and keeps quiet about it: on real frames, between two namespaces. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip, MAC_BROADCAST, parseMac } from '../../src/bytes/address.ts'
import { addAddress, addresses } from '../../src/kernel/address.ts'
import { createVeth, linkIndex, setLink } from '../../src/kernel/link.ts'
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  type Namespace,
  namespaceCookie,
} from '../../src/kernel/namespace.ts'
import { ETH_P_ARP, PacketSocket } from '../../src/kernel/packet-socket.ts'
import { routes } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { readSysctl, writeSysctl } from '../../src/kernel/sysctl.ts'
import { SUPPRESSIONS } from '../../src/realserver/suppression.ts'
import { ARP_REPLY, ARP_REQUEST, type Arp, decodeArp, encodeArp } from '../../src/wire/arp.ts'
import { decodeEthernet, ETHERTYPE_ARP, encodeEthernet } from '../../src/wire/ethernet.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

const VIP = ip('192.168.41.249')
const VIP6 = ip('2001:db8::249')
const RIP = ip('192.168.41.31')
const CLIENT = ip('192.168.40.11')
const CLIENT_MAC = parseMac('02:00:00:00:00:0c')!
const NO_MAC = parseMac('00:00:00:00:00:00')!

/** A real server and a client, a cable between them. */
class Segment {
  readonly server: Namespace
  readonly client: Namespace
  readonly #cookie: bigint

  constructor(name: string) {
    this.server = createNamespace(`sluice-test-${process.pid}-${name}-rs`)
    this.client = createNamespace(`sluice-test-${process.pid}-${name}-client`)
    this.#cookie = inNamespace(this.server, namespaceCookie)
    using server = new RouteSocket(this.server)
    using client = new RouteSocket(this.client)
    setLink(server, 'lo', { up: true })
    const peer = { name: 'eth0', mac: CLIENT_MAC, namespace: this.client }
    createVeth(server, { name: 'eth0' }, peer)
    for (const [route, address] of [
      [server, RIP],
      [client, CLIENT],
    ] as const) {
      addAddress(route, 'eth0', { address, prefix: 23 })
      setLink(route, 'eth0', { up: true })
    }
  }

  sluice(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const run = () => spawnSync('bin/sluice', ['realserver', ...words], { encoding: 'utf8' })
    const { status, stdout, stderr } = inNamespace(this.server, run)
    return { status, stdout, stderr }
  }

  /** Everything that `stop` is to put back. */
  state(): {
    readonly addresses: readonly string[]
    readonly routes: readonly string[]
    readonly sysctls: readonly string[]
    readonly memory: boolean
  } {
    using route = new RouteSocket(this.server)
    const loopback = linkIndex(route, 'lo')
    return {
      addresses: addresses(route, { link: 'lo' }).map(({ address, prefix }) => `${address}/${prefix}`),
      routes: routes(route)
        .filter(({ ifindex }) => ifindex === loopback)
        .map(({ destination, prefix, table }) => `${destination}/${prefix} ${table}`),
      sysctls: inNamespace(this.server, () => SUPPRESSIONS.map(({ name }) => readSysctl(name))),
      memory: existsSync(`/run/sluice/${this.#cookie}/realserver.json`),
    }
  }

  /** What the client hears by ARP of what `act` brings about. */
  async hears(act: (socket: PacketSocket) => void): Promise<Arp[]> {
    using route = new RouteSocket(this.client)
    const ifindex = linkIndex(route, 'eth0')
    using socket = inNamespace(this.client, () => new PacketSocket({ ifindex, etherType: ETH_P_ARP }))
    await untilAnswered(socket, () => socket.send(whoHas(RIP)))
    act(socket)
    // Answers come in the order of questions: when this one is there, so is all that comes before.
    return await untilAnswered(socket, () => socket.send(whoHas(RIP)))
  }

  async answersFor(address: Ip): Promise<boolean> {
    const heard = await this.hears(socket => socket.send(whoHas(address)))
    return heard.some(arp => isAnswerFor(address, arp))
  }

  [Symbol.dispose](): void {
    for (const namespace of [this.server, this.client]) {
      deleteNamespace(namespace.name)
      namespace.close()
    }
    rmSync(`/run/sluice/${this.#cookie}`, { recursive: true, force: true })
  }
}

function isAnswerFor(address: Ip, { operation, senderIp }: Arp): boolean {
  return operation === ARP_REPLY && senderIp === address
}

const PATIENCE_MS = 20_000

/** Asks until there is an answer for the real server's own address, and tells all that was heard meanwhile. */
async function untilAnswered(socket: PacketSocket, ask: () => void): Promise<Arp[]> {
  const heard: Arp[] = []
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 10) {
    if (waitedMs % 500 === 0) ask()
    for (let frame = socket.receive(); frame !== undefined; frame = socket.receive()) {
      const ethernet = decodeEthernet(frame.bytes)
      const arp = ethernet.ok ? decodeArp(ethernet.value.payload) : undefined
      if (arp?.ok) heard.push(arp.value)
    }
    if (heard.some(arp => isAnswerFor(RIP, arp))) return heard
    await sleep(10)
  }
  throw new Error(`nobody answered for ${RIP}`)
}

function whoHas(address: Ip): Uint8Array {
  const arp = { operation: ARP_REQUEST, senderMac: CLIENT_MAC, senderIp: CLIENT, targetMac: NO_MAC, targetIp: address }
  const payload = encodeArp(arp)
  return encodeEthernet({ destination: MAC_BROADCAST, source: CLIENT_MAC, tags: [], etherType: ETHERTYPE_ARP, payload })
}

const STRANGER = ip('192.168.40.99')
/** Sends from the virtual address to a client that is not known yet, as a web server's answer does. */
const ANSWER_A_STRANGER = `
  const socket = require('node:dgram').createSocket('udp4')
  socket.bind(0, '${VIP}', () => socket.send('x', 9, '${STRANGER}', () => socket.close()))`

test('an address that is merely on lo is answered for; one that is served is not', { skip }, async () => {
  using segment = new Segment('answer')
  using route = new RouteSocket(segment.server)
  addAddress(route, 'lo', { address: VIP, prefix: 32 })
  assert.equal(await segment.answersFor(VIP), true)
  assert.deepEqual(segment.sluice('start', VIP), { status: 0, stdout: '', stderr: '' })
  assert.equal(await segment.answersFor(VIP), false)
  assert.equal(await segment.answersFor(RIP), true)
})

test('a server that answers from the virtual address asks for its neighbours in its own name', { skip }, async () => {
  using segment = new Segment('announce')
  segment.sluice('start', VIP)
  const asked = await segment.hears(() =>
    inNamespace(segment.server, () => spawnSync(process.execPath, ['-e', ANSWER_A_STRANGER])),
  )
  const requests = asked.filter(({ operation, targetIp }) => operation === ARP_REQUEST && targetIp === STRANGER)
  assert.deepEqual([...new Set(requests.map(({ senderIp }) => senderIp))], [RIP])
})

test('stop puts back what was there, also after a second start and two stops', { skip }, async () => {
  using segment = new Segment('stop')
  const before = segment.state()
  segment.sluice('start', VIP, VIP6)
  // The kernel makes the local route of an IPv6 address in its own time, after the address is there.
  while (!segment.state().routes.includes(`${VIP6}/128 255`)) await sleep(10)
  const running = segment.state()
  assert.notDeepEqual(running, before)
  assert.equal(segment.sluice('status').status, 0)
  assert.equal(segment.sluice('start', VIP).status, 0)
  assert.deepEqual(segment.state(), running)
  assert.deepEqual(segment.sluice('stop'), { status: 0, stdout: '', stderr: '' })
  assert.deepEqual(segment.state(), before)
  segment.sluice('stop')
  assert.deepEqual(segment.state(), before)
})

test('status names what is wrong and fails; bad arguments are usage errors', { skip }, () => {
  using segment = new Segment('status')
  segment.sluice('start', VIP)
  inNamespace(segment.server, () => writeSysctl('net.ipv4.conf.all.arp_ignore', 0))
  const { status, stdout } = segment.sluice('status')
  assert.equal(status, 1)
  assert.match(
    stdout,
    /^✗ net\.ipv4\.conf\.all\.arp_ignore is 0, not 1: .*; sluice realserver start 192\.168\.41\.249$/m,
  )
  assert.deepEqual(segment.sluice('start', '192.168.41.249/24'), {
    status: 2,
    stdout: '',
    stderr: 'sluice: "192.168.41.249/24" is not an address: write 192.168.41.249, it is held as a host\n',
  })
  assert.equal(segment.sluice('start').status, 2)
})
