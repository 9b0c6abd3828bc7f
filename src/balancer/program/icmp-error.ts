/**
 * ICMP errors that the director makes (RFC 792, RFC 1812 section 4.3.2, RFC 4443): from the virtual address, back to the
 * client the way its packet came.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |  IP header: virtual address → client, 20 or 40 bytes          |
 *  +---------------+---------------+-------------------------------+
 *  |     type      |     code      |           checksum            |
 *  +---------------+---------------+-------------------------------+
 *  |               0               |    MTU, or 0                  |
 *  +---------------------------------------------------------------+
 *  |  the client's packet, or the beginning of it                  |
 *  +---------------------------------------------------------------+
 *
 * So much is quoted that it holds the longest header and the ports behind it, and the checksum field of a segment whose
 * checksum is only begun, which the kernel does not let us cut off. What the error is about is decided deep inside the
 * program, in many places; the message is written in one, at its end. At XDP the packet goes on and is answered at tc.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value, Variable } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { ERROR_RATE, ERROR_RATE_BYTES, type Reason } from '../layout.ts'
import { type Address, writeAddress } from './address.ts'
import {
  ETHERNET,
  ETHERNET_BYTES,
  ICMP,
  ICMP_BYTES,
  ICMP_ERROR,
  IPV4,
  IPV4_BYTES,
  IPV4_PLAIN,
  IPV6,
  IPV6_BYTES,
  PROTOCOL,
} from './headers.ts'
import { CONTEXT_BYTES, type Hook, PACKET_HOST } from './hook.ts'
import type { Packet } from './parse.ts'
import { sendToAddress } from './send.ts'
import type { Tables } from './tables.ts'

export type IcmpError = keyof (typeof ICMP_ERROR)[IpFamily]

/** Leaves for the end of the program, where the client is told; never comes back. */
export type Refuse = (error: IcmpError, mtu?: Value) => void

/** Runs what may refuse the packet, every path of which ends in a verdict, and writes what is done where it does. */
export function withErrors(
  code: Code,
  tables: Tables,
  hook: Hook,
  packet: Packet,
  body: (refuse: Refuse) => void,
): void {
  // Type and code as they lie in the message, then the MTU.
  const message = code.variable(0, 32)
  code.section(refused => {
    body((error, mtu) => {
      if (hook.type === 'xdp') {
        code.exit(hook.pass)
        return
      }
      tables.count(REASON[error])
      const { type, code: detail } = ICMP_ERROR[packet.family][error]
      const known = type | (detail << 8)
      message.set(mtu === undefined ? known : mtu.and(0xffff).shl(16).or(known))
      refused()
    })
  })
  if (hook.type === 'tc') answer(code, tables, hook, packet, message)
}

const REASON = { unreachable: 'no-destination', expired: 'ttl', tooBig: 'too-big' } as const satisfies Record<
  IcmpError,
  Reason
>

function answer(code: Code, tables: Tables, hook: Hook, packet: Packet, message: Variable): void {
  code.comment('an ICMP error')
  const drop = () => code.exit(hook.drop)
  const fields = code.pointer(packet.context, CONTEXT_BYTES)
  // RFC 1122 3.2.2: no error in answer to what was sent to many, or at large.
  if (hook.packetType !== undefined) code.guard(fields.get(hook.packetType).eq(PACKET_HOST), drop)
  limitRate(code, tables, drop)
  const ifindex = fields.get(hook.interface)
  const { family, context, ipBytes, source: target, destination: source } = packet
  const tos = family === 4 ? packet.ip.get(IPV4.tos) : code.constant(0)
  const error = { family, source, target, tos, message, quotedBytes: ipBytes }
  if (hook.mark !== undefined) {
    // It did not come from where the client is.
    sendToAddress(code, tables, hook, packet, target, {
      admit: () => {},
      write: () => ({
        start: makeError(code, hook, context, error, drop),
        finish: () => cutQuote(code, context, family, ipBytes),
      }),
    })
    return
  }
  const frame = makeError(code, hook, context, error, drop)
  const mac = frame.get(ETHERNET.target)
  const macEnd = frame.get(ETHERNET.targetEnd)
  frame.set(ETHERNET.target, joined(frame, ETHERNET.source[0]))
  frame.set(ETHERNET.targetEnd, frame.get([ETHERNET.source[0] + 4, 'u16']))
  frame.set(ETHERNET.source, mac.and(0xffff))
  frame.set([ETHERNET.source[0] + 2, 'u16'], mac.shr(16))
  frame.set([ETHERNET.source[0] + 4, 'u16'], macEnd)
  cutQuote(code, context, family, ipBytes)
  code.exit(hook.redirect(code, ifindex))
}

