import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../bpf/compile.ts'
import { interpret } from '../../bpf/interpreter.ts'
import { ip } from '../../bytes/address.ts'
import type { ServiceKey } from '../../model/service.ts'
import { tcpFrame } from '../frame.ts'
import { InterpretedTable } from '../interpreted-table.ts'
import { CONNECTION } from '../layout.ts'
import { dropAtRandom } from './defence.ts'
import { Tables } from './tables.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }

test('drop_entry takes what is half open, and what is idle for a minute after few packets', () => {
  const table = new InterpretedTable({ connections: 64 })
  const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
  table.addService({ key: WEB, scheduler: 'rr', ...plain })
  const limits = { weight: 1, upperThreshold: 0, lowerThreshold: 0 }
  table.addDestination(WEB, { address: ip('10.0.0.11'), port: 80, forwarding: { method: 'route' }, ...limits })
  const send = (port: number, flag: 'syn' | 'ack') =>
    table.receive(tcpFrame({ address: ip('198.51.100.7'), port }, VIP, [flag]))
  const { backing } = table
  const dropper = compile({
    name: 'drop',
    type: 'tc',
    main: code => {
      const tables = new Tables(code, backing.facts)
      code.repeat(tables.connectionSlots, slot =>
        code.section(done => {
          const key = tables.connection(slot).get(CONNECTION.key)
          code.when(key.eq(0), done)
          dropAtRandom(code, tables, slot, key, done)
        }),
      )
      code.exit(0)
    },
  })
  const packet = new Uint8Array(64)
  const drop = () =>
    interpret(dropper, { packet, regions: backing.memory, jiffies: BigInt(backing.jiffies()), random: () => 0 })
  const left = () => [...table.connections()].map(({ client }) => client.port).sort()

  for (const port of [1, 2, 3]) send(port, 'syn')
  for (const port of [2, 3]) send(port, 'ack')
  for (let packets = 0; packets < 9; packets++) {
    table.elapse(1)
    send(3, 'ack')
  }
  drop()
  assert.deepEqual(left(), [1, 2, 3], 'nothing is dropped while the defence is down')
  table.setSysctl('drop_entry', 3)
  drop()
  assert.deepEqual(left(), [2, 3])
  table.elapse(61)
  drop()
  assert.deepEqual(left(), [3])
  assert.equal(table.refusals().defence, 2n)
  assert.equal(table.service(WEB)?.destinations[0]?.activeConnections, 1)
})
