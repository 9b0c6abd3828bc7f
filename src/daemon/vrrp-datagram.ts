/**
 * The IPv4 header in front of an advertisement, as keepalived writes it: internetwork control, may be fragmented, numbered
 * from 1. The kernel fills in the checksum.
 */
import { type Ip, ipBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/view.ts'

export interface VrrpDatagram {
  readonly source: Ip
  readonly destination: Ip
  readonly protocol: number
  readonly hopLimit: number
  readonly identification: number
  readonly payload: Uint8Array
}

const HEADER_LENGTH = 20
const VERSION_AND_LENGTH = 0x45
const INTERNETWORK_CONTROL = 0xc0

export function encodeVrrpDatagram(datagram: VrrpDatagram): Uint8Array {
  const { source, destination, protocol, hopLimit, identification, payload } = datagram
  const header = new Uint8Array(HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, VERSION_AND_LENGTH)
  view.setUint8(1, INTERNETWORK_CONTROL)
  view.setUint16(2, HEADER_LENGTH + payload.length)
  view.setUint16(4, identification)
  view.setUint8(8, hopLimit)
  view.setUint8(9, protocol)
  header.set(ipBytes(source), 12)
  header.set(ipBytes(destination), 16)
  return concat(header, payload)
}
