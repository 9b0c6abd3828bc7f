/** `ICMP echo request, id 1, seq 2, length 64`, and for errors the packet they are about. */
import { viewOf } from '../bytes/view.ts'
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_PORT_UNREACHABLE,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_UNREACHABLE,
  type Icmp,
} from './icmp.ts'
import { decodeIpv4, IP_PROTOCOL_TCP, IP_PROTOCOL_UDP } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { decodeNeighbour, NDP_ADVERTISEMENT, NDP_SOLICITATION } from './ndp.ts'

export function printIcmp(message: Icmp, length: number): string {
  return `ICMP ${icmpWords(message)}, length ${length}`
}

export function printIcmpv6(message: Icmp, length: number): string {
  return `ICMP6, ${icmpv6Words(message)}, length ${length}`
}

function icmpWords(message: Icmp): string {
  const { type, code, word, payload } = message
  switch (type) {
    case ICMP_ECHO_REQUEST:
      return `echo request, ${echoWords(word)}`
    case ICMP_ECHO_REPLY:
      return `echo reply, ${echoWords(word)}`
    case ICMP_UNREACHABLE:
      return unreachableWords(message)
    case ICMP_REDIRECT:
      return `redirect ${quotedDestination(payload)}`
    case ICMP_TIME_EXCEEDED:
      return code === 0 ? 'time exceeded in-transit' : 'ip reassembly time exceeded'
    default:
      return `type-#${type}`
  }
}

function unreachableWords({ code, word, payload }: Icmp): string {
  const quoted = decodeIpv4(payload)
  const destination = quoted.ok ? quoted.value.destination : '?'
  switch (code) {
    case 0:
      return `net ${destination} unreachable`
    case 1:
      return `host ${destination} unreachable`
    case 2:
      return `${destination} protocol ${quoted.ok ? quoted.value.protocol : '?'} unreachable`
    case ICMP_PORT_UNREACHABLE:
      return `${destination} ${quotedPort(payload)} unreachable`
    case ICMP_FRAGMENTATION_NEEDED:
      return `${destination} unreachable - need to frag${(word & 0xffff) === 0 ? '' : ` (mtu ${word & 0xffff})`}`
    case 13:
      return `host ${destination} unreachable - admin prohibited filter`
    default:
      return `${destination} unreachable - #${code}`
  }
}

function quotedDestination(payload: Uint8Array): string {
  const quoted = decodeIpv4(payload)
  return quoted.ok ? quoted.value.destination : '?'
}

/** `udp port 53`, from the first bytes of the packet that could not be delivered. */
function quotedPort(payload: Uint8Array): string {
  const quoted = decodeIpv4(payload)
  if (!quoted.ok || quoted.value.payload.length < 4) return 'port ?'
  const port = viewOf(quoted.value.payload).getUint16(2)
  if (quoted.value.protocol === IP_PROTOCOL_TCP) return `tcp port ${port}`
  return quoted.value.protocol === IP_PROTOCOL_UDP
    ? `udp port ${port}`
    : `protocol ${quoted.value.protocol} port ${port}`
}

function icmpv6Words(message: Icmp): string {
  const { type, code, word, payload } = message
  switch (type) {
    case ICMPV6_ECHO_REQUEST:
      return `echo request, ${echoWords(word)}`
    case ICMPV6_ECHO_REPLY:
      return `echo reply, ${echoWords(word)}`
    case ICMPV6_PACKET_TOO_BIG:
      return `packet too big, mtu ${word}`
    case ICMPV6_TIME_EXCEEDED:
      return `time exceeded in-transit${quotedDestinationV6(payload)}`
    case ICMPV6_UNREACHABLE:
      return `destination unreachable, code ${code}${quotedDestinationV6(payload)}`
    case NDP_SOLICITATION:
    case NDP_ADVERTISEMENT: {
      const neighbour = decodeNeighbour(message)
      if (!neighbour.ok)
        return type === NDP_SOLICITATION ? 'neighbor solicitation [|icmp6]' : 'neighbor advertisement [|icmp6]'
      const { kind, target } = neighbour.value
      return kind === 'solicitation'
        ? `neighbor solicitation, who has ${target}`
        : `neighbor advertisement, tgt is ${target}`
    }
    default:
      return `type ${type}, code ${code}`
  }
}

function quotedDestinationV6(payload: Uint8Array): string {
  const quoted = decodeIpv6(payload)
  return quoted.ok ? ` for ${quoted.value.destination}` : ''
}

function echoWords(word: number): string {
  return `id ${word >>> 16}, seq ${word & 0xffff}`
}
