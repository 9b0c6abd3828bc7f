/**
 * What a network interface does to packets in place of the kernel, switched by the ioctl of ethtool(8) (linux/ethtool.h).
 *
 *  struct ifreq                    struct ethtool_value
 *  +------------------------+      +---------------+---------------+
 *  | interface name, 16     |      |    command    |  1: on 0: off |
 *  | address --------------------> +---------------+---------------+
 *  +------------------------+ 40
 */

import { closeSync } from 'node:fs'
import { viewOf } from '../bytes/view.ts'
import { addressOf, call, ioctl, socket } from './libc.ts'
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM } from './socket.ts'

/** The commands that switch and that ask, ETHTOOL_S… and ETHTOOL_G…. */
const OFFLOADS = {
  /** Leaves the checksum of what is sent to the hardware, and on a veth undone. */
  transmitChecksum: { set: 0x17, get: 0x16 },
  scatterGather: { set: 0x19, get: 0x18 },
  /** Sends TCP in pieces larger than the MTU. */
  tcpSegmentation: { set: 0x1f, get: 0x1e },
  genericSegmentation: { set: 0x24, get: 0x23 },
  /** Receives several TCP packets as one. */
  genericReceive: { set: 0x2c, get: 0x2b },
} as const
export type Offload = keyof typeof OFFLOADS

const SIOCETHTOOL = 0x8946
const IFNAMSIZ = 16

/** Switches offloads of an interface in the current namespace. EOPNOTSUPP if it cannot be switched. */
export function setOffloads(name: string, offloads: { readonly [O in Offload]?: boolean }): void {
  for (const [offload, on] of Object.entries(offloads)) {
    ethtool(`switch ${offload} of ${name} ${on ? 'on' : 'off'}`, name, OFFLOADS[offload as Offload].set, +on)
  }
}

export function readOffload(name: string, offload: Offload): boolean {
  return ethtool(`read ${offload} of ${name}`, name, OFFLOADS[offload].get, 0) !== 0
}

function ethtool(operation: string, name: string, command: number, data: number): number {
  const value = Uint32Array.of(command, data)
  const request = new Uint8Array(40)
  request.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1))
  viewOf(request).setBigUint64(IFNAMSIZ, addressOf(value), true)
  const fd = call(operation, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  try {
    call(operation, ioctl(fd, SIOCETHTOOL, request))
    return value[1]!
  } finally {
    closeSync(fd)
  }
}
