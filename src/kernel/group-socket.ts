/**
 * UDP to and from a multicast group on one interface, as ip_vs's synchronisation daemons talk (make_send_sock and
 * make_receive_sock of ip_vs_sync.c): the sender does not hear itself, the receiver hears that interface alone.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, ipBytes, ipFamily } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { DatagramReader } from './datagram.ts'
import { bind, call, connect, errno, refused, send } from './libc.ts'
import {
  domainOf,
  encodeSocketAddress,
  MSG_DONTWAIT,
  openSocket,
  SO_BINDTOIFINDEX,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export interface Group {
  readonly address: Ip
  readonly port: number
  readonly ifindex: number
}

const SO_REUSEADDR = 2
/** A master may have much to tell at once. */
const RECEIVE_BUFFER_BYTES = 8 << 20
const IP_MTU_DISCOVER = 10
const IP_MULTICAST_IF = 32
const IP_MULTICAST_TTL = 33
const IP_MULTICAST_LOOP = 34
const IP_ADD_MEMBERSHIP = 35
const IPV6_MULTICAST_IF = 17
const IPV6_MULTICAST_HOPS = 18
const IPV6_MULTICAST_LOOP = 19
const IPV6_JOIN_GROUP = 20
const IPV6_MTU_DISCOVER = 23
const IP_PMTUDISC_DONT = 0
/** Nobody listens, or the link is down: the next message may fare better. */
const PASSING: readonly number[] = [
  constants.errno.ECONNREFUSED,
  constants.errno.ENETDOWN,
  constants.errno.ENETUNREACH,
  constants.errno.EHOSTUNREACH,
  constants.errno.ENODEV,
  constants.errno.EPERM,
]

abstract class GroupSocket {
  readonly fd: number

  protected constructor(fd: number) {
    this.fd = fd
  }

  close(): void {
    closeSync(this.fd)
  }
}

export class GroupSender extends GroupSocket {
  /** `source` is our address on the interface, which IPv4 wants to be told. ENETUNREACH without a way to the group. */
  constructor({ address, port, ifindex }: Group, ttl: number, source: Ip | undefined) {
    const operation = `send to the group ${address}`
    super(
      openSocket(operation, domainOf(ipFamily(address)), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
        if (ipFamily(address) === 4) {
          setOption(fd, operation, SOL_IP, IP_MULTICAST_IF, ipMreqn('0.0.0.0' as Ip, ifindex))
          setOption(fd, operation, SOL_IP, IP_MULTICAST_LOOP, 0)
          setOption(fd, operation, SOL_IP, IP_MULTICAST_TTL, ttl)
          setOption(fd, operation, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
          if (source !== undefined) {
            const name = encodeSocketAddress(source)
            call(operation, bind(fd, name, name.length))
          }
        } else {
          setOption(fd, operation, SOL_IPV6, IPV6_MULTICAST_IF, ifindex)
          setOption(fd, operation, SOL_IPV6, IPV6_MULTICAST_LOOP, 0)
          setOption(fd, operation, SOL_IPV6, IPV6_MULTICAST_HOPS, ttl)
          setOption(fd, operation, SOL_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DONT)
        }
        const name = encodeSocketAddress(address, port, ifindex)
        call(operation, connect(fd, name, name.length))
      }),
    )
  }

  /** False if the queue is full and it should be tried again; a message that nobody can take is lost. */
  send(bytes: Uint8Array): boolean {
    if (send(this.fd, bytes, bytes.length, MSG_DONTWAIT) !== -1) return true
    const number = errno()
    if (number === constants.errno.EAGAIN || number === constants.errno.ENOBUFS) return false
    if (PASSING.includes(number)) return true
    throw refused('send to a group', number)
  }
}

export class GroupReceiver extends GroupSocket {
  readonly #reader: DatagramReader

  /** Messages of up to `bytesMax`; what is longer is cut. EADDRINUSE if somebody has the port for himself. */
  constructor({ address, port, ifindex }: Group, bytesMax: number) {
    const operation = `listen to the group ${address}`
    super(
      openSocket(operation, domainOf(ipFamily(address)), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
        setOption(fd, operation, SOL_SOCKET, SO_REUSEADDR, 1)
        setOption(fd, operation, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        setOption(fd, operation, SOL_SOCKET, SO_BINDTOIFINDEX, ifindex)
        const name = encodeSocketAddress(address, port, ifindex)
        call(operation, bind(fd, name, name.length))
        if (ipFamily(address) === 4) setOption(fd, operation, SOL_IP, IP_ADD_MEMBERSHIP, ipMreqn(address, ifindex))
        else setOption(fd, operation, SOL_IPV6, IPV6_JOIN_GROUP, ipv6Mreq(address, ifindex))
      }),
    )
    this.#reader = new DatagramReader(bytesMax)
  }

  /** The next message, or undefined if there is none now. */
  receive(): Uint8Array | undefined {
    return this.#reader.receive('receive from a group', this.fd, PASSING)?.bytes
  }
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
