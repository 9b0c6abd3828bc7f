/**
 * Policy routing rules: which table routes which packets (linux/fib_rules.h).
 *
 *  0               8               16              24            31
 *  +---------------+---------------+---------------+---------------+
 *  |    family     | dst. prefix   | source prefix |      TOS      |
 *  +---------------+---------------+---------------+---------------+
 *  | table, low 8  |       0       |       0       | action, FR_…  |
 *  +---------------+---------------+---------------+---------------+
 *  |                             flags                             |
 *  +---------------------------------------------------------------+
 *  |                       attributes, FRA_… …                     |
 *  +---------------------------------------------------------------+
 */
import type { Ip, IpFamily } from '../bytes/address.ts'
import * as nla from './attribute.ts'
import { Attributes } from './attribute.ts'
import { AF_INET, AF_INET6, addressFamily } from './rtnetlink.ts'

/** "If all of this holds, look in that table." What is undefined holds for every packet. */
export interface Rule {
  readonly family: IpFamily
  /** Rules are tried from low to high: 0 is the local table's, 32766 the main table's. */
  readonly priority: number
  readonly table: number
  readonly source?: { readonly address: Ip; readonly prefix: number } | undefined
  readonly destination?: { readonly address: Ip; readonly prefix: number } | undefined
  readonly mark?: { readonly value: number; readonly mask: number } | undefined
  readonly inputInterface?: string | undefined
  readonly outputInterface?: string | undefined
  readonly protocol?: number | undefined
}

const FRA_DST = 1
const FRA_SRC = 2
const FRA_IIFNAME = 3
const FRA_PRIORITY = 6
const FRA_FWMARK = 10
const FRA_TABLE = 15
const FRA_FWMASK = 16
const FRA_OIFNAME = 17
const FRA_PROTOCOL = 21
const FR_ACT_TO_TBL = 1

const HEADER_LENGTH = 12

/** The body of RTM_NEWRULE and RTM_DELRULE. */
export function encodeRule(rule: Rule): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  header[0] = addressFamily(rule.family)
  header[1] = rule.destination?.prefix ?? 0
  header[2] = rule.source?.prefix ?? 0
  header[4] = rule.table < 256 ? rule.table : 0
  header[7] = FR_ACT_TO_TBL
  return nla.attributes(
    header,
    nla.ip(FRA_DST, rule.destination?.address),
    nla.ip(FRA_SRC, rule.source?.address),
    nla.text(FRA_IIFNAME, rule.inputInterface),
    nla.text(FRA_OIFNAME, rule.outputInterface),
    nla.u32(FRA_PRIORITY, rule.priority),
    nla.u32(FRA_FWMARK, rule.mark?.value),
    nla.u32(FRA_FWMASK, rule.mark?.mask),
    nla.u32(FRA_TABLE, rule.table),
    nla.u8(FRA_PROTOCOL, rule.protocol),
  )
}

/** The body of RTM_GETRULE for a dump. */
export function encodeRuleQuery(family: number): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH)
  header[0] = family
  return header
}

/** From the body of RTM_NEWRULE or RTM_DELRULE; undefined if it does not lead to a table, or is too short to be one. */
export function decodeRule(body: Uint8Array): Rule | undefined {
  if (body.length < HEADER_LENGTH) return undefined
  const [family, destinationPrefix = 0, sourcePrefix = 0, , table = 0] = body
  if ((family !== AF_INET && family !== AF_INET6) || body[7] !== FR_ACT_TO_TBL) return undefined
  const attributes = new Attributes(body.subarray(HEADER_LENGTH))
  const prefixed = (address: Ip | undefined, prefix: number) =>
    address === undefined ? undefined : { address, prefix }
  const mark = attributes.u32(FRA_FWMARK)
  return {
    family: family === AF_INET ? 4 : 6,
    priority: attributes.u32(FRA_PRIORITY) ?? 0,
    table: attributes.u32(FRA_TABLE) ?? table,
    source: prefixed(attributes.ip(FRA_SRC), sourcePrefix),
    destination: prefixed(attributes.ip(FRA_DST), destinationPrefix),
    mark: mark === undefined ? undefined : { value: mark, mask: attributes.u32(FRA_FWMASK) ?? 0xffff_ffff },
    inputInterface: attributes.text(FRA_IIFNAME),
    outputInterface: attributes.text(FRA_OIFNAME),
    protocol: attributes.u8(FRA_PROTOCOL),
  }
}
