/** XDP with tc behind it does what tc does alone: the same fates, the same bytes, the same counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { tcpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { type Hook, TC, XDP } from './program/hook.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const KEY: ServiceKey = { kind: 'address', protocol: 'TCP', ...VIP }
const SERVERS = ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map(text => ip(text))
const METHODS: readonly Forwarding[] = [
  { method: 'route' },
  { method: 'masquerade' },
  { method: 'tunnel', tunnel: { type: 'ipip' } },
]

for (const forwarding of METHODS) {
  test(`with and without XDP, ${forwarding.method} does the same to the same packets`, () => {
    const [alone, both] = [TC, XDP].map(hook => balanced(hook, forwarding)) as [InterpretedTable, InterpretedTable]
    let atXdp = 0
    for (const step of conversation(forwarding.method === 'masquerade')) {
      for (const table of [alone, both]) table.elapse(step.afterS)
      const [expected, fate] = [alone.receive(step.frame), both.receive(step.frame)]
      const { hook, instructions: _, ...rest } = fate
      const { hook: __, instructions: ___, ...wanted } = expected
      assert.deepEqual(rest, wanted, step.what)
      if (hook === 'xdp') atXdp++
    }
    assert.deepEqual(both.services(), alone.services())
    assert.deepEqual([...both.connections()], [...alone.connections()])
    assert.deepEqual(both.refusals(), alone.refusals())
    assert.ok(atXdp > 20, `${atXdp} packets never came to tc`)
  })
}

interface Step {
  readonly what: string
  readonly afterS: number
  readonly frame: Uint8Array
}

/** Twelve connections, some packets of which come when the next hop is known, some when it is not, some odd. */
function* conversation(replies: boolean): Generator<Step> {
  for (let i = 0; i < 12; i++) {
    const client = { address: ip('198.51.100.7'), port: 40000 + i }
    const step = (what: string, flags: Parameters<typeof tcpFrame>[2], afterS = 0, bytes = 0): Step => ({
      what: `${what} of connection ${i}`,
      afterS,
      frame: tcpFrame(client, VIP, flags, bytes),
    })
    yield step('syn', ['syn'], i % 3)
    yield step('ack', ['ack'])
    yield step('a longer one', ['ack', 'psh'], 0, 900)
    if (replies)
      for (const address of SERVERS)
        yield { what: 'reply', afterS: 0, frame: tcpFrame({ address, port: 80 }, client, ['ack'], 100) }
    yield { ...step('expired', ['ack']), frame: withTtl(step('', ['ack']).frame, 1) }
    yield { ...step('a first fragment', ['ack']), frame: withFragment(step('', ['ack'], 0, 64).frame) }
    yield step('late ack', ['ack'], i % 2)
    yield step('too long', ['ack'], 0, 1470)
    if (i % 4 === 3) yield step('fin', ['fin', 'ack'], 1)
    if (i % 4 === 2) yield step('rst', ['rst'])
  }
  yield {
    what: 'a packet of nobody',
    afterS: 0,
    frame: tcpFrame(VIP, { address: ip('203.0.113.9'), port: 9 }, ['ack']),
  }
}

function balanced(hook: Hook, forwarding: Forwarding): InterpretedTable {
  const table = new InterpretedTable({}, hook)
  table.addService({
    key: KEY,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  for (const address of SERVERS) table.addDestination(KEY, server(address, forwarding))
  return table
}

function server(address: Ip, forwarding: Forwarding): Parameters<InterpretedTable['addDestination']>[1] {
  return { address, port: 80, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 }
}

/** The same packet with another TTL, and the header checksum that goes with it. */
function withTtl(frame: Uint8Array, ttl: number): Uint8Array {
  return changed(frame, 22, (word, view) => view.setUint16(22, (ttl << 8) | (word & 0xff)))
}

/** The same packet as the first of several. */
function withFragment(frame: Uint8Array): Uint8Array {
  return changed(frame, 20, (_, view) => view.setUint16(20, 0x2000))
}

/** One 16-bit word of the IP header changed, and the checksum by RFC 1624. */
function changed(frame: Uint8Array, at: number, change: (word: number, view: DataView) => void): Uint8Array {
  const copy = frame.slice()
  const view = new DataView(copy.buffer)
  const before = view.getUint16(at)
  change(before, view)
  const sum = (~view.getUint16(24) & 0xffff) + (~before & 0xffff) + view.getUint16(at)
  const folded = (sum & 0xffff) + (sum >> 16)
  view.setUint16(24, ~((folded & 0xffff) + (folded >> 16)) & 0xffff)
  return copy
}
