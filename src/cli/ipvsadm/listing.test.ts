import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTable } from '../../balancer/memory-table.ts'
import { ip } from '../../bytes/address.ts'
import type { ServiceKey } from '../../model/service.ts'
import { numericEndpoint } from './endpoint-text.ts'
import { listService } from './listing.ts'

const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: ip('10.0.0.1'), port: 80 }
const PLAIN = { view: 'plain', numeric: true, sorted: true, exact: false, json: false } as const

/** A web service whose one server has seen what the numbers say. */
function table(numbers: readonly [bigint, bigint, bigint, bigint, bigint]): MemoryTable {
  const web = new MemoryTable()
  web.addService({
    key: WEB,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  const address = ip('10.255.0.2')
  web.addDestination(WEB, {
    address,
    port: 8080,
    forwarding: { method: 'masquerade' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  })
  const [connections, inPackets, outPackets, inBytes, outBytes] = numbers
  const counters = { connections, inPackets, outPackets, inBytes, outBytes }
  const rates = {
    connections: Number(connections),
    inPackets: Number(inPackets),
    outPackets: Number(outPackets),
    inBytes: Number(inBytes),
    outBytes: Number(outBytes),
  }
  web.observe(WEB, { counters, rates })
  web.observeDestination(WEB, address, 8080, {
    counters,
    rates,
    activeConnections: 12,
    inactiveConnections: 3,
    persistentConnections: 7,
  })
  return web
}

// what the real one printed of two connections
test('listService() aligns counters as ipvsadm does', () => {
  const service = table([2n, 8n, 5n, 432n, 276n]).service(WEB)!
  assert.equal(
    listService(service, { ...PLAIN, view: 'stats' }, numericEndpoint),
    'TCP  10.0.0.1:80                         2        8        5      432      276\n' +
      '  -> 10.255.0.2:8080                     2        8        5      432      276\n',
  )
})

test('listService() shortens large counters to K, M, G and T, and not with --exact', () => {
  const service = table([99_999_999n, 100_000_000n, 1_000_000_000n, 100_000_000_000n, 100_000_000_000_000n]).service(
    WEB,
  )!
  const lines = listService(service, { ...PLAIN, view: 'stats' }, numericEndpoint)
  assert.equal(lines.split('\n')[0], 'TCP  10.0.0.1:80                  99999999  100000K    1000M     100G     100T')
  const exact = listService(service, { ...PLAIN, view: 'stats', exact: true }, numericEndpoint)
  assert.equal(
    exact.split('\n')[0],
    'TCP  10.0.0.1:80                  99999999 100000000 1000000000 100000000000 100000000000000',
  )
})

test("listService() shortens only the bytes of a server's rates, as ipvsadm does", () => {
  const service = table([100_000_000n, 2n, 123_456_789n, 100_000_000n, 5n]).service(WEB)!
  assert.equal(
    listService(service, { ...PLAIN, view: 'rate' }, numericEndpoint),
    'TCP  10.0.0.1:80                   100000K        2  123456K  100000K        5\n' +
      '  -> 10.255.0.2:8080              100000000        2 123456789  100000K        5\n',
  )
})

test('listService() pads the last column of connections', () => {
  const service = table([0n, 0n, 0n, 0n, 0n]).service(WEB)!
  assert.equal(
    listService(service, PLAIN, numericEndpoint).split('\n')[1],
    '  -> 10.255.0.2:8080              Masq    1      12         3         ',
  )
  assert.equal(
    listService(service, { ...PLAIN, view: 'persistent-conn' }, numericEndpoint).split('\n')[1],
    '  -> 10.255.0.2:8080              1         7           12         3         ',
  )
})
