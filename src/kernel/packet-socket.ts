/**
 * Packet sockets: whole Ethernet frames of one kind, as they come in and go out of an interface.
 *
 * A VLAN tag, which the kernel takes out of the frame on the way in, is put back, so that a frame reads as it was sent.
 *
 *  struct sockaddr_ll
 *  0               8               16              24            31
 *  +-------------------------------+-------------------------------+
 *  |           AF_PACKET           |   EtherType, network order    |
 *  +-------------------------------+-------------------------------+
 *  |                       interface index                         |
 *  +-------------------------------+---------------+---------------+
 *  |        hardware type          | packet type   | address length|
 *  +-------------------------------+---------------+---------------+
 *  |                 hardware address, 8 bytes                     |
 *  +---------------------------------------------------------------+
 */

import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { viewOf } from '../bytes/view.ts'
import { type Datagram, DatagramReader } from './datagram.ts'
import { bind, call, send } from './libc.ts'
import {
  AF_PACKET,
  MSG_DONTWAIT,
  openSocket,
  SO_RCVBUFFORCE,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
  setOption,
} from './socket.ts'

/** Every kind of frame, those going out included. */
export const ETH_P_ALL = 3
export const ETH_P_ARP = 0x0806

/** Whom a frame is for, seen from here: `other` is for another host and came in because the interface is promiscuous. */
export type Destined = 'host' | 'broadcast' | 'multicast' | 'other' | 'outgoing'
const DESTINED: readonly Destined[] = ['host', 'broadcast', 'multicast', 'other', 'outgoing']

export interface ReceivedFrame {
  readonly bytes: Uint8Array
  readonly ifindex: number
  readonly destined: Destined
}

export interface PacketSocketOptions {
  readonly ifindex: number
  /** What it hears; undefined: nothing, it is for sending. */
  readonly etherType?: number | undefined
  /** What the kernel may keep for us until we read. */
  readonly receiveBufferBytes?: number | undefined
}

const PACKET_AUXDATA = 8
const TP_STATUS_VLAN_VALID = 0x10
const TP_STATUS_VLAN_TPID_VALID = 0x40
const ETH_P_8021Q = 0x8100
/** After both hardware addresses. */
const TAG_OFFSET = 12
/** Told once when the interface goes down; frames flow again when it is up. */
const PASSING = [constants.errno.ENETDOWN]

export class PacketSocket {
  readonly fd: number
  readonly #reader = new DatagramReader()

  /** EPERM without CAP_NET_RAW; ENODEV if there is no such interface. */
  constructor({ ifindex, etherType = 0, receiveBufferBytes }: PacketSocketOptions) {
    const operation = `open a packet socket on interface ${ifindex}`
    // It is made deaf and hears from bind(2) on, so that no frame of another interface gets in between.
    this.fd = openSocket(operation, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0, fd => {
      if (receiveBufferBytes !== undefined) {
        setOption(fd, 'enlarge the receive buffer of a packet socket', SOL_SOCKET, SO_RCVBUFFORCE, receiveBufferBytes)
      }
      setOption(fd, 'ask for the VLAN tags of a packet socket', SOL_PACKET, PACKET_AUXDATA, 1)
      const address = sockaddrLl(ifindex, etherType)
      call(operation, bind(fd, address, address.length))
    })
  }

  /** A frame from its destination address on. ENETDOWN if the interface is down. */
  send(frame: Uint8Array): void {
    call('send a frame', send(this.fd, frame, frame.length, MSG_DONTWAIT))
  }

  /** The next frame, or undefined if there is none now. */
  receive(): ReceivedFrame | undefined {
    const datagram = this.#reader.receive('receive from a packet socket', this.fd, PASSING)
    if (datagram === undefined) return undefined
    const name = viewOf(datagram.name)
    return {
      bytes: withVlanTag(datagram),
      ifindex: name.getInt32(4, true),
      destined: DESTINED[name.getUint8(10)] ?? 'other',
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function sockaddrLl(ifindex: number, etherType: number): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = viewOf(bytes)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, etherType, false)
  view.setInt32(4, ifindex, true)
  return bytes
}

/** struct tpacket_auxdata: status, length, length captured, offsets (2 + 2 bytes), then the tag's TCI and TPID. */
function withVlanTag({ bytes, control }: Datagram): Uint8Array {
  const value = control.find(({ level, type }) => level === SOL_PACKET && type === PACKET_AUXDATA)?.value
  if (value === undefined || value.length < 20 || bytes.length < TAG_OFFSET) return bytes
  const aux = viewOf(value)
  const status = aux.getUint32(0, true)
  if ((status & TP_STATUS_VLAN_VALID) === 0) return bytes
  const tagged = new Uint8Array(bytes.length + 4)
  tagged.set(bytes.subarray(0, TAG_OFFSET))
  const view = viewOf(tagged)
  view.setUint16(TAG_OFFSET, (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? aux.getUint16(18, true) : ETH_P_8021Q, false)
  view.setUint16(TAG_OFFSET + 2, aux.getUint16(16, true), false)
  tagged.set(bytes.subarray(TAG_OFFSET), TAG_OFFSET + 4)
  return tagged
}
