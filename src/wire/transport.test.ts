/** TCP, UDP and ICMP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, ipBytes } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { hex } from '../bytes/hex.ts'
import { decodeIcmp, encodeIcmp } from './icmp.ts'
import { decodeTcp, encodeTcp, TCP_ACK, TCP_SYN } from './tcp.ts'
import { decodeUdp, encodeUdp } from './udp.ts'

const pseudo = (protocol: number, length: number) =>
  pseudoHeaderSum(ipBytes(ip('10.0.0.1')), ipBytes(ip('10.0.0.2')), protocol, length)

test('a TCP segment survives bytes and back, its checksum right', () => {
  const segment = {
    sourcePort: 40000,
    destinationPort: 80,
    sequence: 0xfffffffe,
    acknowledgement: 1,
    flags: TCP_SYN | TCP_ACK,
    window: 65535,
    urgent: 3,
    options: hex('020405b4'),
    payload: hex('68656c6c 6f'),
  }
  const bytes = encodeTcp(segment, pseudo(6, 29))
  assert.deepEqual(bytes.subarray(0, 16), hex('9c400050 fffffffe 00000001 6012ffff'))
  assert.equal(checksum(bytes, pseudo(6, 29)), 0)
  const decoded = decodeTcp(bytes)
  assert.ok(decoded.ok)
  assert.deepEqual({ ...decoded.value, payload: decoded.value.payload.slice() }, segment)
})

for (const [drop, bytes] of [
  ['short', new Uint8Array(19)],
  ['header-length', hex('9c400050 00000001 00000001 4012ffff 00000000')],
  ['header-length', hex('9c400050 00000001 00000001 6012ffff 00000000')],
] as const) {
  test(`decodeTcp() drops ${bytes.length} bytes with bad ${drop}`, () => {
    assert.deepEqual(decodeTcp(bytes), { ok: false, drop })
  })
}

test('a UDP datagram survives bytes and back, and never says that it has no checksum', () => {
  const datagram = { sourcePort: 40000, destinationPort: 53, payload: hex('01') }
  const bytes = encodeUdp(datagram, pseudo(17, 9))
  assert.equal(checksum(bytes, pseudo(17, 9)), 0)
  const decoded = decodeUdp(new Uint8Array([...bytes, 0, 0]))
  assert.ok(decoded.ok)
  assert.deepEqual({ ...decoded.value, payload: decoded.value.payload.slice() }, datagram)
  const zero = encodeUdp({ sourcePort: 0, destinationPort: 0, payload: new Uint8Array(0) }, 0xffff - 8)
  assert.deepEqual(zero.subarray(6), hex('ffff'))
})

test('decodeUdp() drops what is too short, or says so', () => {
  assert.deepEqual(decodeUdp(new Uint8Array(7)), { ok: false, drop: 'short' })
  assert.deepEqual(decodeUdp(hex('9c400035 00070000')), { ok: false, drop: 'length' })
})

test('an ICMP message survives bytes and back', () => {
  const message = { type: 8, code: 0, word: 0x00010002, payload: hex('6869') }
  const bytes = encodeIcmp(message, 0)
  assert.deepEqual(bytes, hex('08008f93 00010002 6869'))
  const decoded = decodeIcmp(bytes, 0)
  assert.ok(decoded.ok)
  assert.deepEqual({ ...decoded.value, payload: decoded.value.payload.slice() }, message)
})

test('decodeIcmp() drops what is too short, or garbled', () => {
  assert.deepEqual(decodeIcmp(new Uint8Array(7), 0), { ok: false, drop: 'short' })
  assert.deepEqual(decodeIcmp(hex('08008f94 00010002 6869'), 0), { ok: false, drop: 'checksum' })
})
