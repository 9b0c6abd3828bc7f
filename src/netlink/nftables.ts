/**
 * Messages to nf_tables (linux/netfilter/nf_tables.h): tables, base chains, sets and rules, as far as we make any.
 *
 *  0               8               16              24            31
 *  +---------------+---------------+-------------------------------+
 *  | family, NFPROTO_… |  version 0  |  subsystem, network byte order |
 *  +---------------+---------------+-------------------------------+
 *  |                   attributes, NFTA_… …                        |
 *  +---------------------------------------------------------------+
 *
 * Numbers in attributes are in network byte order; what a register holds is as the packet or the kernel has it. Changes
 * come in a batch, which happens whole or not at all. A rule is a list of expressions that pass values on in registers;
 * the first that does not hold ends it.
 */
import { type Ip, type IpFamily, ipBytes } from '../bytes/address.ts'
import * as nla from './attribute.ts'
import { addressFamily } from './rtnetlink.ts'

const SUBSYSTEM = 10
const VERSION = 0
/** The messages around a batch; its subsystem is in their header. */
export const NFNL_MSG_BATCH_BEGIN = 16
export const NFNL_MSG_BATCH_END = 17

const message = (number: number): number => (SUBSYSTEM << 8) | number
export const NFT_MSG_NEWTABLE: number = message(0)
export const NFT_MSG_DELTABLE: number = message(2)
export const NFT_MSG_NEWCHAIN: number = message(3)
export const NFT_MSG_NEWRULE: number = message(6)
export const NFT_MSG_NEWSET: number = message(9)
export const NFT_MSG_NEWSETELEM: number = message(12)

const NFTA_LIST_ELEM = 1
const NFTA_DATA_VALUE = 1
const NFTA_DATA_VERDICT = 2

/** The body of NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END. */
export function encodeBatchEdge(): Uint8Array {
  return Uint8Array.of(0, VERSION, 0, SUBSYSTEM)
}

/** The body of NFT_MSG_NEWTABLE and NFT_MSG_DELTABLE. */
export function encodeTable(family: IpFamily, name: string): Uint8Array {
  return nla.attributes(header(family), nla.text(1, name))
}

/** A chain that packets for this machine pass, `priority` after others of lower ones; what it does not drop goes on. */
export function encodeInputChain(family: IpFamily, table: string, name: string, priority: number): Uint8Array {
  const hook = nla.nested(4, u32be(1, NF_INET_LOCAL_IN), u32be(2, priority))
  return nla.attributes(header(family), nla.text(1, table), nla.text(3, name), hook, nla.text(7, 'filter'))
}
const NF_INET_LOCAL_IN = 1

/** A set of firewall marks; `id` is for what refers to it in the same batch. */
export function encodeMarkSet(family: IpFamily, table: string, name: string, id: number): Uint8Array {
  return nla.attributes(
    header(family),
    nla.text(1, table),
    nla.text(2, name),
    u32be(3, 0),
    u32be(4, TYPE_MARK),
    u32be(5, 4),
    u32be(10, id),
  )
}
/** What nft(8) calls the type of such elements. */
const TYPE_MARK = 19

export function encodeMarkElements(
  family: IpFamily,
  table: string,
  set: string,
  id: number,
  marks: readonly number[],
): Uint8Array {
  const elements = marks.map(mark => nla.nested(NFTA_LIST_ELEM, nla.nested(1, nla.bytes(NFTA_DATA_VALUE, word(mark)))))
  return nla.attributes(header(family), nla.text(1, table), nla.text(2, set), nla.nested(3, ...elements), u32be(4, id))
}

/** The body of NFT_MSG_NEWRULE, of one that comes after those that are there. */
export function encodeRuleOf(
  family: IpFamily,
  table: string,
  chain: string,
  expressions: readonly Uint8Array[],
): Uint8Array {
  return nla.attributes(header(family), nla.text(1, table), nla.text(2, chain), nla.nested(4, ...expressions))
}

// Expressions. Registers hold up to sixteen bytes; the verdict has one of its own.

export const REGISTER = { verdict: 0, first: 1, second: 2 } as const
export const META = { mark: 3, interface: 4, transport: 16 } as const

/** Loads something about the packet. */
export function meta(key: keyof typeof META, register: number): Uint8Array {
  return expression('meta', u32be(1, register), u32be(2, META[key]))
}

/** Loads bytes of the transport header and what follows it. */
export function transportBytes(offset: number, length: number, register: number): Uint8Array {
  return expression('payload', u32be(1, register), u32be(2, TRANSPORT_HEADER), u32be(3, offset), u32be(4, length))
}
const TRANSPORT_HEADER = 2

/** Keeps the bits of a mask. */
export function masked(register: number, mask: Uint8Array): Uint8Array {
  return expression(
    'bitwise',
    u32be(1, register),
    u32be(2, register),
    u32be(3, mask.length),
    nla.nested(4, nla.bytes(NFTA_DATA_VALUE, mask)),
    nla.nested(5, nla.bytes(NFTA_DATA_VALUE, new Uint8Array(mask.length))),
  )
}

/** Holds if the register has that value, or with `different`, any other. */
export function equals(register: number, value: Uint8Array, different: 'same' | 'different' = 'same'): Uint8Array {
  const operation = u32be(2, different === 'same' ? 0 : 1)
  return expression('cmp', u32be(1, register), operation, nla.nested(3, nla.bytes(NFTA_DATA_VALUE, value)))
}

/** Holds if the set has the register's value. */
export function isIn(register: number, set: string, id: number): Uint8Array {
  return expression('lookup', nla.text(1, set), u32be(2, register), u32be(4, id))
}

export function immediate(register: number, value: Uint8Array): Uint8Array {
  return expression('immediate', u32be(1, register), nla.nested(2, nla.bytes(NFTA_DATA_VALUE, value)))
}

/** Sends a copy of the packet to a neighbour, out of the interface with that index. */
export function duplicate(address: Ip, ifindex: number): readonly Uint8Array[] {
  return [
    immediate(REGISTER.first, ipBytes(address)),
    immediate(REGISTER.second, word(ifindex)),
    expression('dup', u32be(1, REGISTER.first), u32be(2, REGISTER.second)),
  ]
}

/** The packet ends here. */
export function drop(): Uint8Array {
  return expression(
    'immediate',
    u32be(1, REGISTER.verdict),
    nla.nested(2, nla.nested(NFTA_DATA_VERDICT, u32be(1, NF_DROP))),
  )
}
const NF_DROP = 0

/** A number as a register has it: in the order of the host. */
export function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

function expression(name: string, ...data: readonly Uint8Array[]): Uint8Array {
  return nla.nested(NFTA_LIST_ELEM, nla.text(1, name), nla.nested(2, ...data))
}

function header(family: IpFamily): Uint8Array {
  return Uint8Array.of(addressFamily(family), VERSION, 0, 0)
}

function u32be(type: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value)
  return nla.bytes(type, bytes)
}