/** Makes the packet a message about itself; returns the frame's new start. */
function makeError(code: Code, hook: Hook, context: Value, error: ErrorMessage, refused: () => void): Pointer {
  const { family } = error
  code.guard(code.call(HELPER.changeTail, context, ETHERNET_BYTES + QUOTE_BYTES[family], 0).eq(0), refused)
  code.guard(code.call(HELPER.adjustRoom, context, headerBytes(family), ROOM_MAC, 0).eq(0), refused)
  return writeError(code, hook, context, error, refused)
}

export interface ErrorMessage {
  readonly family: IpFamily
  /** Addresses raw; good until the packet moves, unless they are in registers. */
  readonly source: Address
  readonly target: Address
  /** IPv4's type of service, of the packet that is quoted. */
  readonly tos: Value
  /** Type and code as they lie in the message, in the low half; the MTU in the high half. */
  readonly message: Value
  /** How long the packet was that is quoted. */
  readonly quotedBytes: Value
}

/** skb_adjust_room: at the MAC header. */
export const ROOM_MAC = 1
/** How much of the packet is quoted; zeros are behind one that is shorter, until `cutQuote`. */
export const QUOTE_BYTES = { 4: 80, 6: 120 } as const
const TTL = 64
const IPV6_FIRST = 0x6000_0000
/** Precedence "internetwork control", and the type of service of what is quoted (RFC 1812 4.3.2.5). */
const PRECEDENCE = 0xc0
const TYPE_OF_SERVICE = 0x1e

/** What an error puts before the quotation. */
export function headerBytes(family: IpFamily): number {
  return (family === 4 ? IPV4_BYTES : IPV6_BYTES) + ICMP_BYTES
}

/** Writes both headers into a frame where they and QUOTE_BYTES fit; returns its new start. */
export function writeError(code: Code, hook: Hook, context: Value, error: ErrorMessage, refused: () => void): Pointer {
  const { family, message, quotedBytes } = error
  const quote = QUOTE_BYTES[family]
  const bytes = ETHERNET_BYTES + headerBytes(family) + quote
  code.call(HELPER.pullData, context, bytes)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(hook.data)
  code.guard(data.add(bytes).le(fields.get(hook.dataEnd)), refused)
  const frame = code.pointer(data, bytes, true)
  const ip = frame.at(ETHERNET_BYTES)
  const length = code.variable(ICMP_BYTES + quote, 16)
  code.when(quotedBytes.lt(quote), () => length.set(quotedBytes.and(0xff).add(ICMP_BYTES)))
  const icmp = ip.at(headerBytes(family) - ICMP_BYTES)
  icmp.set(ICMP.typeAndCode, message.and(0xffff))
  icmp.set(ICMP.checksum, 0)
  icmp.set(ICMP.unused, 0)
  icmp.set(ICMP.mtu, message.shr(16).and(0xffff))
  // Zeros behind the quotation do not count.
  if (family === 4) {
    writeIpv4(code, ip, error, length)
    icmp.set(ICMP.checksum, checksumOf(code, icmp, ICMP_BYTES + quote))
  } else {
    writeIpv6(ip, error, length)
    // The pseudo-header of RFC 8200 8.1: the addresses lie right before the message.
    const pseudo = length.swap(16).add(PROTOCOL.icmpv6 << 8)
    icmp.set(ICMP.checksum, checksumOf(code, ip.at(IPV6.source[0]), 32 + ICMP_BYTES + quote, pseudo))
  }
  return frame
}

