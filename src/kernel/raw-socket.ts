/**
 * Raw IP sockets: packets of one IP protocol, VRRP's (112), AH (51) or ICMPv6's (58), past TCP and UDP.
 *
 * The two families differ. IPv4 hands over the IP header and lets the sender write it; IPv6 keeps it to itself, tells
 * source, destination and hop limit beside the payload, and takes the source address the same way.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, type IpFamily, ipBytes, ipFamily, ipFromBytes } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { type ControlMessage, type Datagram, DatagramReader, sendDatagram } from './datagram.ts'
import {
  decodeSocketAddress,
  domainOf,
  encodeSocketAddress,
  openSocket,
  SO_BINDTOIFINDEX,
  SO_PRIORITY,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export interface RawSocketOptions {
  readonly family: IpFamily
  readonly protocol: number
  /** Hears and sends on this interface alone; undefined: on all. */
  readonly ifindex?: number | undefined
  /** IPv4: what is sent begins with its IP header. The kernel fills in the checksum, and the identification if it is 0. */
  readonly headerIncluded?: boolean | undefined
  /** ICMPv6: hears these types alone. */
  readonly icmpTypes?: readonly number[] | undefined
  /** Of what is sent: 255 unless said otherwise, as VRRP and NDP demand. */
  readonly ttl?: number | undefined
  /** Of what is sent: 0xc0, internetwork control, unless said otherwise. */
  readonly trafficClass?: number | undefined
}

export interface RawPacket {
  /** IPv4: from the IP header on. IPv6: what follows the headers. */
  readonly bytes: Uint8Array
  readonly source: Ip
  readonly destination: Ip
  /** TTL or hop limit. */
  readonly ttl: number
  readonly ifindex: number
}

const IP_TOS = 1
const IP_TTL = 2
const IP_HDRINCL = 3
const IP_PKTINFO = 8
const IP_MULTICAST_IF = 32
const IP_MULTICAST_TTL = 33
const IP_MULTICAST_LOOP = 34
const IP_ADD_MEMBERSHIP = 35
const IP_DROP_MEMBERSHIP = 36
const IP_MULTICAST_ALL = 49

const IPPROTO_ICMPV6 = 58
const IPV6_UNICAST_HOPS = 16
const IPV6_MULTICAST_IF = 17
const IPV6_MULTICAST_HOPS = 18
const IPV6_MULTICAST_LOOP = 19
const IPV6_JOIN_GROUP = 20
const IPV6_LEAVE_GROUP = 21
const IPV6_MULTICAST_ALL = 29
const IPV6_RECVPKTINFO = 49
const IPV6_PKTINFO = 50
const IPV6_RECVHOPLIMIT = 51
const IPV6_HOPLIMIT = 52
const IPV6_TCLASS = 67
const ICMP6_FILTER = 1

/** Leaves the sender's queue before other traffic; what the kernel gives to internetwork control (TC_PRIO_CONTROL). */
const TC_PRIO_CONTROL = 7
/** Link errors that a raw socket reports once and gets over: the link monitor has told already. */
const PASSING = [constants.errno.ENETDOWN, constants.errno.ENETUNREACH, constants.errno.EHOSTUNREACH]

export class RawSocket {
  readonly fd: number
  readonly #options: RawSocketOptions
  readonly #reader = new DatagramReader()

  /** EPERM without CAP_NET_RAW; EADDRNOTAVAIL (IPv4) or ENODEV (IPv6) if there is no such interface. */
  constructor(options: RawSocketOptions) {
    const operation = `open a raw socket for IP protocol ${options.protocol}`
    this.#options = options
    this.fd = openSocket(operation, domainOf(options.family), SOCK_RAW | SOCK_NONBLOCK, options.protocol, fd =>
      options.family === 4 ? prepareIpv4(fd, options) : prepareIpv6(fd, options),
    )
  }

  /** Hears a multicast group on an interface, until the socket is closed. */
  join(group: Ip, ifindex: number): void {
    this.#membership(`join the group ${group}`, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, group, ifindex)
  }

  leave(group: Ip, ifindex: number): void {
    this.#membership(`leave the group ${group}`, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP, group, ifindex)
  }

  /** `source` is IPv6's way to choose one; in IPv4 it is in the header. ENETDOWN or ENETUNREACH if the link is down. */
  send(bytes: Uint8Array, destination: Ip, source?: Ip): void {
    const ifindex = this.#options.ifindex ?? 0
    const name = encodeSocketAddress(destination, 0, ifindex)
    const control = source !== undefined && ipFamily(source) === 6 ? [packetInfo(source, ifindex)] : []
    sendDatagram(`send to ${destination}`, this.fd, bytes, name, control)
  }

