/** Connections leave the table by the kernel's own timer: nobody lists, sweeps or sends anything here. */
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SETTINGS, SETTINGS_BYTES } from '../../src/balancer/layout.ts'
import { Memory } from '../../src/balancer/memory.ts'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { mapMemory, openPinned } from '../../src/kernel/bpf.ts'
import { bpfFilesystem } from '../../src/kernel/bpf-filesystem.ts'
import { inNamespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIP = ip('10.9.0.100')
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }

test('closed connections expire with no process alive', { skip: needsRoot, timeout: 60_000 }, async t => {
  const segment = new Segment(t)
  const client = segment.host('client')
  segment.plug(client, 'eth0', ip('10.9.0.1'))
  const director = segment.host('director')
  segment.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  const server = segment.host('server')
  segment.plug(server, 'eth0', ip('10.9.0.11'))
  inNamespace(server, () => {
    for (const part of ['all', 'lo']) {
      writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
      writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
    }
    using route = new RouteSocket()
    addAddress(route, 'lo', { address: VIP, prefix: 32 })
  })
  await webServer(t, server, 'one', 80)
  withTable(t, director, table => {
    table.addService({
      key: SERVICE,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      persistenceEngine: undefined,
    })
    table.addDestination(SERVICE, {
      address: ip('10.9.0.11'),
      port: 80,
      forwarding: { method: 'route' },
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
    table.setTimeouts({ tcpS: 0, tcpFinS: 2, udpS: 0 })
  })
  const entries = liveEntries(inNamespace(director, namespaceCookie))
  assert.deepEqual(await ask(t, client, `http://${VIP}`, 5), Array(5).fill('one 3'))
  assert.ok(entries() > 0)
  while (entries() > 0) await sleep(100)
  withTable(t, director, table => {
    const [destination] = table.service(SERVICE)!.destinations
    assert.deepEqual([destination?.activeConnections, destination?.inactiveConnections], [0, 0])
  })
})

/** Reads the count in the table's memory, which runs no program. */
function liveEntries(cookie: bigint): () => number {
  const fd = openPinned(join(bpfFilesystem(), String(cookie), 'settings'))
  assert.ok(fd !== undefined)
  const settings = new Memory(mapMemory(fd, SETTINGS_BYTES, 'read').bytes)
  closeSync(fd)
  return () => settings.get(0, SETTINGS.entries)
}
