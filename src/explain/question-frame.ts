/** The packet that is asked about, as it would come in on an interface: every checksum right. */

import { ipBytes, ipFamily, type Mac } from '../bytes/address.ts'
import { pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import { crc32c } from '../bytes/crc32c.ts'
import { viewOf } from '../bytes/view.ts'
import { Failure } from '../diagnostics/failure.ts'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, encodeEthernet } from '../wire/ethernet.ts'
import {
  encodeIcmp,
  ICMP_ECHO_REQUEST,
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_PORT_UNREACHABLE,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_UNREACHABLE,
} from '../wire/icmp.ts'
import {
  encodeIpv4,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_SCTP,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
  IPV4_HEADER_LENGTH,
  ipv4Header,
} from '../wire/ipv4.ts'
import { encodeIpv6, IP_PROTOCOL_ICMPV6, IPV6_HEADER_LENGTH, ipv6FragmentExtension, ipv6Header } from '../wire/ipv6.ts'
import { encodeTcp, TCP_SYN } from '../wire/tcp.ts'
import { encodeUdp } from '../wire/udp.ts'
import type { IcmpMessage, Question } from './question.ts'

/** An Ethernet frame. Throws Failure for a length that the packet cannot have. */
export function questionFrame(question: Question, source: Mac, destination: Mac): Uint8Array {
  const etherType = isIpv6(question) ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4
  return encodeEthernet({ destination, source, tags: [], etherType, payload: questionPacket(question) })
}

/** A first fragment's payload is cut here, if it is no shorter: a multiple of 8 bytes. */
const PIECE_BYTES = 512
/** What a next hop said that takes less. */
const SMALLER_MTU = 1400

function questionPacket(question: Question): Uint8Array {
  const { source, destination, ttl, dontFragment, fragment, identification } = question
  const protocol = protocolNumber(question)
  const whole = transport(question, protocol)
  const more = fragment === 'first'
  const offset = fragment === 'later' ? PIECE_BYTES : 0
  const payload = fragment === undefined ? whole : whole.slice(0, whole.length & ~7)
  if (!isIpv6(question)) {
    const plain = ipv4Header(source.address, destination.address, protocol)
    return encodeIpv4(
      { ...plain, ttl, dontFragment, identification, moreFragments: more, fragmentOffset: offset },
      payload,
    )
  }
  const plain = ipv6Header(source.address, destination.address, protocol)
  const extensions = fragment === undefined ? [] : [ipv6FragmentExtension({ offset, more, identification })]
  return encodeIpv6({ ...plain, hopLimit: ttl, extensions }, payload)
}

function transport(question: Question, protocol: number): Uint8Array {
  const { source, destination, flags } = question
  const bytes = payloadBytes(question)
  const pseudo = (length: number) =>
    pseudoHeaderSum(ipBytes(source.address), ipBytes(destination.address), protocol, length)
  const payload = new Uint8Array(bytes)
  switch (question.protocol) {
    case 'tcp':
      return encodeTcp(
        {
          sourcePort: source.port,
          destinationPort: destination.port,
          sequence: 1,
          acknowledgement: (flags & TCP_SYN) === 0 ? 1 : 0,
          flags,
          window: 64240,
          urgent: 0,
          options: new Uint8Array(0),
          payload,
        },
        pseudo(20 + bytes),
      )
    case 'udp':
      return encodeUdp({ sourcePort: source.port, destinationPort: destination.port, payload }, pseudo(8 + bytes))
    case 'sctp':
      return encodeSctp(question, payload)
    case 'icmp':
      return encodeIcmp(
        icmpMessage(question, payload),
        isIpv6(question) ? pseudo(8 + icmpPayload(question, payload).length) : 0,
      )
  }
}

/** Common header, then one chunk (RFC 9260 section 3). */
function encodeSctp({ source, destination, chunk }: Question, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(SCTP_HEADER_BYTES)
  const view = viewOf(header)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  view.setUint8(12, chunk)
  view.setUint16(14, 4 + payload.length)
  const bytes = concat(header, payload)
  viewOf(bytes).setUint32(8, crc32c(bytes), true)
  return bytes
}

const SCTP_HEADER_BYTES = 16

function icmpMessage(question: Question, payload: Uint8Array): Parameters<typeof encodeIcmp>[0] {
  const { type, code } = ICMP_NUMBERS[question.message][isIpv6(question) ? 6 : 4]
  const word = question.message === 'too-big' ? SMALLER_MTU : question.message === 'echo' ? 0x0001_0001 : 0
  return { type, code, word, payload: icmpPayload(question, payload) }
}

/** An error quotes the packet that it is about. */
function icmpPayload({ quoting }: Question, payload: Uint8Array): Uint8Array {
  return quoting === undefined ? payload : questionPacket(quoting)
}

const ICMP_NUMBERS: Readonly<Record<IcmpMessage, Readonly<Record<4 | 6, { type: number; code: number }>>>> = {
  echo: { 4: { type: ICMP_ECHO_REQUEST, code: 0 }, 6: { type: ICMPV6_ECHO_REQUEST, code: 0 } },
  unreachable: {
    4: { type: ICMP_UNREACHABLE, code: ICMP_PORT_UNREACHABLE },
    6: { type: ICMPV6_UNREACHABLE, code: 4 },
  },
  'too-big': {
    4: { type: ICMP_UNREACHABLE, code: ICMP_FRAGMENTATION_NEEDED },
    6: { type: ICMPV6_PACKET_TOO_BIG, code: 0 },
  },
  expired: { 4: { type: ICMP_TIME_EXCEEDED, code: 0 }, 6: { type: ICMPV6_TIME_EXCEEDED, code: 0 } },
}

/** Behind the transport header, so that the packet has the length that was asked for. */
function payloadBytes(question: Question): number {
  const { protocol, length, fragment } = question
  const ip = isIpv6(question) ? IPV6_HEADER_LENGTH + (fragment === undefined ? 0 : 8) : IPV4_HEADER_LENGTH
  const header = ip + { tcp: 20, udp: 8, sctp: SCTP_HEADER_BYTES, icmp: 8 }[protocol]
  if (length === undefined) return fragment === undefined ? 0 : PIECE_BYTES
  if (length < header || length > 65535)
    throw new Failure(`a packet of this kind has from ${header} to 65535 bytes, not ${length}`, 2)
  return length - header
}

function protocolNumber(question: Question): number {
  if (question.protocol === 'icmp') return isIpv6(question) ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP
  return { tcp: IP_PROTOCOL_TCP, udp: IP_PROTOCOL_UDP, sctp: IP_PROTOCOL_SCTP }[question.protocol]
}

function isIpv6({ source }: Question): boolean {
  return ipFamily(source.address) === 6
}
