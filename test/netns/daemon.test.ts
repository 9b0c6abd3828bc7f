/** `sluice run` on two machines with a cable between them: who has the virtual address, whatever happens. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeAnnouncement } from '../../src/arp/announce.ts'
import { ip, MAC_BROADCAST, parseMac } from '../../src/bytes/address.ts'
import { isKernelError } from '../../src/kernel/errors.ts'
import { linkIndex } from '../../src/kernel/link.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { PacketSocket } from '../../src/kernel/packet-socket.ts'
import { RawSocket } from '../../src/kernel/raw-socket.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { INSTANCE } from '../../src/vrrp/testdata/instance.ts'
import { ARP_REPLY, encodeArp } from '../../src/wire/arp.ts'
import { ETHERTYPE_ARP, encodeEthernet } from '../../src/wire/ethernet.ts'
import { drawHellish } from '../sim/hell.ts'
import { Random } from '../sim/random.ts'
import { instance, Routers, until, VIP } from './routers.ts'

/** What the kernel refuses to send is nobody's test. */
function sendAnyway(socket: RawSocket, datagram: Uint8Array): void {
  try {
    socket.send(datagram, ip('224.0.0.18'))
  } catch (error) {
    if (!isKernelError(error)) throw error
  }
}

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

// Most of their time they wait for an election: several at once.
describe('sluice run', { concurrency: 4, skip }, () => {
  test('the better router is active; when it is stopped the other takes over, and when it returns it preempts', async () => {
    await using routers = new Routers('stop')
    const { a, b } = routers
    a.configure(instance(100, { state: 'MASTER' }))
    b.configure(instance(50))
    await routers.settle()

    assert.equal(await a.end(), 0)
    await routers.onlyOn(b)
    assert.match(b.log, /Backup received priority 0 advertisement/)
    assert.equal(existsSync(a.runDirectory), false)

    a.runSluice()
    await routers.onlyOn(a)
    await b.says(/Master received advert from 192\.168\.41\.181 with higher priority 100, ours 50/)
    const [vrrp] = a.status().vrrp
    assert.equal(vrrp?.state, 'MASTER')
    assert.deepEqual(
      vrrp?.addresses.map(({ address, present }) => [address, present]),
      [[VIP, true]],
    )
  })

  test('an active router that is killed and returns at once goes on, and nobody notices', async () => {
    await using routers = new Routers('killed')
    const { a, b } = routers
    // Missed by nobody for 6 s: time enough to start again, even here.
    a.configure(instance(100).replace('advert_int 1', 'advert_int 2'))
    b.configure(instance(50).replace('advert_int 1', 'advert_int 2'))
    await routers.settle()
    await a.end('SIGKILL')
    a.runSluice()
    await a.says(/was active \d+ ms ago, sooner than another router can have taken over: goes on/)
    await a.says(/Entering MASTER STATE/)
    assert.doesNotMatch(a.log, /removing VIPs/)
    await sleep(1500)
    await routers.onlyOn(a)
    assert.doesNotMatch(b.log, /Entering MASTER STATE/)
  })

  test('an active router that is killed and returns late gives the address up before it asks for it', async () => {
    await using routers = new Routers('late')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(50))
    await routers.settle()
    await a.end('SIGKILL')
    await b.says(/Entering MASTER STATE/)
    assert.ok(a.has(), 'what a killed daemon leaves stays until it returns')
    a.runSluice()
    await a.says(/Entering BACKUP STATE \(init\)/)
    await routers.onlyOn(b)
    await routers.onlyOn(a)
  })

  test('a child that is killed is started again, and goes on', async () => {
    await using routers = new Routers('child')
    const { a } = routers
    a.configure(instance(100))
    a.runSluice()
    await routers.onlyOn(a)
    const elections = () => a.status().processes.find(({ role }) => role === 'elections')
    const before = elections()?.pid
    process.kill(before!, 'SIGKILL')
    await a.says(/VRRP child process\(\d+\) exited due to signal SIGKILL: Respawning/)
    await a.says(/: goes on/)
    assert.equal(elections()?.restarts, 1)
    assert.notEqual(elections()?.pid, before)
  })

  test('children die with their supervisor', async () => {
    await using routers = new Routers('orphan')
    const { a } = routers
    a.configure(instance(100))
    a.runSluice()
    await a.says(/Startup complete/)
    const children = a.status().processes.map(({ pid }) => pid!)
    await a.end('SIGKILL')
    await until(
      () => children.every(pid => !existsSync(`/proc/${pid}`)),
      'the children are gone',
      () => String(children),
    )
  })

  test('elections go on while the supervisor is stopped', async () => {
    await using routers = new Routers('stopped')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(50))
    await routers.settle()
    a.signal('SIGSTOP')
    await sleep(5000)
    a.signal('SIGCONT')
    assert.doesNotMatch(b.log, /Entering MASTER STATE/)
    await routers.onlyOn(a)
  })

  test('a virtual address that somebody deletes is put back', async () => {
    await using routers = new Routers('deleted')
    const { a } = routers
    a.configure(instance(100))
    a.runSluice()
    await routers.onlyOn(a)
    a.takeAway()
    await routers.onlyOn(a)
  })

  test('a cable that is pulled is a fault; plugged in again, the better router preempts', async () => {
    await using routers = new Routers('cable')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(50))
    await routers.settle()
    a.cable(false)
    await a.says(/Entering FAULT STATE/)
    assert.ok(!a.has())
    a.cable(true)
    await a.says(/Entering FAULT STATE[\s\S]*Entering BACKUP STATE[\s\S]*Entering MASTER STATE/)
    await routers.onlyOn(a)
  })

  test('a stranger that claims the virtual address is said loudly, with its hardware address', async () => {
    await using routers = new Routers('stranger')
    const { a, b } = routers
    a.configure(instance(100))
    a.runSluice()
    await routers.onlyOn(a)
    await sleep(1200)
    const stranger = parseMac('02:00:00:00:00:66')!
    const claim = { senderMac: stranger, senderIp: VIP, targetMac: MAC_BROADCAST, targetIp: VIP }
    const payload = encodeArp({ operation: ARP_REPLY, ...claim })
    const addressed = { destination: MAC_BROADCAST, source: stranger, tags: [], etherType: ETHERTYPE_ARP }
    using route = new RouteSocket(b.namespace)
    using socket = inNamespace(b.namespace, () => new PacketSocket({ ifindex: linkIndex(route, 'eth0') }))
    for (let i = 0; i < 3; i++) socket.send(encodeEthernet({ ...addressed, payload }))
    await a.says(/WARNING - 192\.168\.41\.249 is ours, but 02:00:00:00:00:66 on eth0 claims it too/)
    assert.deepEqual(a.status().alarms, ['02:00:00:00:00:66 on eth0 claims 192.168.41.249, which is ours'])
    assert.equal(a.log.match(/claims it too/g)?.length, 1)
  })

  test('an interface that is too narrow for IPv6 serves IPv4', async () => {
    await using routers = new Routers('narrow')
    const { a } = routers
    inNamespace(a.namespace, () => spawnSync('ip', ['link', 'set', 'eth0', 'mtu', '1000']))
    a.configure(instance(100))
    a.runSluice()
    await routers.onlyOn(a)
  })

  test('a stranger that claims an IPv6 address is said as loudly', async () => {
    await using routers = new Routers('stranger6')
    const { a, b } = routers
    const address = ip('2001:db8::249')
    for (const { namespace } of [a, b])
      inNamespace(namespace, () => {
        spawnSync('sysctl', ['-qw', 'net.ipv6.conf.eth0.accept_dad=0'])
        spawnSync('ip', ['link', 'set', 'eth0', 'down'])
        spawnSync('ip', ['link', 'set', 'eth0', 'up'])
      })
    a.configure(
      `vrrp_instance VI_6 {\n interface eth0\n virtual_router_id 6\n advert_int 0.2\n virtual_ipaddress {\n ${address}\n }\n}\n`,
    )
    a.runSluice()
    await until(
      () => a.has(address),
      'it is active',
      () => a.log,
    )
    await sleep(1200)
    using route = new RouteSocket(b.namespace)
    using socket = inNamespace(b.namespace, () => new PacketSocket({ ifindex: linkIndex(route, 'eth0') }))
    socket.send(encodeAnnouncement(address, parseMac('02:00:00:00:00:66')!, false))
    await a.says(/WARNING - 2001:db8::249 is ours, but 02:00:00:00:00:66 on eth0 claims it too/)
  })

  test('twenty thousand packets from hell change nothing, delay nothing and cost a few lines', async () => {
    await using routers = new Routers('hell')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(50))
    await routers.settle()
    const { namespace } = b
    using route = new RouteSocket(namespace)
    const ifindex = linkIndex(route, 'eth0')
    using socket = inNamespace(
      namespace,
      () => new RawSocket({ family: 4, protocol: 255, ifindex, headerIncluded: true }),
    )
    const router = { ...INSTANCE, authentication: { type: 'pass', password: '1111' } } as const
    const random = new Random(51)
    const before = a.log.length
    for (let i = 0; i < 20_000; i++) {
      const datagram = drawHellish(random, router, Date.now())
      // The kernel does not send what has no header.
      if (datagram.length >= 20) sendAnyway(socket, datagram)
      if (i % 500 === 0) await sleep(5)
    }
    await sleep(2000)
    await routers.onlyOn(a)
    const [vrrp] = a.status().vrrp
    assert.equal(vrrp?.state, 'MASTER')
    assert.ok((vrrp?.counts.received ?? 0) > 1000, JSON.stringify(vrrp?.counts))
    const lines = a.log.slice(before).split('\n').length
    assert.ok(lines < 60, `${lines} lines\n${a.log.slice(before)}`)
    assert.doesNotMatch(b.log, /Entering MASTER STATE/)
  })

  test('packets that no router of ours would send change nothing, are counted, and logged once', async () => {
    await using routers = new Routers('strange')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(200, { password: 'other' }))
    a.runSluice()
    await routers.onlyOn(a)
    using route = new RouteSocket(b.namespace)
    const ifindex = linkIndex(route, 'eth0')
    using socket = inNamespace(b.namespace, () => new RawSocket({ family: 4, protocol: 112, ifindex }))
    for (let length = 0; length < 40; length++) socket.send(new Uint8Array(length).fill(51), ip('224.0.0.18'))
    b.runSluice()
    await b.says(/Entering MASTER STATE/)
    await sleep(2500)
    const [vrrp] = a.status().vrrp
    assert.equal(vrrp?.state, 'MASTER')
    assert.ok((vrrp?.counts.password ?? 0) >= 2, JSON.stringify(vrrp?.counts))
    assert.ok((vrrp?.counts.length ?? 0) > 0, JSON.stringify(vrrp?.counts))
    assert.equal(a.log.match(/invalid passwd/g)?.length, 1, a.log)
  })

  test('a second daemon in one network namespace is refused, with the way out', async () => {
    await using routers = new Routers('second')
    const { a, b } = routers
    a.configure(instance(100))
    b.configure(instance(50))
    a.runSluice()
    await a.says(/Startup complete/)
    const { status, stderr } = a.sluice('run', '-f', a.file)
    assert.equal(status, 1)
    assert.match(stderr, /a sluice daemon runs in this network namespace already \(pid \d+\): stop it first, or /)
    b.runSluice()
    await b.says(/Startup complete/)
  })

  test('a reload of a file with errors changes nothing and says so; a good one takes effect without an election', async () => {
    await using routers = new Routers('reload')
    const { a } = routers
    a.configure(instance(100))
    a.runSluice()
    await routers.onlyOn(a)
    a.configure(instance(100).replace('virtual_router_id', 'virtual_roter_id'))
    a.signal('SIGHUP')
    await a.says(/reload refused, everything stays as it is/)
    assert.match(a.log, /did you mean "virtual_router_id"/)
    assert.match(a.status().alarms[0]!, /the last reload was refused/)
    a.configure(instance(120))
    a.signal('SIGHUP')
    await a.says(/Reload complete/)
    await until(
      () => a.status().vrrp[0]?.priority === 120,
      'the new priority holds',
      () => a.log,
    )
    assert.deepEqual(a.status().alarms, [])
    assert.equal(a.log.match(/Entering MASTER STATE/g)?.length, 1)
    assert.ok(a.has())
  })

  test('a file with errors starts nothing', async () => {
    await using routers = new Routers('errors')
    const { a } = routers
    a.configure(instance(100).replace('priority', 'priorty'))
    const { status, stderr } = a.sluice('run', '-f', a.file)
    assert.equal(status, 1)
    assert.match(stderr, /error\[unknown-keyword\]/)
    assert.equal(existsSync(a.runDirectory), false)
  })

  test('a daemon without privileges says which one is missing and what for', async () => {
    await using routers = new Routers('nobody')
    const { a } = routers
    a.configure(instance(100))
    const words = ['--bounding-set', '-net_raw', 'bin/sluice', 'run', '-f', a.file]
    const { status, stderr } = inNamespace(a.namespace, () => spawnSync('setpriv', words, { encoding: 'utf8' }))
    assert.equal(status, 1)
    assert.equal(
      stderr,
      'sluice: CAP_NET_RAW is missing, which it takes to send VRRP advertisements: give this container that capability\n',
    )
  })
})
