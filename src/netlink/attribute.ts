/**
 * Netlink attributes: type, length, value, as often as needed and nested at will (linux/netlink.h).
 *
 *  0               8               16              24            31
 *  +-------------------------------+--+--+-------------------------+
 *  |   length, with these 4 bytes  |N |B |          type           |
 *  +-------------------------------+--+--+-------------------------+
 *  |              value …, then zeros up to a multiple of 4        |
 *  +---------------------------------------------------------------+
 *   N: the value is itself attributes   B: the value is in network byte order
 *
 * Writing composes bytes: an attribute whose value is undefined is no attribute, so an optional one needs no `if`.
 *
 *     attributes(text(IFLA_IFNAME, 'eth0'), u32(IFLA_MTU, mtu), nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, 'veth')))
 *
 * Reading is lenient: an attribute that is absent, or too short for what is asked, reads as undefined.
 */
import { type Ip, ipBytes, ipFromBytes, type Mac, macBytes, macFromBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/view.ts'
import { align4 } from './message.ts'

const ATTRIBUTE_HEADER_LENGTH = 4
export const NLA_F_NESTED = 0x8000
const NLA_TYPE_MASK = 0x3fff
const NONE: Uint8Array = new Uint8Array(0)

/** Attributes one after the other, each padded to four bytes. */
export function attributes(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts)
}

export function bytes(type: number, value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) return NONE
  const length = ATTRIBUTE_HEADER_LENGTH + value.length
  const attribute = new Uint8Array(align4(length))
  const view = viewOf(attribute)
  view.setUint16(0, length, true)
  view.setUint16(2, type, true)
  attribute.set(value, ATTRIBUTE_HEADER_LENGTH)
  return attribute
}

export function u8(type: number, value: number | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, Uint8Array.of(value))
}

export function u16(type: number, value: number | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, new Uint8Array(Uint16Array.of(value).buffer))
}

/** In network byte order, as the kernel has protocol numbers and ports. */
export function u16be(type: number, value: number | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, Uint8Array.of(value >> 8, value & 0xff))
}

export function u32(type: number, value: number | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, new Uint8Array(Uint32Array.of(value).buffer))
}

/** With its terminating NUL, which most of the kernel's policies want. */
export function text(type: number, value: string | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, new TextEncoder().encode(`${value}\0`))
}

export function ip(type: number, value: Ip | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, ipBytes(value))
}

export function mac(type: number, value: Mac | undefined): Uint8Array {
  return value === undefined ? NONE : bytes(type, macBytes(value))
}

/** Present or not, without a value. */
export function flag(type: number, value: boolean | undefined): Uint8Array {
  return value === true ? bytes(type, NONE) : NONE
}

export function nested(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytes(type | NLA_F_NESTED, attributes(...parts))
}

/** What came in one message, by type. Where a type is repeated, the last one counts, as in the kernel; `list` has all. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>()
  readonly #list: (readonly [type: number, value: Uint8Array])[] = []

  /** Reads as far as the bytes make sense. */
  constructor(encoded: Uint8Array) {
    const view = viewOf(encoded)
    for (let at = 0; at + ATTRIBUTE_HEADER_LENGTH <= encoded.length; ) {
      const length = view.getUint16(at, true)
      if (length < ATTRIBUTE_HEADER_LENGTH || length > encoded.length - at) break
      const type = view.getUint16(at + 2, true) & NLA_TYPE_MASK
      const value = encoded.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length)
      this.#values.set(type, value)
      this.#list.push([type, value])
      at += align4(length)
    }
  }

  get list(): readonly (readonly [type: number, value: Uint8Array])[] {
    return this.#list
  }

  has(type: number): boolean {
    return this.#values.has(type)
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type)
  }

  u8(type: number): number | undefined {
    return this.#values.get(type)?.[0]
  }

  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, true)
  }

  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, true)
  }

  s32(type: number): number | undefined {
    return this.#view(type, 4)?.getInt32(0, true)
  }

  /** Up to the first NUL. */
  text(type: number): string | undefined {
    const value = this.#values.get(type)
    if (value === undefined) return undefined
    const end = value.indexOf(0)
    return new TextDecoder().decode(end === -1 ? value : value.subarray(0, end))
  }

  ip(type: number): Ip | undefined {
    const value = this.#values.get(type)
    return value?.length === 4 || value?.length === 16 ? ipFromBytes(value) : undefined
  }

  mac(type: number): Mac | undefined {
    const value = this.#values.get(type)
    return value?.length === 6 ? macFromBytes(value) : undefined
  }

  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type)
    return value === undefined ? undefined : new Attributes(value)
  }

  #view(type: number, length: number): DataView | undefined {
    const value = this.#values.get(type)
    if (value === undefined || value.length < length) return undefined
    return viewOf(value)
  }
}
