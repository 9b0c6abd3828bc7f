/**
 * What a driver can do with frames outside of the stack: the kernel's `netdev` family (linux/netdev.h, since 6.3), which is
 * of generic netlink, so that its number has to be asked for first (linux/genetlink.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  |    command    |    version    |               0               |
 *  +---------------+---------------+-------------------------------+
 *  |                        attributes …                           |
 *  +---------------------------------------------------------------+
 */
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'

/** The message type of questions about families themselves. */
export const GENL_ID_CTRL = 16
const CTRL_CMD_GETFAMILY = 3
const CTRL_ATTR_FAMILY_ID = 1
const CTRL_ATTR_FAMILY_NAME = 2

const NETDEV_FAMILY = 'netdev'
const NETDEV_CMD_DEV_GET = 1
const NETDEV_A_DEV_IFINDEX = 1
const NETDEV_A_DEV_XDP_FEATURES = 3
/** Takes frames that XDP sends from another interface: NETDEV_XDP_ACT_NDO_XMIT. */
const TRANSMITS = 1 << 2

const HEADER_BYTES = 4
const VERSION = 1
const header = (command: number): Uint8Array => Uint8Array.of(command, VERSION, 0, 0)

/** Asks which number the family has, as message type. */
export function encodeNetdevFamilyQuery(): Uint8Array {
  return nla.attributes(header(CTRL_CMD_GETFAMILY), nla.text(CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY))
}

export function decodeFamily(body: Uint8Array): number | undefined {
  return new Attributes(body.subarray(HEADER_BYTES)).u16(CTRL_ATTR_FAMILY_ID)
}

/** Asks what one interface can do. */
export function encodeNetdevQuery(ifindex: number): Uint8Array {
  return nla.attributes(header(NETDEV_CMD_DEV_GET), nla.u32(NETDEV_A_DEV_IFINDEX, ifindex))
}

/** True if the interface takes frames that XDP sends. */
export function decodeTransmits(body: Uint8Array): boolean {
  const features = new Attributes(body.subarray(HEADER_BYTES)).bytes(NETDEV_A_DEV_XDP_FEATURES)
  return ((features?.[0] ?? 0) & TRANSMITS) !== 0
}
