/**
 * UDP as BFD wants it (RFC 5881 section 4): heard with TTL and own address on the well-known port, sent from a port of
 * the dynamic range that stays the same for a session.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { type Ip, type IpFamily, ip, ipFamily, ipFromBytes } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { type Datagram, DatagramReader, sendDatagram } from './datagram.ts'
import { isKernelError } from './errors.ts'
import { bind, call } from './libc.ts'
import {
  decodeSocketAddress,
  domainOf,
  encodeSocketAddress,
  openSocket,
  SO_PRIORITY,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

const IP_TOS = 1
const IP_TTL = 2
const IP_PKTINFO = 8
const IP_RECVTTL = 12
const IPV6_UNICAST_HOPS = 16
const IPV6_V6ONLY = 26
const IPV6_RECVPKTINFO = 49
const IPV6_PKTINFO = 50
const IPV6_RECVHOPLIMIT = 51
const IPV6_HOPLIMIT = 52
const IPV6_TCLASS = 67
/** Internetwork control. */
const TRAFFIC_CLASS = 0xc0
const TC_PRIO_CONTROL = 7

/** RFC 5881 section 4. */
const SOURCE_PORT_MIN = 49_152
const SOURCE_PORT_MAX = 65_535
const TRIES = 64

export interface BfdDatagram {
  readonly bytes: Uint8Array
  readonly source: Ip
  readonly destination: Ip
  readonly ttl: number
}

/** What comes to a port, from anybody, over one family. */
export class BfdListener {
  readonly fd: number
  readonly #family: IpFamily
  readonly #reader = new DatagramReader(1500)

  /** EADDRINUSE if another program speaks BFD here. */
  constructor(family: IpFamily, port: number) {
    const operation = `listen on UDP port ${port}`
    this.#family = family
    this.fd = openSocket(operation, domainOf(family), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
      if (family === 4) {
        setOption(fd, operation, SOL_IP, IP_RECVTTL, 1)
        setOption(fd, operation, SOL_IP, IP_PKTINFO, 1)
      } else {
        setOption(fd, operation, SOL_IPV6, IPV6_V6ONLY, 1)
        setOption(fd, operation, SOL_IPV6, IPV6_RECVHOPLIMIT, 1)
        setOption(fd, operation, SOL_IPV6, IPV6_RECVPKTINFO, 1)
      }
      const name = encodeSocketAddress(family === 4 ? ip('0.0.0.0') : ip('::'), port)
      call(operation, bind(fd, name, name.length))
    })
  }

  /** The next one, or undefined if there is none now. */
  receive(): BfdDatagram | undefined {
    for (;;) {
      const datagram = this.#reader.receive('receive BFD', this.fd)
      if (datagram === undefined) return undefined
      const read = this.#family === 4 ? ipv4Datagram(datagram) : ipv6Datagram(datagram)
      if (read !== undefined) return read
    }
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** What one session says. */
export class BfdSender {
  readonly #fd: number
  readonly #name: Uint8Array
  readonly #neighbour: Ip

  /** EADDRNOTAVAIL if the source is no address of this machine. `random` is in [0, 1). */
  constructor(neighbour: Ip, port: number, source: Ip | undefined, ttl: number, random: () => number) {
    const family = ipFamily(neighbour)
    const operation = `speak BFD with ${neighbour}`
    this.#neighbour = neighbour
    this.#name = encodeSocketAddress(neighbour, port)
    this.#fd = openSocket(operation, domainOf(family), SOCK_DGRAM | SOCK_NONBLOCK, 0, fd => {
      setOption(fd, operation, SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL)
      if (family === 4) {
        setOption(fd, operation, SOL_IP, IP_TTL, ttl)
        setOption(fd, operation, SOL_IP, IP_TOS, TRAFFIC_CLASS)
      } else {
        setOption(fd, operation, SOL_IPV6, IPV6_UNICAST_HOPS, ttl)
        setOption(fd, operation, SOL_IPV6, IPV6_TCLASS, TRAFFIC_CLASS)
      }
      bindSomewhere(fd, operation, source ?? (family === 4 ? ip('0.0.0.0') : ip('::')), random)
    })
  }

  /** Throws KernelError: ENETUNREACH while there is no way, ECONNREFUSED if nobody listened to the last one. */
  send(bytes: Uint8Array): void {
    sendDatagram(`speak BFD with ${this.#neighbour}`, this.#fd, bytes, this.#name)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** A port that is taken is no reason to give up: there are sixteen thousand. */
function bindSomewhere(fd: number, operation: string, source: Ip, random: () => number): void {
  for (let tries = 1; ; tries++) {
    const port = SOURCE_PORT_MIN + Math.floor(random() * (SOURCE_PORT_MAX - SOURCE_PORT_MIN + 1))
    const name = encodeSocketAddress(source, port)
    try {
      call(operation, bind(fd, name, name.length))
      return
    } catch (error) {
      if (!isKernelError(error) || error.errno !== constants.errno.EADDRINUSE || tries === TRIES) throw error
    }
  }
}

function ipv4Datagram({ bytes, name, control }: Datagram): BfdDatagram | undefined {
  const ttl = control.find(({ level, type }) => level === SOL_IP && type === IP_TTL)?.value
  // struct in_pktinfo: interface index, our address, header's destination.
  const info = control.find(({ level, type }) => level === SOL_IP && type === IP_PKTINFO)?.value
  if (ttl === undefined || info === undefined) return undefined
  return {
    bytes,
    source: decodeSocketAddress(name, 4),
    destination: ipFromBytes(info.subarray(8, 12)),
    ttl: viewOf(ttl).getInt32(0, true),
  }
}

function ipv6Datagram({ bytes, name, control }: Datagram): BfdDatagram | undefined {
  const hopLimit = control.find(({ level, type }) => level === SOL_IPV6 && type === IPV6_HOPLIMIT)?.value
  const info = control.find(({ level, type }) => level === SOL_IPV6 && type === IPV6_PKTINFO)?.value
  if (hopLimit === undefined || info === undefined) return undefined
  return {
    bytes,
    source: decodeSocketAddress(name, 6),
    destination: ipFromBytes(info.subarray(0, 16)),
    ttl: viewOf(hopLimit).getInt32(0, true),
  }
}
