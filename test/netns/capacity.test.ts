/**
 * A table that is nearly full: connections are begun by test runs of the live program, as fast as it goes, until the
 * places are taken to nineteen parts in twenty. CAPACITY_BITS says how large the table is (17; 20 for a million).
 */
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { udpFrame } from '../../src/balancer/frame.ts'
import { regionBytes } from '../../src/balancer/layout.ts'
import { ip } from '../../src/bytes/address.ts'
import { openPinned, testRun } from '../../src/kernel/bpf.ts'
import { bpfFilesystem } from '../../src/kernel/bpf-filesystem.ts'
import { inNamespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { needsRoot, scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, removeServiceTable } from '../../src/kernel/service-table.ts'
import type { ServiceKey } from '../../src/model/service.ts'

const BITS = Number(process.env.CAPACITY_BITS ?? 17)
const VIP = ip('10.1.0.100')
const DNS: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 53 }
const SOURCE_ADDRESS = 26
const SOURCE_PORT = 34

test('a table of 2^21 places, for two million connections, takes less than 256 MiB on two processors', () => {
  const bytes = regionBytes({
    services: 16384,
    destinations: 32768,
    connections: 1 << 21,
    processors: 2,
    rings: 4096,
    localities: 16384,
  })
  assert.ok(Object.values(bytes).reduce((sum, each) => sum + each) < 256 << 20)
})

test(`2^${BITS} places take that many connections but for one in twenty`, { skip: needsRoot, timeout: 300_000 }, t => {
  inNamespace(scratchNamespace(t, 'full'), () => {
    const cookie = namespaceCookie()
    t.after(() => removeServiceTable(cookie))
    using table = openServiceTable({ connections: 2 ** BITS })
    const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
    table.addService({ key: DNS, scheduler: 'rr', ...plain })
    const server = { address: ip('10.2.0.1'), port: 53, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
    table.addDestination(DNS, { ...server, forwarding: { method: 'route' } })
    const program = openPinned(join(bpfFilesystem(), String(cookie), 'dispatch'))
    assert.ok(program !== undefined)
    const wanted = Math.floor(0.95 * 2 ** BITS)
    try {
      const frame = udpFrame({ address: ip('10.9.0.1'), port: 1 }, { address: VIP, port: 53 })
      // A test run is as if on loopback, whose hardware address is zero.
      frame.fill(0, 0, 6)
      const view = new DataView(frame.buffer)
      for (let i = 0; i < wanted; i++) {
        view.setUint32(SOURCE_ADDRESS, 0x0a090000 + (i >> 14))
        view.setUint16(SOURCE_PORT, 1024 + (i & 0x3fff))
        testRun(program, frame)
      }
    } finally {
      closeSync(program)
    }
    const { taken, places } = table.fill().ipv4
    const full = Number(table.refusals()['table-full'])
    assert.equal(taken + full, wanted)
    assert.ok(full < wanted / 500, `${full} of ${wanted} found no place among ${places}`)
    assert.equal(table.service(DNS)?.destinations[0]?.inactiveConnections, taken)
  })
})
