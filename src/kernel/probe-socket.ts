/**
 * Sockets for health checks that leave by a certain interface or carry a firewall mark, which node's own cannot, and
 * those that send pings. The first are handed to node as descriptors; the last are raw sockets, so that nothing depends
 * on `net.ipv4.ping_group_range`.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, type IpFamily, ip, ipFamily } from '../bytes/address.ts'
import { bind, call, connect, errno, recv, refused, send } from './libc.ts'
import {
  domainOf,
  encodeSocketAddress,
  MSG_DONTWAIT,
  openSocket,
  SO_BINDTODEVICE,
  SO_MARK,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export interface SocketWishes {
  /** Undefined: whichever the routes say. */
  readonly interface: string | undefined
  /** 0: none. */
  readonly mark: number
}

/** Where a connection is to come from: undefined and 0 leave it to the kernel. */
export interface Source {
  readonly address: Ip | undefined
  readonly port: number
}

/** A TCP socket that is not connected yet. The caller closes it. */
export function openStreamSocket(family: IpFamily, wishes: SocketWishes, source: Source = ANY_SOURCE): number {
  return openSocket('open a TCP socket', domainOf(family), SOCK_STREAM | SOCK_NONBLOCK, 0, fd => {
    grant(fd, wishes)
    if (source.address === undefined && source.port === 0) return
    shareSourcePorts(fd, source.port)
    const name = encodeSocketAddress(source.address ?? ip(family === 4 ? '0.0.0.0' : '::'), source.port)
    call(`connect from ${source.address ?? 'any address'}`, bind(fd, name, name.length))
  })
}

const ANY_SOURCE: Source = { address: undefined, port: 0 }

/**
 * Without a port the kernel may choose one at connect, when it knows the other end: one that is taken towards another server
 * will do (IP_BIND_ADDRESS_NO_PORT, ip(7)). With one it must be free again for the next check: closing resets the
 * connection, so that nothing lingers in TIME_WAIT.
 */
function shareSourcePorts(fd: number, port: number): void {
  if (port === 0) setOption(fd, 'choose a port late', SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
  else {
    setOption(fd, 'use a port again', SOL_SOCKET, SO_REUSEADDR, 1)
    setOption(fd, 'free a port at once', SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer))
  }
}

/** A UDP socket, bound. The caller closes it. */
export function openUdpSocket(address: Ip, port: number, wishes: SocketWishes): number {
  return openSocket('open a UDP socket', domainOf(ipFamily(address)), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
    grant(fd, wishes)
    const name = encodeSocketAddress(address, port)
    call(`send from ${address}`, bind(fd, name, name.length))
  })
}

const IP_BIND_ADDRESS_NO_PORT = 24
const SO_REUSEADDR = 2
const SO_LINGER = 13

const IPPROTO_ICMP = 1
const IPPROTO_ICMPV6 = 58
const SOL_RAW = 255
const ICMP_FILTER = 1
const ICMPV6_FILTER = 1
const ECHO_REPLY = 0
const ECHO_REPLY_6 = 129

/** Echo replies of one target, and what is sent to it. */
export class EchoSocket {
  readonly fd: number
  readonly #target: Ip
  readonly #bytes = new Uint8Array(2048)

  constructor(target: Ip, source: Ip | undefined, wishes: SocketWishes) {
    const family = ipFamily(target)
    this.#target = target
    const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6
    this.fd = openSocket('open a socket for pings', domainOf(family), SOCK_RAW | SOCK_NONBLOCK, protocol, fd => {
      grant(fd, wishes)
      if (family === 4) setOption(fd, 'hear echo replies alone', SOL_RAW, ICMP_FILTER, ~(1 << ECHO_REPLY))
      else setOption(fd, 'hear echo replies alone', IPPROTO_ICMPV6, ICMPV6_FILTER, allBut(ECHO_REPLY_6))
      if (source !== undefined) {
        const name = encodeSocketAddress(source)
        call(`send from ${source}`, bind(fd, name, name.length))
      }
      const name = encodeSocketAddress(target)
      call(`reach ${target}`, connect(fd, name, name.length))
    })
  }

  send(message: Uint8Array): void {
    call(`ping ${this.#target}`, send(this.fd, message, message.length, MSG_DONTWAIT))
  }

  /** The next ICMP message, or undefined if there is none now. An error that somebody reported by ICMP is thrown. */
  receive(): Uint8Array | undefined {
    const length = recv(this.fd, this.#bytes, this.#bytes.length, MSG_DONTWAIT)
    if (length !== -1) {
      // IPv4 hands over the IP header too.
      const header = ipFamily(this.#target) === 4 ? (this.#bytes[0]! & 0x0f) * 4 : 0
      return this.#bytes.slice(header, length)
    }
    const error = errno()
    if (error === constants.errno.EAGAIN || error === constants.errno.EINTR) return undefined
    throw refused(`hear from ${this.#target}`, error)
  }

  close(): void {
    closeSync(this.fd)
  }
}

function grant(fd: number, { interface: device, mark }: SocketWishes): void {
  if (device !== undefined)
    setOption(fd, `send by ${device}`, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${device}\0`))
  if (mark !== 0) setOption(fd, `mark packets with ${mark}`, SOL_SOCKET, SO_MARK, mark | 0)
}

/** struct icmp6_filter: a bit for each type that is blocked. */
function allBut(type: number): Uint8Array {
  const words = new Uint32Array(8).fill(0xffff_ffff)
  words[type >> 5]! &= ~(1 << (type & 31))
  return new Uint8Array(words.buffer)
}
