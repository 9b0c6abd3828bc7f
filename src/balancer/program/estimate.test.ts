import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../bpf/compile.ts'
import { interpret } from '../../bpf/interpreter.ts'
import { ip } from '../../bytes/address.ts'
import type { ServiceKey } from '../../model/service.ts'
import { tcpFrame } from '../frame.ts'
import { InterpretedTable } from '../interpreted-table.ts'
import { estimateCallback, estimateIfDue } from './estimate.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }

test('rates move a quarter of the way every two seconds, as the kernel has them', () => {
  const table = new InterpretedTable({ connections: 4096 })
  table.addService({
    key: WEB,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  table.addDestination(WEB, {
    address: ip('10.0.0.11'),
    port: 80,
    forwarding: { method: 'route' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  })
  const { backing } = table
  const estimator = compile({
    name: 'estimate',
    type: 'tc',
    main: code => {
      estimateIfDue(code, backing.facts)
      code.exit(0)
    },
    callbacks: estimateCallback(backing.facts),
  })
  const beat = () =>
    interpret(estimator, { packet: new Uint8Array(64), regions: backing.memory, jiffies: BigInt(backing.jiffies()) })
  beat()
  let port = 1
  const seen: number[][] = []
  for (let second = 0; second < 10; second += 2) {
    // 40 connections of one packet of 40 bytes in two seconds: 20 a second, 800 bytes a second
    for (let i = 0; i < 40; i++) table.receive(tcpFrame({ address: ip('198.51.100.7'), port: port++ }, VIP, ['syn']))
    table.elapse(2)
    beat()
    const { connections, inPackets, inBytes, outBytes } = table.services()[0]!.rates
    seen.push([connections, inPackets, inBytes, outBytes])
  }
  assert.deepEqual(seen, [
    [5, 5, 200, 0],
    [9, 9, 350, 0],
    [12, 12, 462, 0],
    [14, 14, 547, 0],
    [15, 15, 610, 0],
  ])
  table.zero()
  assert.deepEqual(table.services()[0]!.rates.connections, 0)
})