function writeIpv4(code: Code, ip: Pointer, { source, target, tos }: ErrorMessage, length: Value): void {
  ip.set(IPV4.versionAndLength, IPV4_PLAIN)
  ip.set(IPV4.tos, tos.and(TYPE_OF_SERVICE).or(PRECEDENCE))
  ip.set(IPV4.totalLength, length.add(IPV4_BYTES).and(0xffff))
  ip.set(IPV4.identification, code.call(HELPER.random).and(0xffff))
  ip.set(IPV4.fragment, 0)
  ip.set(IPV4.ttl, TTL)
  ip.set(IPV4.protocol, PROTOCOL.icmp)
  ip.set(IPV4.checksum, 0)
  writeAddress(ip, IPV4.source, source)
  writeAddress(ip, IPV4.destination, target)
  ip.set(IPV4.checksum, checksumOf(code, ip, IPV4_BYTES))
}

function writeIpv6(ip: Pointer, { source, target }: ErrorMessage, length: Value): void {
  ip.set(IPV6.first, IPV6_FIRST)
  ip.set(IPV6.payloadLength, length)
  ip.set(IPV6.nextHeader, PROTOCOL.icmpv6)
  ip.set(IPV6.hopLimit, TTL)
  writeAddress(ip, IPV6.source, source)
  writeAddress(ip, IPV6.destination, target)
}

/** Takes off what is behind the quotation; nothing in the packet may be touched after it. */
export function cutQuote(code: Code, context: Value, family: IpFamily, quotedBytes: Value): void {
  code.when(quotedBytes.lt(QUOTE_BYTES[family]), () => {
    const whole = quotedBytes.and(0xff).add(ETHERNET_BYTES + headerBytes(family))
    code.call(HELPER.changeTail, context, whole, 0)
  })
}

/** The Internet checksum of memory whose checksum field is 0, and of what adds up to `more`. */
function checksumOf(code: Code, memory: Pointer, bytes: number, more: Scalar = 0): Value {
  const sum = code.call(HELPER.checksumDifference, 0, 0, memory.address(), bytes, 0).low32().add(more)
  const once = sum.and(0xffff).add(sum.shr(16))
  const twice = once.and(0xffff).add(once.shr(16))
  return twice.xor(0xffff).and(0xffff)
}

/** Comes back if this processor has not sent too many errors of late. */
function limitRate(code: Code, tables: Tables, refused: () => void): void {
  const { perWindow, windowsPerSecond, processors, offset } = ERROR_RATE
  const window = code
    .call(HELPER.jiffies)
    .low32()
    .div(Math.max(1, Math.floor(tables.facts.hertz / windowsPerSecond)))
  const row = code
    .call(HELPER.processorId)
    .and(processors - 1)
    .shl(Math.log2(ERROR_RATE_BYTES))
  const rate = code.region(tables.region('settings'), row.add(offset), ERROR_RATE_BYTES)
  code.when(rate.get(ERROR_RATE.window).ne(window), () => {
    rate.set(ERROR_RATE.window, window)
    rate.set(ERROR_RATE.sent, 0)
  })
  const sent = rate.get(ERROR_RATE.sent)
  code.guard(sent.lt(perWindow), () => {
    tables.count('error-limit')
    refused()
  })
  rate.set(ERROR_RATE.sent, sent.add(1))
}

/** Four bytes that begin at an even place. */
function joined(memory: Pointer, offset: number): Value {
  return memory.get([offset, 'u16']).or(memory.get([offset + 2, 'u16']).shl(16))
}