  /** The next packet, or undefined if there is none now. */
  receive(): RawPacket | undefined {
    for (;;) {
      const datagram = this.#reader.receive('receive from a raw socket', this.fd, PASSING)
      if (datagram === undefined) return undefined
      const packet = this.#options.family === 4 ? ipv4Packet(datagram) : ipv6Packet(datagram)
      if (packet !== undefined) return packet
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #membership(operation: string, ipv4: number, ipv6: number, group: Ip, ifindex: number): void {
    if (ipFamily(group) === 4) setOption(this.fd, operation, SOL_IP, ipv4, ipMreqn(group, ifindex))
    else setOption(this.fd, operation, SOL_IPV6, ipv6, ipv6Mreq(group, ifindex))
  }
}

function prepareIpv4(
  fd: number,
  { ifindex = 0, headerIncluded = false, ttl = 255, trafficClass = 0xc0 }: RawSocketOptions,
) {
  prepare(fd, ifindex)
  setOption(fd, 'ask for the packet information of a raw socket', SOL_IP, IP_PKTINFO, 1)
  setOption(fd, 'set the TTL of a raw socket', SOL_IP, IP_TTL, ttl)
  setOption(fd, 'set the TOS of a raw socket', SOL_IP, IP_TOS, trafficClass)
  setOption(fd, 'set the multicast TTL of a raw socket', SOL_IP, IP_MULTICAST_TTL, ttl)
  setOption(fd, 'set the multicast loop of a raw socket', SOL_IP, IP_MULTICAST_LOOP, 0)
  // Without this it hears every group that any program on the machine has joined.
  setOption(fd, 'set the choice of groups of a raw socket', SOL_IP, IP_MULTICAST_ALL, 0)
  if (headerIncluded) setOption(fd, 'write the header of a raw socket', SOL_IP, IP_HDRINCL, 1)
  if (ifindex !== 0)
    setOption(
      fd,
      'set the multicast interface of a raw socket',
      SOL_IP,
      IP_MULTICAST_IF,
      ipMreqn('0.0.0.0' as Ip, ifindex),
    )
}

function prepareIpv6(fd: number, { ifindex = 0, ttl = 255, trafficClass = 0xc0, icmpTypes }: RawSocketOptions) {
  prepare(fd, ifindex)
  if (icmpTypes !== undefined)
    setOption(fd, 'choose the ICMPv6 types of a raw socket', IPPROTO_ICMPV6, ICMP6_FILTER, icmpFilter(icmpTypes))
  setOption(fd, 'ask for the packet information of a raw socket', SOL_IPV6, IPV6_RECVPKTINFO, 1)
  setOption(fd, 'ask for the hop limits of a raw socket', SOL_IPV6, IPV6_RECVHOPLIMIT, 1)
  setOption(fd, 'set the hop limit of a raw socket', SOL_IPV6, IPV6_UNICAST_HOPS, ttl)
  setOption(fd, 'set the traffic class of a raw socket', SOL_IPV6, IPV6_TCLASS, trafficClass)
  setOption(fd, 'set the multicast hop limit of a raw socket', SOL_IPV6, IPV6_MULTICAST_HOPS, ttl)
  setOption(fd, 'set the multicast loop of a raw socket', SOL_IPV6, IPV6_MULTICAST_LOOP, 0)
  setOption(fd, 'set the choice of groups of a raw socket', SOL_IPV6, IPV6_MULTICAST_ALL, 0)
  if (ifindex !== 0) setOption(fd, 'set the multicast interface of a raw socket', SOL_IPV6, IPV6_MULTICAST_IF, ifindex)
}

function prepare(fd: number, ifindex: number): void {
  setOption(fd, 'set the priority of a raw socket', SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL)
  if (ifindex !== 0) setOption(fd, 'set the interface of a raw socket', SOL_SOCKET, SO_BINDTOIFINDEX, ifindex)
}

/** struct icmp6_filter: a bit for each type, set for those that are kept away. */
function icmpFilter(types: readonly number[]): Uint8Array {
  const blocked = new Uint32Array(8).fill(0xffff_ffff)
  for (const type of types) blocked[type >> 5]! &= ~(1 << (type & 31))
  return new Uint8Array(blocked.buffer)
}

/** struct ip_mreqn: group, local address, interface index. */
function ipMreqn(group: Ip, ifindex: number): Uint8Array {
  const bytes = new Uint8Array(12)
  bytes.set(ipBytes(group))
  viewOf(bytes).setInt32(8, ifindex, true)
  return bytes
}

/** struct ipv6_mreq: group, interface index. */
function ipv6Mreq(group: Ip, ifindex: number): Uint8Array {
  const bytes = new Uint8Array(20)
  bytes.set(ipBytes(group))
  viewOf(bytes).setUint32(16, ifindex, true)
  return bytes
}

/** struct in6_pktinfo, which is laid out as ipv6_mreq is. */
function packetInfo(source: Ip, ifindex: number): ControlMessage {
  return { level: SOL_IPV6, type: IPV6_PKTINFO, value: ipv6Mreq(source, ifindex) }
}

function ipv4Packet({ bytes, control }: Datagram): RawPacket | undefined {
  const [, , , , , , , , ttl] = bytes
  // struct in_pktinfo: interface index, our address, header's destination.
  const info = control.find(({ level, type }) => level === SOL_IP && type === IP_PKTINFO)?.value
  if (ttl === undefined || bytes.length < 20 || info === undefined) return undefined
  return {
    bytes,
    source: ipFromBytes(bytes.subarray(12, 16)),
    destination: ipFromBytes(bytes.subarray(16, 20)),
    ttl,
    ifindex: viewOf(info).getInt32(0, true),
  }
}

function ipv6Packet({ bytes, name, control }: Datagram): RawPacket | undefined {
  const info = control.find(({ level, type }) => level === SOL_IPV6 && type === IPV6_PKTINFO)?.value
  const hopLimit = control.find(({ level, type }) => level === SOL_IPV6 && type === IPV6_HOPLIMIT)?.value
  if (info === undefined || hopLimit === undefined) return undefined
  return {
    bytes,
    source: decodeSocketAddress(name, 6),
    destination: ipFromBytes(info.subarray(0, 16)),
    ttl: viewOf(hopLimit).getInt32(0, true),
    ifindex: viewOf(info).getUint32(16, true),
  }
}
