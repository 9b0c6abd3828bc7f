import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../bpf/compile.ts'
import { interpret } from '../../bpf/interpreter.ts'
import { ip, type Mac, parseMac } from '../../bytes/address.ts'
import { checksum } from '../../bytes/checksum.ts'
import { tcpFrame, udpFrame } from '../frame.ts'
import { admitToXdp } from './admit-to-xdp.ts'
import { XDP } from './hook.ts'

const ADMITTED = 99
/** Where frames of `frame.ts` go. */
const OURS = parseMac('02:00:00:00:00:01')!
const A = { address: ip('192.0.2.1'), port: 1000 }
const B = { address: ip('192.0.2.2'), port: 80 }
const A6 = { address: ip('2001:db8::1'), port: 1000 }
const B6 = { address: ip('2001:db8::2'), port: 80 }

function verdict(frame: Uint8Array, mac: Mac, virtual: boolean): number {
  const program = compile({
    name: 'admit',
    type: 'xdp',
    main: code => {
      admitToXdp(code, { mac, virtual })
      code.exit(ADMITTED)
    },
  })
  return Number(interpret(program, { packet: frame }).verdict)
}

const FRAMES = {
  'TCP over IPv4': tcpFrame(A, B, ['ack'], 3),
  'UDP over IPv4': udpFrame(A, B),
  'TCP over IPv6': tcpFrame(A6, B6, ['ack'], 3),
  'UDP over IPv6': udpFrame(A6, B6),
}

for (const [what, frame] of Object.entries(FRAMES)) {
  test(`${what}: for this hardware address and with a whole checksum it is admitted`, () => {
    for (const virtual of [false, true]) assert.equal(verdict(frame, OURS, virtual), ADMITTED)
    for (const mac of ['02:00:00:00:00:02', '03:00:00:00:00:01', 'ff:ff:ff:ff:ff:ff'])
      assert.equal(verdict(frame, parseMac(mac)!, false), XDP.pass)
  })

  test(`${what}: with a checksum that is only begun it passes, if the interface is a virtual one`, () => {
    const begun = withBegunChecksum(frame)
    assert.equal(verdict(begun, OURS, true), XDP.pass)
    assert.equal(verdict(begun, OURS, false), ADMITTED)
  })

  test(`${what}: cut short anywhere, it does no harm`, () => {
    for (let length = 0; length < frame.length; length++) {
      const found = verdict(frame.slice(0, length), OURS, true)
      assert.ok(found === XDP.pass || (found === ADMITTED && length > 40))
    }
  })
}

/** As a stack leaves it to the hardware: the sum of the pseudo-header. */
function withBegunChecksum(frame: Uint8Array): Uint8Array {
  const copy = frame.slice()
  const isIpv4 = frame[12] === 8
  const protocol = frame[isIpv4 ? 23 : 20]!
  const transport = frame.subarray(isIpv4 ? 34 : 54)
  const addresses = isIpv4 ? frame.subarray(26, 34) : frame.subarray(22, 54)
  const pseudo = Uint8Array.of(...addresses, 0, protocol, transport.length >> 8, transport.length & 0xff)
  const at = (isIpv4 ? 34 : 54) + (protocol === 6 ? 16 : 6)
  new DataView(copy.buffer).setUint16(at, ~checksum(pseudo) & 0xffff)
  return copy
}
