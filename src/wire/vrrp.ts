/**
 * VRRP advertisements: version 2 (RFC 3768 section 5.1, authentication as in RFC 2338) and version 3 (RFC 9568 section 5.1).
 *
 *  0               8               16              24            31
 *  +-------+-------+---------------+---------------+---------------+
 *  |version| type 1|   router id   |   priority    | address count |
 *  +-------+-------+---------------+---------------+---------------+
 *  |   auth type   |  interval, s  |           checksum            |   version 2
 *  | rsvd  |     interval, cs      |           checksum            |   version 3
 *  +-------+-------+---------------+---------------+---------------+
 *  |  address count × (4 or 16) bytes …                            |
 *  +---------------------------------------------------------------+
 *  |  authentication data, 8 bytes; version 2 over IPv4 only       |
 *  +---------------------------------------------------------------+
 *
 * The checksum is over all of it. Version 3 adds the pseudo-header of IP (RFC 5798 section 5.2.8); over IPv4, RFC 9568
 * does without, and both dialects are met (see `checksum-dialect.ts` in vrrp/). Version 2 over IPv4 never has one.
 *
 * Version 2 over IPv6 is no standard: keepalived sends it with a pseudo-header and without authentication data.
 *
 * Bytes in, values out. Nothing is judged here beyond what is needed to read: neither type nor checksum, since
 * keepalived reports a wrong password before a wrong checksum. That order is `vrrp/`'s business.
 */
import { type Ip, type IpFamily, ipBytes, ipFromBytes } from '../bytes/address.ts'
import { checksum, pseudoHeaderSum } from '../bytes/checksum.ts'
import { concat } from '../bytes/concat.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const IP_PROTOCOL_VRRP = 112
export const VRRP_ADVERTISEMENT = 1
export const VRRP_HEADER_LENGTH = 8
export const VRRP_AUTH_DATA_LENGTH = 8

export const AUTH_NONE = 0
export const AUTH_PASS = 1
export const AUTH_AH = 2

export type Advertisement = AdvertisementV2 | AdvertisementV3

interface AdvertisementFields {
  /** VRRP_ADVERTISEMENT; no other is defined. */
  readonly type: number
  readonly routerId: number
  readonly priority: number
  /** As many as the count says, in the order of the wire. */
  readonly addresses: readonly Ip[]
}

export interface AdvertisementV2 extends AdvertisementFields {
  readonly version: 2
  /** AUTH_NONE, AUTH_PASS, AUTH_AH, or whatever else came. */
  readonly authType: number
  readonly intervalS: number
  /** 8 bytes; empty over IPv6. */
  readonly authData: Uint8Array
}

export interface AdvertisementV3 extends AdvertisementFields {
  readonly version: 3
  /** 12 bits: up to 40.95 s. */
  readonly intervalCs: number
}

export type AdvertisementDrop = 'short' | 'version' | 'length'

/** Reads the payload of an IP packet of `family`. Bytes after the advertisement's own are padding. */
export function decodeAdvertisement(bytes: Uint8Array, family: IpFamily): Decoded<Advertisement, AdvertisementDrop> {
  if (bytes.length < VRRP_HEADER_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const version = knownVersion(view.getUint8(0) >> 4)
  if (version === undefined) return { ok: false, drop: 'version' }
  const length = advertisementLength(version, family, view.getUint8(3))
  if (bytes.length < length) return { ok: false, drop: 'length' }

  const addresses: Ip[] = []
  const width = family === 4 ? 4 : 16
  const addressesEnd = VRRP_HEADER_LENGTH + view.getUint8(3) * width
  for (let offset = VRRP_HEADER_LENGTH; offset < addressesEnd; offset += width) {
    addresses.push(ipFromBytes(bytes.subarray(offset, offset + width)))
  }
  const fields = { type: view.getUint8(0) & 0xf, routerId: view.getUint8(1), priority: view.getUint8(2), addresses }
  if (version === 3) return { ok: true, value: { version, ...fields, intervalCs: view.getUint16(4) & 0xfff } }
  const authData = bytes.slice(addressesEnd, length)
  const value = { version, ...fields, authType: view.getUint8(4), intervalS: view.getUint8(5), authData }
  return { ok: true, value }
}

/** `pseudo` is the sum of the IP pseudo-header (`vrrpPseudoSum`) for version 3, 0 where the dialect has none. */
export function encodeAdvertisement(advertisement: Advertisement, pseudo: number): Uint8Array {
  const header = new Uint8Array(VRRP_HEADER_LENGTH)
  const view = viewOf(header)
  view.setUint8(0, (advertisement.version << 4) | advertisement.type)
  view.setUint8(1, advertisement.routerId)
  view.setUint8(2, advertisement.priority)
  view.setUint8(3, advertisement.addresses.length)
  if (advertisement.version === 3) view.setUint16(4, advertisement.intervalCs & 0xfff)
  else {
    view.setUint8(4, advertisement.authType)
    view.setUint8(5, advertisement.intervalS)
  }
  const authData = advertisement.version === 2 ? advertisement.authData : new Uint8Array(0)
  const bytes = concat(header, ...advertisement.addresses.map(ipBytes), authData)
  writeChecksum(bytes, pseudo)
  return bytes
}

/** Puts the checksum over all the bytes where it belongs. */
export function writeChecksum(bytes: Uint8Array, pseudo: number): void {
  const view = viewOf(bytes)
  view.setUint16(6, 0)
  view.setUint16(6, checksum(bytes, pseudo))
}

function knownVersion(version: number): 2 | 3 | undefined {
  return version === 2 || version === 3 ? version : undefined
}

/** How many bytes an advertisement with so many addresses takes. */
export function advertisementLength(version: 2 | 3, family: IpFamily, addressCount: number): number {
  const authLength = version === 2 && family === 4 ? VRRP_AUTH_DATA_LENGTH : 0
  return VRRP_HEADER_LENGTH + addressCount * (family === 4 ? 4 : 16) + authLength
}

/** The pseudo-header's part of a version 3 checksum over a message of `length` bytes. */
export function vrrpPseudoSum(source: Ip, destination: Ip, length: number): number {
  return pseudoHeaderSum(ipBytes(source), ipBytes(destination), IP_PROTOCOL_VRRP, length)
}

/** Eight bytes from the password of `auth_type PASS`: cut, or filled with zeros (RFC 2338 section 5.3.6.1). */
export function authDataFromPassword(password: string): Uint8Array {
  const data = new Uint8Array(VRRP_AUTH_DATA_LENGTH)
  data.set(new TextEncoder().encode(password).subarray(0, VRRP_AUTH_DATA_LENGTH))
  return data
}
