import { closeSync } from 'node:fs'
import { type Ip, ipFamily } from '../bytes/address.ts'
import { isKernelError } from './errors.ts'
import { call, connect, getsockname } from './libc.ts'
import {
  decodeSocketAddress,
  domainOf,
  encodeSocketAddress,
  openSocket,
  SOCK_DGRAM,
  SOCKADDR_IN6_LENGTH,
} from './socket.ts'

/** Any port: nothing is sent. */
const DISCARD = 9

/** The address that this machine would send from to reach another; undefined if it knows no way there. */
export function routeSource(address: Ip): Ip | undefined {
  const operation = `find the way to ${address}`
  const family = ipFamily(address)
  const fd = openSocket(operation, domainOf(family), SOCK_DGRAM, 0, () => {})
  try {
    const there = encodeSocketAddress(address, DISCARD)
    call(operation, connect(fd, there, there.length))
    const here = new Uint8Array(SOCKADDR_IN6_LENGTH)
    call(operation, getsockname(fd, here, Uint32Array.of(here.length)))
    return decodeSocketAddress(here, family)
  } catch (error) {
    if (isKernelError(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES')) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}
