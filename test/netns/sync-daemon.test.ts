/** Two directors with synchronisation daemons: the backup knows the master's connections, and goes on with them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { hex } from '../../src/bytes/hex.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { GroupSender } from '../../src/kernel/group-socket.ts'
import { linkIndex } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, type PinnedTable, removeServiceTable } from '../../src/kernel/service-table.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import type { ListedConnection, SyncDaemon } from '../../src/model/virtual-service.ts'
import { VIP as ROUTERS_VIP, Routers, until } from './routers.ts'
import { ask, Segment, webServer } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVER = ip('10.9.0.11')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const MASTER: SyncDaemon = {
  role: 'master',
  interface: 'eth0',
  syncId: 7,
  maxLength: 0,
  group: ip('224.0.0.81'),
  port: 8848,
  ttl: 1,
}
const BACKUP: SyncDaemon = { ...MASTER, role: 'backup' }

for (const group of [ip('224.0.0.81'), ip('ff02::81')]) {
  test(`a backup knows its master's connections, by way of ${group}`, { skip: needsRoot, timeout: 90_000 }, async t => {
    const segment = new Segment(t)
    const client = segment.host('client')
    segment.plug(client, 'eth0', ip('10.9.0.1'))
    await realServer(t, segment)
    const one = director(t, segment, 'one', ip('10.9.0.2'), VIP)
    const two = director(t, segment, 'two', ip('10.9.0.3'))
    one.edit(table => table.startSyncDaemon({ ...MASTER, group }))
    two.edit(table => table.startSyncDaemon({ ...BACKUP, group }))
    assert.deepEqual(
      one.edit(table => table.syncDaemons()),
      [{ ...MASTER, group, maxLength: group === MASTER.group ? 1472 : 1452 }],
    )
    assert.throws(() => one.edit(table => table.startSyncDaemon({ ...MASTER, group })), { errno: 'EEXIST' })
    assert.deepEqual(await ask(t, client, `http://${VIP}`, 5), Array(5).fill('server 6'))
    const known = () => one.edit(table => texts(table.connections()))
    for (let patience = 100; ; patience--) {
      if (
        patience === 0 ||
        same(
          known(),
          two.edit(table => texts(table.connections())),
        )
      )
        break
      await sleep(100)
    }
    assert.equal(known().length, 5)
    assert.deepEqual(
      two.edit(table => texts(table.connections())),
      known(),
    )
    two.edit(table => table.stopSyncDaemon('backup', 0))
    assert.deepEqual(
      two.edit(table => table.syncDaemons()),
      [],
    )
    assert.throws(() => two.edit(table => table.stopSyncDaemon('backup', 0)), { errno: 'ESRCH' })
  })
}

test('a backup survives what anybody may send to its group', { skip: needsRoot, timeout: 60_000 }, async t => {
  const segment = new Segment(t)
  const stranger = segment.host('stranger')
  segment.plug(stranger, 'eth0', ip('10.9.0.66'))
  const { edit } = director(t, segment, 'backup', ip('10.9.0.3'))
  edit(table => table.startSyncDaemon({ ...BACKUP, syncId: 0 }))
  const sender = inNamespace(stranger, () => {
    using route = new RouteSocket()
    const ifindex = linkIndex(route, 'eth0')
    return new GroupSender({ address: MASTER.group, port: MASTER.port, ifindex }, 1, ip('10.9.0.66'))
  })
  t.after(() => sender.close())
  const good = hex(
    '0007 002c 01 01 0000 0006 0024 00000083 0001 0001 0050 0050 00000000 00000384 0a090001 0a090064 0a09000b',
  )
  let seed = 1
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from(good)
    for (let n = 0; n < 1 + (i % 6); n++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      bytes[4 + ((seed >>> 8) % (bytes.length - 4))] = seed >>> 24
    }
    sender.send(bytes.subarray(0, i % 7 === 0 ? seed % bytes.length : bytes.length))
  }
  // Nothing else was told of this one's port.
  const last = Uint8Array.from(good)
  last.set([0x12, 0x34], 18)
  const known = () => edit(table => texts(table.connections())).filter(text => text.startsWith('10.9.0.1:4660 '))
  for (let patience = 200; patience > 0 && known().length === 0; patience--) {
    sender.send(last) // what comes faster than it is read is lost
    await sleep(50)
  }
  assert.deepEqual(known(), ['10.9.0.1:4660 ESTABLISHED 10.9.0.11:80'])
  assert.equal(edit(table => table.syncDaemons()).length, 1)
})

test('a daemon that was killed is not taken for alive', { skip: needsRoot, timeout: 60_000 }, async t => {
  const segment = new Segment(t)
  const { namespace, edit } = director(t, segment, 'director', ip('10.9.0.3'))
  edit(table => table.startSyncDaemon(MASTER))
  const file = `/run/sluice/${inNamespace(namespace, namespaceCookie)}/sync-master`
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }
  process.kill(pid, 'SIGKILL')
  for (let patience = 100; patience > 0 && edit(table => table.syncDaemons()).length > 0; patience--) await sleep(20)
  assert.deepEqual(
    edit(table => table.syncDaemons()),
    [],
  )
  edit(table => table.startSyncDaemon(MASTER))
  edit(table => table.stopSyncDaemon('master', 0))
})

test('mixed families and sync daemons keep each other out', { skip: needsRoot, timeout: 60_000 }, t => {
  const { edit } = director(t, new Segment(t), 'director', ip('10.9.0.3'))
  const mixed = {
    address: ip('2001:db8::9'),
    port: 80,
    forwarding: { method: 'tunnel', tunnel: { type: 'ipip' } },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  } as const
  edit(table => table.addDestination(WEB, mixed))
  assert.throws(() => edit(table => table.startSyncDaemon(MASTER)), { errno: 'EINVAL' })
  edit(table => table.deleteDestination(WEB, mixed.address, mixed.port))
  edit(table => table.startSyncDaemon(MASTER))
  assert.throws(() => edit(table => table.addDestination(WEB, mixed)), { errno: 'EINVAL' })
})

test('lvs_sync_daemon: the daemon goes with the state of its instance', {
  skip: needsRoot,
  timeout: 90_000,
}, async () => {
  await using routers = new Routers('sync')
  const { a } = routers
  const cookie = inNamespace(a.namespace, namespaceCookie)
  const daemons = () => a.sluice('ipvsadm', '-L', '--daemon').stdout
  try {
    a.configure(`global_defs {
    lvs_sync_daemon eth0 VI_1 port 9000
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        ${ROUTERS_VIP}
    }
}
`)
    a.runSluice()
    await until(
      () => daemons().startsWith('master sync daemon (mcast=eth0, syncid=51, maxlen=1472, group=224.0.0.81, port=9000'),
      'the master tells others',
      () => `${daemons()}\n${a.log}`,
    )
    assert.equal(await a.end(), 0)
    assert.equal(daemons(), '')
  } finally {
    await a.end('SIGKILL')
    removeServiceTable(cookie)
  }
})

interface Director {
  readonly namespace: Namespace
  readonly edit: <T>(work: (table: PinnedTable) => T) => T
}

/** With the service, on a table that goes when the test ends. */
function director(t: TestContext, segment: Segment, name: string, ...addresses: readonly Ip[]): Director {
  const namespace = segment.host(name)
  // A group of IPv6 is sent to from a link-local address, which has to be one's own for certain first.
  inNamespace(namespace, () => writeSysctl('net.ipv6.conf.default.accept_dad', 0))
  segment.plug(namespace, 'eth0', ...addresses)
  const cookie = inNamespace(namespace, namespaceCookie)
  t.after(() => removeServiceTable(cookie))
  const table = inNamespace(namespace, () => openServiceTable())
  t.after(() => table.close())
  const edit = <T>(work: (table: PinnedTable) => T): T => inNamespace(namespace, () => work(table))
  edit(table => {
    table.addService({
      key: WEB,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    table.addDestination(WEB, {
      address: SERVER,
      port: 80,
      forwarding: { method: 'route' },
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
  })
  return { namespace, edit }
}

async function realServer(t: TestContext, segment: Segment): Promise<void> {
  const server = segment.host('server')
  segment.plug(server, 'eth0', SERVER)
  inNamespace(server, () => {
    for (const part of ['all', 'lo']) {
      writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
      writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
    }
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
  })
  await webServer(t, server, 'server', 80)
}

function texts(connections: Iterable<ListedConnection>): readonly string[] {
  return [...connections]
    .map(({ client, state, destination }) => {
      return `${client.address}:${client.port} ${state} ${destination.address}:${destination.port}`
    })
    .sort()
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}
