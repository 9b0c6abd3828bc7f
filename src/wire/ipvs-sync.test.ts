import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Ip, ip, ipBytes } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { decodeSyncMessage, encodeSyncMessages, SYNC_FLAG, type SyncedConnection } from './ipvs-sync.ts'

/** A template and a connection, as ip_vs of Linux 6.1 sends them. */
const CAPTURED = hex(`
  00 07 0050 02 01 0000
  00 06 0024 00001100 0000 0000 0050 0050 00000000 00000064 0a000002 0a000064 ac10000b
  00 06 0024 00000000 0001 7cff 0050 0050 00000000 00000384 0a000002 0a000064 ac10000b`)

const TEMPLATE: SyncedConnection = {
  family: 4,
  protocol: 6,
  flags: SYNC_FLAG.template | SYNC_FLAG.inactive,
  state: 0,
  client: end('10.0.0.2', 0),
  virtual: end('10.0.0.100', 80),
  server: end('172.16.0.11', 80),
  mark: 0,
  timeoutS: 100,
  engine: undefined,
}
const CONNECTION: SyncedConnection = {
  ...TEMPLATE,
  flags: 0,
  state: 1,
  client: end('10.0.0.2', 0x7cff),
  timeoutS: 900,
}
const IPV6: SyncedConnection = {
  ...CONNECTION,
  family: 6,
  client: end('2001:db8::1', 1),
  virtual: end('2001:db8::2', 2),
  server: end('2001:db8::3', 3),
}
const VERSION_1 = { version: 1, syncId: 7, maxLength: 1472 } as const

test('a message of version 1 is byte for byte what ip_vs sends', () => {
  const value = { version: 1, syncId: 7, connections: [TEMPLATE, CONNECTION], rest: undefined }
  assert.deepEqual(decodeSyncMessage(CAPTURED), { ok: true, value })
  assert.deepEqual([...encodeSyncMessages([TEMPLATE, CONNECTION], VERSION_1)], [CAPTURED])
})

test('a message of version 0 tells neither timeout nor mark, and no IPv6', () => {
  const [message, ...others] = encodeSyncMessages([CONNECTION, IPV6], { ...VERSION_1, version: 0 })
  assert.deepEqual(others, [])
  assert.deepEqual(message, hex('01 07 001c  00 06 7cff 0050 0050 0a000002 0a000064 ac10000b 0000 0001'))
  const decoded = decodeSyncMessage(message!)
  const value = { version: 0, syncId: 7, connections: [{ ...CONNECTION, timeoutS: 0 }], rest: undefined }
  assert.deepEqual(decoded, { ok: true, value })
})

test('version 0 has sequence numbers behind a record whose flags say so', () => {
  const record = '00 06 0001 0050 0050 0a000002 0a000064 ac10000b 0200 0001'
  const message = hex(`02 00 004c ${record} ${'00'.repeat(24)} ${record.replace('0200', '0000')}`)
  const decoded = decodeSyncMessage(message)
  assert.equal(decoded.ok && decoded.value.connections.length, 2)
})

test('a message is no longer than it may be, and counts no more than a byte can', () => {
  const many = Array<SyncedConnection>(600).fill(CONNECTION)
  const lengths = (maxLength: number) =>
    [...encodeSyncMessages(many, { ...VERSION_1, maxLength })].map(message => message.length)
  assert.deepEqual(new Set(lengths(1472)), new Set([8 + 40 * 36]))
  assert.deepEqual(lengths(65507), [8 + 255 * 36, 8 + 255 * 36, 8 + 90 * 36])
  assert.equal(lengths(1).length, 600)
})

for (const [drop, bytes] of [
  ['short', CAPTURED.subarray(0, 3)],
  ['size', CAPTURED.subarray(0, 79)],
  ['size', Uint8Array.of(...CAPTURED, 0)],
] as const) {
  test(`a message that is ${drop} is dropped`, () => {
    assert.deepEqual(decodeSyncMessage(bytes), { ok: false, drop })
  })
}

