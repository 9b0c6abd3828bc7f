/**
 * Sockets for health checks that leave by a certain interface or carry a firewall mark, which node's own cannot, and
 * those that send pings. The first are handed to node as descriptors; the last are raw sockets, so that nothing depends
 * on `net.ipv4.ping_group_range`.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, type IpFamily, ipFamily } from '../bytes/address.ts'
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
  SOL_SOCKET,
  setOption,
} from './socket.ts'

export interface SocketWishes {
  /** Undefined: whichever the routes say. */
  readonly interface: string | undefined
  /** 0: none. */
  readonly mark: number
}

/** A TCP socket that is not connected yet. The caller closes it. */
export function openStreamSocket(family: IpFamily, wishes: SocketWishes): number {
  return openSocket('open a TCP socket', domainOf(family), SOCK_STREAM | SOCK_NONBLOCK, 0, fd => grant(fd, wishes))
}

/** A UDP socket, bound. The caller closes it. */
export function openUdpSocket(address: Ip, port: number, wishes: SocketWishes): number {
  return openSocket('open a UDP socket', domainOf(ipFamily(address)), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
    grant(fd, wishes)
    const name = encodeSocketAddress(address, port)
    call(`send from ${address}`, bind(fd, name, name.length))
  })
}

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
