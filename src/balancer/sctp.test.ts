import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip } from '../bytes/address.ts'
import { crc32c } from '../bytes/crc32c.ts'
import type { Forwarding, ServiceKey } from '../model/service.ts'
import { crcPowers, multiplyCrc } from './crc-powers.ts'
import { frameText, sctpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import { TC, XDP } from './program/hook.ts'
import { SCTP_CHUNK } from './sctp-state.ts'

const VIP = { address: ip('192.0.2.1'), port: 80 }
const CLIENT = { address: ip('198.51.100.7'), port: 40000 }
const SERVER = { address: ip('10.0.0.11'), port: 8080 }
const DATA = 0

test('a checksum is the one of RFC 3720 appendix B.4', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
})

test('the powers take a remainder over as many bytes of zero', () => {
  const powers = crcPowers()
  const difference = (bytes: number) => {
    const changed = new Uint8Array(4 + bytes)
    changed.set([1, 2, 3, 4])
    return crc32c(changed) ^ crc32c(new Uint8Array(4 + bytes))
  }
  for (const bytes of [0, 1, 15, 16, 255, 4096, 65531]) {
    const digits = [0, 1, 2, 3].map(place => powers[16 * place + (((bytes + 4) >> (4 * place)) & 15)]!)
    assert.equal(digits.reduce(multiplyCrc, 0x04030201), difference(bytes) >>> 0)
  }
})

for (const hook of [TC, XDP]) {
  test(`at ${hook.type} ports change both ways, and checksums stay right`, () => {
    const table = balancing({ method: 'masquerade' }, hook)
    // At XDP the first packet only asks for the next hop, and is handled again at tc.
    if (hook.type === 'xdp') table.receive(sctpFrame(CLIENT, VIP, [SCTP_CHUNK.init]))
    const there = table.receive(sctpFrame(CLIENT, VIP, [SCTP_CHUNK.init], 20))
    assert.equal(frameText(there.packet), '198.51.100.7:40000 > 10.0.0.11:8080 ttl 63')
    const back = table.receive(sctpFrame(SERVER, CLIENT, [SCTP_CHUNK.initAck], 300))
    assert.equal(frameText(back.packet), '192.0.2.1:80 > 198.51.100.7:40000 ttl 63')
  })
}

test('checksums are right whatever the length', () => {
  const table = balancing({ method: 'masquerade' })
  table.receive(sctpFrame(CLIENT, VIP, [SCTP_CHUNK.init]))
  fc.assert(
    fc.property(fc.nat(9000), bytes => {
      const { packet } = table.receive(sctpFrame(CLIENT, VIP, [DATA], bytes))
      assert.equal(frameText(packet), '198.51.100.7:40000 > 10.0.0.11:8080 ttl 63')
    }),
    { numRuns: 50 },
  )
})

test('a checksum that the card is to make stays none', () => {
  const table = balancing({ method: 'masquerade' })
  const frame = sctpFrame(CLIENT, VIP, [SCTP_CHUNK.init])
  frame.fill(0, 42, 46)
  assert.deepEqual([...table.receive(frame).packet.subarray(42, 46)], [0, 0, 0, 0])
})

const FLOWS = [
  {
    forwarding: { method: 'route' },
    name: 'one side',
    steps: [
      ['in', ['init'], 'INIT1 4'],
      ['in', ['cookieEcho'], 'ESTABLISHED 900'],
      ['in', [], 'ESTABLISHED 900'],
      ['in', ['shutdown'], 'S-RECEIVED 61'],
      ['in', ['shutdownComplete'], 'CLOSED 61'],
      ['in', ['init'], 'INIT1 4'],
    ],
  },
  {
    forwarding: { method: 'masquerade' },
    name: 'both sides',
    steps: [
      ['in', ['init'], 'INIT1 4'],
      ['out', ['initAck'], 'C-SENT 61'],
      ['in', ['cookieEcho'], 'C-REPLIED 61'],
      ['out', ['cookieAck'], 'ESTABLISHED 900'],
      ['in', ['cookieAck', 'abort'], 'CLOSED 61'],
    ],
  },
] as const

for (const { forwarding, name, steps } of FLOWS) {
  test(`states follow the table for ${name}, and only ESTABLISHED is active`, () => {
    const table = balancing(forwarding)
    for (const [direction, chunks, expected] of steps) {
      const types = chunks.length === 0 ? [DATA] : chunks.map(chunk => SCTP_CHUNK[chunk])
      const frame = direction === 'in' ? sctpFrame(CLIENT, VIP, types, 8) : sctpFrame(SERVER, CLIENT, types, 8)
      assert.equal(table.receive(frame).verdict, 'sent', expected)
      assert.equal([...table.connections()].map(({ state, expiresInS }) => `${state} ${expiresInS}`).join(), expected)
      const { activeConnections, inactiveConnections } = table.services()[0]!.destinations[0]!
      assert.deepEqual([activeConnections, inactiveConnections], expected.startsWith('EST') ? [1, 0] : [0, 1])
    }
  })
}

test('only an INIT begins a connection, and what has no chunk is none', () => {
  const table = balancing({ method: 'route' })
  assert.equal(table.receive(sctpFrame(CLIENT, VIP, [DATA])).verdict, 'pass')
  assert.equal(table.receive(sctpFrame(CLIENT, VIP, [])).verdict, 'pass')
  table.receive(sctpFrame(CLIENT, VIP, [SCTP_CHUNK.init]))
  assert.equal(table.receive(sctpFrame(CLIENT, VIP, [])).verdict, 'pass')
})

function balancing(forwarding: Forwarding, hook: typeof TC = TC): InterpretedTable {
  const key: ServiceKey = { kind: 'address', protocol: 'SCTP', ...VIP }
  const table = new InterpretedTable({}, hook)
  table.narrow(10_000)
  table.addService({
    key,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  const port = forwarding.method === 'masquerade' ? SERVER.port : VIP.port
  table.addDestination(key, { ...SERVER, port, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
  return table
}