for (const [rest, at, value] of [
  ['record', 8 + 36 + 3, 0x25],
  ['record', 4, 3],
  ['version', 8 + 36 + 2, 0x10],
  ['type', 8 + 36, 2],
  ['record', 8 + 36, 1],
] as const) {
  test(`connections before a bad ${rest} are read`, () => {
    const bytes = CAPTURED.slice()
    bytes[at] = value
    const decoded = decodeSyncMessage(bytes)
    assert.ok(decoded.ok)
    assert.equal(decoded.value.rest, rest)
    assert.deepEqual(decoded.value.connections[0], TEMPLATE)
  })
}

const ENGINE = { name: 'sip', data: Uint8Array.of(1, 2, 3) }
test('a persistence engine is told by name and data', () => {
  const [message] = encodeSyncMessages([{ ...TEMPLATE, engine: ENGINE }, CONNECTION], VERSION_1)
  const decoded = decodeSyncMessage(message!)
  assert.deepEqual(decoded.ok && decoded.value.connections, [{ ...TEMPLATE, engine: ENGINE }, CONNECTION])
})

for (const [what, parameters, isRead] of [
  ['that may be passed over', '4701aa', true],
  ['that is not known', '0701aa', false],
  ['without length', '0200', false],
  ['longer than the record', '02ff', false],
  ['twice', '0201aa0201aa', false],
  ['with sequence numbers', `0118${'00'.repeat(24)}`, true],
  ['with too few sequence numbers', `0108${'00'.repeat(8)}`, false],
] as const) {
  test(`a parameter ${what} is ${isRead ? 'read over' : 'refused'}`, () => {
    const tail = hex(parameters)
    const bytes = Uint8Array.of(...CAPTURED.subarray(0, 44), ...tail)
    bytes[3] = bytes.length
    bytes[4] = 1
    bytes[11] = 36 + tail.length
    const decoded = decodeSyncMessage(bytes)
    assert.ok(decoded.ok)
    assert.equal(decoded.value.rest, isRead ? undefined : 'parameter')
    assert.equal(decoded.value.connections.length, isRead ? 1 : 0)
  })
}

test('whatever the bytes, decoding ends with a value or a reason', () => {
  const header = fc.constantFrom([0, 7], [3, 7])
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 300 }), fc.boolean(), ([count, id], tail, isVersion1) => {
      const length = 8 + tail.length
      const bytes = Uint8Array.of(
        count!,
        id!,
        length >> 8,
        length & 255,
        tail.length & 15,
        isVersion1 ? 1 : 0,
        0,
        0,
        ...tail,
      )
      const decoded = decodeSyncMessage(bytes)
      assert.ok(decoded.ok)
      assert.ok(decoded.value.connections.length <= 255)
    }),
  )
})

/** Objects as we write them, which deepEqual tells from others. */
const PLAIN = { noNullPrototype: true } as const

test('what is encoded is decoded', () => {
  const port = fc.integer({ min: 0, max: 65535 })
  const word = fc.integer({ min: 0, max: 0xffff_ffff })
  const connection = fc.constantFrom<4 | 6>(4, 6).chain(family => {
    const bytes = fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 })
    const place = fc.record({ address: bytes, port }, PLAIN)
    return fc.record(
      {
        family: fc.constant(family),
        protocol: fc.integer({ min: 0, max: 255 }),
        flags: word.map(flags => flags & 0x1987),
        state: port,
        client: place,
        virtual: place,
        server: place,
        mark: word,
        timeoutS: word,
        engine: fc.option(
          fc.record({ name: fc.constant('sip'), data: fc.uint8Array({ minLength: 1, maxLength: 255 }) }, PLAIN),
          { nil: undefined },
        ),
      },
      PLAIN,
    )
  })
  fc.assert(
    fc.property(fc.array(connection, { maxLength: 20 }), connections => {
      const messages = [...encodeSyncMessages(connections, VERSION_1)].map(decodeSyncMessage)
      assert.ok(messages.every(message => message.ok && message.value.rest === undefined))
      assert.deepEqual(
        messages.flatMap(message => (message.ok ? message.value.connections : [])),
        connections,
      )
    }),
  )
})

function end(address: string, port: number): { address: Uint8Array; port: number } {
  return { address: ipBytes(ip(address) as Ip), port }
}
