/**
 * Two processors that see the first packets of one connection at once, at every possible moment. They may make two
 * entries; what harm that does is bounded: every packet after them finds the same one, and when their time is up nothing
 * is left of either.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import type { ListedService } from '../model/virtual-service.ts'
import { tcpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'

const VIP = ip('192.168.41.249')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }

for (const method of ['route', 'masquerade'] as const) {
  test(`${method}: whenever the other processor comes, the connection has one server from then on, and no trace stays`, () => {
    const table = web({ method })
    let longest = 1
    for (let moment = 0; moment < longest; moment += 1) {
      const ends = [
        { address: ip('192.168.40.9'), port: 1 + moment },
        { address: VIP, port: 80 },
      ] as const
      const frame = tcpFrame(...ends, ['syn'])
      const answer = tcpFrame(...ends, ['ack'])
      let instructions = 0
      let nested = false
      table.receive(frame, () => {
        if (instructions++ !== moment || nested) return
        nested = true
        table.receive(frame)
      })
      longest = Math.max(longest, instructions)
      const when = `after ${moment} instructions`
      assert.ok([...table.connections()].length <= 2, when)
      const hops = [1, 2, 3].map(() => table.receive(answer).nextHop)
      assert.equal(new Set(hops).size, 1, when)
      assert.notEqual(hops[0], undefined, when)
      table.elapse(2000)
      const { destinations }: ListedService = table.service(WEB)!
      assert.deepEqual(
        destinations.map(each => [each.activeConnections, each.inactiveConnections]),
        [
          [0, 0],
          [0, 0],
        ],
        when,
      )
      assert.equal(table.fill().ipv4.taken, 0, when)
    }
    assert.ok(longest > 100)
  })
}

function web(forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable()
  const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
  table.addService({ key: WEB, scheduler: 'rr', ...plain })
  for (const address of ['192.168.41.31', '192.168.41.33'])
    table.addDestination(WEB, {
      address: ip(address),
      port: 80,
      forwarding,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
  return table
}
