/** The explanation is the program's: whatever the table and the packet, what it says comes true. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InterpretedTable } from '../balancer/interpreted-table.ts'
import { TC } from '../balancer/program/hook.ts'
import { type Ip, ip } from '../bytes/address.ts'
import { hex, toHex } from '../bytes/hex.ts'
import { type Forwarding, SCHEDULERS, type ServiceKey } from '../model/service.ts'
import { explain } from './explain.ts'
import { parseQuestion, type QuestionOptions } from './question.ts'
import { ETH0, hostWith, standingOf } from './sample.ts'
import { type TracedPrograms, tracedPrograms } from './trial.ts'

const FAMILIES = {
  4: {
    vip: ip('192.0.2.1'),
    client: (i: number) => ip(`203.0.113.${i}`),
    server: (i: number) => ip(`10.0.0.${10 + i}`),
  },
  6: {
    vip: ip('2001:db8::100'),
    client: (i: number) => ip(`2001:db8:1::${i}`),
    server: (i: number) => ip(`2001:db8::b:${10 + i}`),
  },
} as const
const METHODS: readonly Forwarding[] = [
  { method: 'route' },
  { method: 'masquerade' },
  { method: 'tunnel', tunnel: { type: 'ipip' } },
  { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } },
  { method: 'tunnel', tunnel: { type: 'gre', checksum: 'nocsum' } },
]

const arbitraryServer = fc.record({
  weight: fc.nat(3),
  forwarding: fc.constantFrom(...METHODS),
  upperThreshold: fc.constantFrom(0, 0, 1, 3),
})
const arbitraryTable = fc.record({
  family: fc.constantFrom(4, 6),
  protocol: fc.constantFrom('TCP', 'UDP'),
  scheduler: fc.constantFrom(...SCHEDULERS),
  persistent: fc.boolean(),
  anyPort: fc.boolean(),
  servers: fc.array(arbitraryServer, { maxLength: 4 }),
  mtu: fc.constantFrom(1500, 1280),
})
const arbitraryPacket = fc.record({
  client: fc.integer({ min: 1, max: 3 }),
  clientPort: fc.constantFrom(1000, 2000),
  port: fc.constantFrom(80, 80, 81),
  protocol: fc.constantFrom('tcp', 'tcp', 'udp'),
  what: fc.constantFrom('syn', 'syn', 'ack', 'fin', 'rst', 'synack', 'null'),
  /** From this server back to the client, instead. */
  reply: fc.option(fc.nat(3), { freq: 4, nil: undefined }),
  options: fc.record(
    {
      length: fc.constantFrom(100, 1281, 1481, 1500, 1700),
      ttl: fc.constantFrom(0, 1, 2, 255),
      fragment: fc.constantFrom<'first' | 'later'>('first', 'later'),
      df: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  about: fc.option(fc.constantFrom('unreachable', 'too-big', 'expired', 'echo'), { freq: 6, nil: undefined }),
  elapse: fc.constantFrom(0, 0, 0, 1, 70),
})
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never

test('explain() says what receive() then does: verdict, server, packet', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(arbitraryTable, fc.array(arbitraryPacket, { minLength: 1, maxLength: 12 }), (drawn, packets) => {
      const table = tableOf(drawn)
      const host = hostWith(drawn.mtu)
      const programs: TracedPrograms = tracedPrograms(standingOf(table), TC)
      for (const packet of packets) {
        table.elapse(packet.elapse)
        const standing = standingOf(table)
        const question = questionOf(drawn.family as 4 | 6, packet)
        const { verdict, packet: explained } = explain(question, ETH0, host, standing, programs)
        const fate = table.receive(hex(explained.frame), undefined, { ifindex: ETH0.ifindex })
        assert.equal(
          verdict.action,
          { pass: 'passed', drop: 'dropped', sent: 'sent', answered: 'answered' }[fate.verdict],
        )
        if (verdict.frame === undefined) continue
        // Sent past the neighbour table it has no MAC addresses of its own yet.
        const from = fate.verdict === 'sent' ? 12 : 0
        assert.equal(toHex(hex(verdict.frame).subarray(from)), toHex(fate.packet.subarray(from)))
        if (verdict.server !== undefined && fate.nextHop !== undefined)
          assert.ok(verdict.server.includes(fate.nextHop), `${verdict.server} and ${fate.nextHop}`)
      }
    }),
    { numRuns: 30 },
  )
})

function tableOf({
  family,
  protocol,
  scheduler,
  persistent,
  anyPort,
  servers,
  mtu,
}: Drawn<typeof arbitraryTable>): InterpretedTable {
  const { vip, server } = FAMILIES[family as 4 | 6]
  const table = new InterpretedTable()
  table.narrow(mtu)
  const port = anyPort && persistent ? 0 : 80
  const key: ServiceKey = { kind: 'address', protocol: protocol as 'TCP', address: vip, port }
  const persistence = persistent ? { timeoutS: 60, prefix: family === 4 ? 24 : 64 } : undefined
  const service = { key, scheduler, schedulerFlags: [], onePacket: false, persistence, persistenceEngine: undefined }
  table.addService(service)
  for (const [i, { weight, forwarding, upperThreshold }] of servers.entries())
    table.addDestination(key, { address: server(i), port, weight, forwarding, upperThreshold, lowerThreshold: 0 })
  return table
}

function questionOf(family: 4 | 6, packet: Drawn<typeof arbitraryPacket>): ReturnType<typeof parseQuestion> {
  const { vip, client, server } = FAMILIES[family]
  const { protocol, what, options, about, reply, port, clientPort } = packet
  const end = (address: Ip, number: number) => (family === 6 ? `[${address}]:${number}` : `${address}:${number}`)
  const there = end(client(packet.client), clientPort)
  const ends = reply === undefined ? [there, end(vip, port)] : [end(server(reply), port), there]
  const words = [protocol, ...ends, ...(protocol === 'tcp' ? [what] : [])]
  if (about === undefined) return parseQuestion(words, options satisfies object as QuestionOptions)
  const quoting = [protocol, end(vip, port), there, ...(protocol === 'tcp' ? ['ack'] : [])].join(' ')
  return parseQuestion(['icmp', client(9), vip, about], about === 'echo' ? {} : { quoting })
}
