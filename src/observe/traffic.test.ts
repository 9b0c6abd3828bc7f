import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Counters, ListedDestination, ListedService } from '../model/virtual-service.ts'
import { renderTop } from './render-top.ts'
import { rateText, renderTraffic } from './render-traffic.ts'
import { trafficOf } from './traffic.ts'

const QUIET = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 }

function counters(n: number): Counters {
  return {
    connections: BigInt(n),
    inPackets: BigInt(10 * n),
    outPackets: BigInt(20 * n),
    inBytes: BigInt(1000 * n),
    outBytes: BigInt(1_000_000 * n),
  }
}

function service(port: number, count: number): ListedService {
  const server: ListedDestination = {
    address: ip('192.168.41.31'),
    port,
    forwarding: { method: 'route' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    activeConnections: count,
    inactiveConnections: 2,
    persistentConnections: 0,
    counters: counters(count),
    rates: { ...QUIET, connections: 0.4 },
  }
  return {
    key: { kind: 'address', protocol: 'TCP', address: ip('192.168.41.249'), port },
    scheduler: 'wlc',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
    counters: counters(count),
    rates: { ...QUIET, connections: 0.4 },
    destinations: [server],
  }
}

test("trafficOf() has the estimator's rates, or those since an earlier look, the busiest first", () => {
  assert.equal(trafficOf([service(80, 3)], [])[0]!.rates.connections, 0.4)
  const traffic = trafficOf([service(80, 3), service(443, 9)], [], {
    services: [service(80, 1), service(443, 1)],
    seconds: 2,
  })
  assert.deepEqual(
    traffic.map(({ service: name, rates }) => [name, rates.connections, rates.outBytes]),
    [
      ['TCP 192.168.41.249:443', 4, 4_000_000],
      ['TCP 192.168.41.249:80', 1, 1_000_000],
    ],
  )
})

test('trafficOf() counts from nothing where a service is new or was zeroed', () => {
  const [fresh] = trafficOf([service(80, 4)], [], { services: [], seconds: 2 })
  assert.equal(fresh!.rates.connections, 2)
  const [zeroed] = trafficOf([service(80, 0)], [], { services: [service(80, 9)], seconds: 2 })
  assert.equal(zeroed!.rates.connections, 0)
})

test('renderTraffic() aligns its columns and says what it leaves out', () => {
  const traffic = trafficOf([service(80, 3), service(443, 1200)], [], { services: [], seconds: 1 })
  assert.deepEqual(renderTraffic(traffic), [
    '                             weight  active  inactive  conn/s  pkt/s in  pkt/s out  B/s in  B/s out',
    'TCP 192.168.41.249:443  wlc            1200         2    1.2k       12k        24k    1.2M     1.2G',
    '  192.168.41.31:443               1    1200         2    1.2k       12k        24k    1.2M     1.2G',
    'TCP 192.168.41.249:80   wlc               3         2     3.0        30         60    3.0k     3.0M',
    '  192.168.41.31:80                1       3         2     3.0        30         60    3.0k     3.0M',
  ])
  assert.equal(renderTraffic(traffic, 4).at(-1), '… 2 lines more')
  assert.equal(renderTraffic(traffic, 4).length, 4)
  assert.deepEqual(renderTraffic([]), ['no services'])
})

test('renderTop() fits any terminal', () => {
  const traffic = trafficOf([service(80, 3), service(443, 9)], [])
  const view = { snapshot: undefined, traffic, connections: 16, time: '14:52:07' }
  assert.equal(renderTop(view)[0], '14:52:07  no daemon runs here, 16 connections')
  for (const rows of [1, 2, 3, 5, 24]) {
    const lines = renderTop(view, { rows, columns: 40 })
    assert.ok(lines.length <= rows && lines.every(line => line.length <= 40), `${rows} rows`)
  }
})

test('rateText() has two digits, or all there are', () => {
  const rates = [0, 0.04, 0.05, 9.94, 9.96, 999, 999.6, 12_345, 999_600, 5e9, 7e15]
  assert.deepEqual(rates.map(rateText), ['0', '0', '0.1', '9.9', '10', '999', '1.0k', '12k', '1.0M', '5.0G', '7000T'])
})
