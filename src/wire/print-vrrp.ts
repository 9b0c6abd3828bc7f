import { checksum } from '../bytes/checksum.ts'
import type { Carried } from './carried.ts'
import type { PrintOptions } from './print-options.ts'
import { type Advertisement, AUTH_PASS, advertisementLength, decodeAdvertisement, vrrpPseudoSum } from './vrrp.ts'

const AUTH_TYPES = ['none', 'simple', 'ah']

/** `VRRPv2, Advertisement, vrid 51, prio 100, authtype simple, intvl 1s, length 20`. */
export function printVrrp(carried: Carried, options: PrintOptions = {}): string {
  const { payload, length } = carried
  const decoded = decodeAdvertisement(payload, carried.source.includes(':') ? 6 : 4)
  if (!decoded.ok) return decoded.drop === 'version' ? `VRRPv${payload[0]! >> 4}, length ${length}` : '[|vrrp]'
  const advertisement = decoded.value
  const { version, type, routerId, priority } = advertisement
  const kind = type === 1 ? 'Advertisement' : `[type#${type}]`
  const line = `VRRPv${version}, ${kind}, vrid ${routerId}, prio ${priority}, ${timing(advertisement)}, length ${length}`
  return options.detail ? line + details(carried, advertisement) : line
}

function timing(advertisement: Advertisement): string {
  if (advertisement.version === 3) return `intvl ${advertisement.intervalCs}cs`
  const auth = AUTH_TYPES[advertisement.authType] ?? `[type#${advertisement.authType}]`
  return `authtype ${auth}, intvl ${advertisement.intervalS}s`
}

function details({ source, destination, payload }: Carried, advertisement: Advertisement): string {
  const { version, addresses } = advertisement
  const family = source.includes(':') ? 6 : 4
  const message = payload.subarray(0, advertisementLength(version, family, addresses.length))
  const pseudo = version === 2 && family === 4 ? 0 : vrrpPseudoSum(source, destination, message.length)
  // Over IPv4, version 3 goes with and without a pseudo-header.
  const right = checksum(message, pseudo) === 0 || (family === 4 && checksum(message) === 0)
  const sum = right ? '' : `, (bad vrrp cksum ${((message[6]! << 8) | message[7]!).toString(16)})`
  const password =
    advertisement.version === 2 && advertisement.authType === AUTH_PASS
      ? ` auth "${printable(advertisement.authData)}"`
      : ''
  return `${sum}, addrs${addresses.length > 1 ? `(${addresses.length})` : ''}: ${addresses.join(',')}${password}`
}

/** Up to the first zero, with dots for what a terminal should not be told. */
function printable(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const text = end < 0 ? bytes : bytes.subarray(0, end)
  return Array.from(text, byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
}
