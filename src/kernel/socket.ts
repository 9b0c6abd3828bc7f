/** What every kind of socket here shares: the numbers of <sys/socket.h>, options, and addresses as C has them. */
import { closeSync } from 'node:fs'
import { type Ip, type IpFamily, ipBytes, ipFamily, ipFromBytes } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { call, type Pointer, setsockopt, socket } from './libc.ts'

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10
export const AF_NETLINK = 16
export const AF_PACKET = 17

export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000

export const SOL_SOCKET = 1
export const SOL_IP = 0
export const SOL_IPV6 = 41
export const SOL_PACKET = 263
export const SOL_NETLINK = 270

export const SO_ERROR = 4
export const SO_RCVBUF = 8
export const SO_PRIORITY = 12
export const SO_RCVTIMEO = 20
export const SO_BINDTODEVICE = 25

export const SO_RCVBUFFORCE = 33
export const SO_MARK = 36
export const SO_BINDTOIFINDEX = 62

export const MSG_DONTWAIT = 0x40
export const MSG_TRUNC = 0x20

/** A socket that closes itself if `prepare` throws. */
export function openSocket(
  operation: string,
  domain: number,
  type: number,
  protocol: number,
  prepare: (fd: number) => void,
): number {
  const fd = call(operation, socket(domain, type | SOCK_CLOEXEC, protocol))
  try {
    prepare(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}

/** Sets an option whose value is an int, or bytes. */
export function setOption(
  fd: number,
  operation: string,
  level: number,
  option: number,
  value: number | Uint8Array,
): void {
  const bytes: Pointer & ArrayBufferView = typeof value === 'number' ? Int32Array.of(value) : value
  call(operation, setsockopt(fd, level, option, bytes, bytes.byteLength))
}

/**
 * struct sockaddr_in                          struct sockaddr_in6
 *  +---------------+---------------+           +---------------+---------------+
 *  |    family     | port, network |           |    family     | port, network |
 *  +---------------+---------------+           +---------------+---------------+
 *  |            address            |           |           flow label          |
 *  +-------------------------------+           +-------------------------------+
 *  |            0, 8 bytes         |           |        address, 16 bytes      |
 *  +-------------------------------+           +-------------------------------+
 *                                              |  interface of a local address |
 *                                              +-------------------------------+
 */
export const SOCKADDR_IN_LENGTH = 16
export const SOCKADDR_IN6_LENGTH = 28

export function encodeSocketAddress(address: Ip, port = 0, ifindex = 0): Uint8Array {
  const family = ipFamily(address)
  const bytes = new Uint8Array(family === 4 ? SOCKADDR_IN_LENGTH : SOCKADDR_IN6_LENGTH)
  const view = viewOf(bytes)
  view.setUint16(0, domainOf(family), true)
  view.setUint16(2, port, false)
  bytes.set(ipBytes(address), family === 4 ? 4 : 8)
  if (family === 6) view.setUint32(24, ifindex, true)
  return bytes
}

/** The address in a sockaddr of either family. */
export function decodeSocketAddress(bytes: Uint8Array, family: IpFamily): Ip {
  return ipFromBytes(family === 4 ? bytes.subarray(4, 8) : bytes.subarray(8, 24))
}

export function domainOf(family: IpFamily): number {
  return family === 4 ? AF_INET : AF_INET6
}
