/** What lblc and lblcr forget, and when: what no scenario can wait for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../../bytes/address.ts'
import type { ServiceKey } from '../../model/service.ts'
import { tcpFrame } from '../frame.ts'
import { InterpretedTable } from '../interpreted-table.ts'
import { LOCALITY_BYTES } from '../layout.ts'

const DAY_S = 86_400
const VIP = ip('192.168.41.249')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }

test('lblc asks again after a day without a question', () => {
  const web = service('lblc', [1, 1])
  assert.equal(web.open(), 2)
  web.finish()
  web.table.addDestination(WEB, server(3, 1))
  web.table.elapse(DAY_S - 20)
  assert.equal(web.open(), 2)
  web.finish()
  web.table.elapse(DAY_S)
  assert.equal(web.open(), 3)
})

test('lblcr drops the most loaded of a set that has not changed for a day', () => {
  const web = service('lblcr', [1, 1])
  // The second connection makes it busy: one more than its weight, while the other is idle.
  assert.deepEqual([web.open(), web.open(), web.open(), web.open()], [2, 2, 1, 1])
  web.finish()
  for (let hours = 0; hours < 25; hours++) {
    web.table.elapse(3600)
    web.open()
    web.finish()
  }
  assert.equal(web.members(), 1)
})

test('a set of lblcr holds 24 servers; the first makes room', () => {
  const web = service('lblcr', Array(30).fill(1))
  for (let i = 0; i < 60; i++) web.open()
  assert.equal(web.members(), 24)
  assert.deepEqual(new Set(web.counts()), new Set([2]))
})

test('a removed server that is remembered is the same when it comes back', () => {
  const web = service('lblc', [1, 1])
  assert.equal(web.open(), 2)
  web.finish()
  web.table.deleteDestination(WEB, address(2), 80)
  web.table.elapse(5)
  web.table.addDestination(WEB, server(3, 1))
  web.table.addDestination(WEB, server(2, 1))
  assert.equal(web.open(), 2)
})

function service(scheduler: 'lblc' | 'lblcr', weights: readonly number[]) {
  const table = new InterpretedTable({ connections: 256, localities: 8 })
  let port = 1000
  const open: number[] = []
  table.addService({
    key: WEB,
    scheduler,
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  for (const [i, weight] of weights.entries()) table.addDestination(WEB, server(i + 1, weight))
  const send = (from: number, flag: 'syn' | 'ack' | 'rst') =>
    table.receive(tcpFrame({ address: ip('10.0.0.1'), port: from }, { address: VIP, port: 80 }, [flag])).nextHop
  return {
    table,
    /** The number of the server that a new connection goes to. */
    open: () => {
      open.push(++port)
      const hop = send(port, 'syn')
      send(port, 'ack')
      return Number(hop?.split('.')[3])
    },
    /** All connections end, and are forgotten. */
    finish: () => {
      for (const from of open.splice(0)) send(from, 'rst')
      table.elapse(11)
      table.services()
    },
    members: () => new DataView(table.backing.memory.localities.buffer).getUint32(entryOf(table) + 4, true),
    counts: () => table.service(WEB)!.destinations.map(each => each.activeConnections),
  }
}

/** Where the only entry is. */
function entryOf(table: InterpretedTable): number {
  const view = new DataView(table.backing.memory.localities.buffer)
  return [0, 1, 2, 3, 4, 5, 6, 7].map(slot => slot * LOCALITY_BYTES).find(at => view.getUint32(at, true) !== 0)!
}

function server(id: number, weight: number) {
  return {
    address: address(id),
    port: 80,
    forwarding: { method: 'route' },
    weight,
    upperThreshold: 0,
    lowerThreshold: 0,
  } as const
}

function address(id: number): Ip {
  return ip(`192.168.41.${id}`)
}
