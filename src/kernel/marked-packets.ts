/**
 * How packets with a firewall mark come to the director. People's rules mark them in prerouting, behind the ingress hook
 * where the director sits; so the first packet of a connection is fetched back from the input hook, by a table of
 * nf_tables of our own, over a cable whose other end has a program of its own:
 *
 *   eth0 ─ ingress: no connection, pass ─▶ prerouting: mark ─▶ input: dup ─▶ sluice-mark ═ sluice-marked: schedule ─▶
 *
 * Later packets belong to a connection, and never get that far. The rules stand behind those of people's own (ip_vs is
 * at the same place), and stay when their maker is gone, as the program does.
 */
import { closeSync, existsSync } from 'node:fs'
import type { Mark } from '../balancer/backing.ts'
import { type Ip, type IpFamily, ip, type Mac } from '../bytes/address.ts'
import { TableError } from '../model/virtual-service.ts'
import { NLM_F_APPEND, NLM_F_CREATE } from '../netlink/message.ts'
import * as nft from '../netlink/nftables.ts'
import { attachIngress, detachIngress } from './attachment.ts'
import { isKernelError } from './errors.ts'
import { createVeth, deleteLink, findLink, linkIndex, setLink } from './link.ts'
import { changeNetfilter, type NetfilterChange } from './netfilter.ts'
import { replaceRoute } from './route.ts'
import { RouteSocket } from './route-socket.ts'
import { writeSysctl } from './sysctl.ts'

/** Where copies go in, and where they come out. */
const ENTRANCE = 'sluice-mark'
export const MARKED_LINK = 'sluice-marked'
/** Both ends have the same, so that what is sent to a neighbour at one is for the other. */
const LINK_MAC = '02:73:6c:75:69:63' as Mac
const LINK_MTU = 65535
/** Nobody's address: RFC 7600 section 4.8, and a discard prefix of RFC 6666. */
const NEIGHBOUR: Readonly<Record<IpFamily, Ip>> = { 4: ip('192.0.0.8'), 6: ip('100::1') }

const TABLE = 'sluice'
const CHAIN = 'input'
const SET = 'marks'
const SET_ID = 1
/** ip_vs's place in the input hook: behind filters, before source translation. */
const PRIORITY = 99

/** What may begin a connection: of TCP a SYN, of UDP anything. SCTP is left to the stack. */
const BEGINNINGS: readonly (readonly Uint8Array[])[] = [
  [
    ...transport(6),
    nft.transportBytes(13, 1, nft.REGISTER.first),
    nft.masked(nft.REGISTER.first, Uint8Array.of(0x06)),
    nft.equals(nft.REGISTER.first, Uint8Array.of(0x02)),
  ],
  transport(17),
]

function transport(protocol: number): readonly Uint8Array[] {
  return [nft.meta('transport', nft.REGISTER.first), nft.equals(nft.REGISTER.first, Uint8Array.of(protocol))]
}

/**
 * From now on packets with these marks come to the program at the cable's exit, and with none, no more; `program` is what
 * is attached there. Throws EOPNOTSUPP where the kernel has no nf_tables that can do it.
 */
export function takeMarkedPackets(
  marks: readonly Mark[],
  program: () => number,
  pinOf: (ifindex: number) => string,
): void {
  using route = new RouteSocket()
  if (marks.length === 0) {
    if (findLink(route, ENTRANCE) !== undefined) releaseMarkedPackets(route, pinOf)
    return
  }
  const cable = layCable(route, program, pinOf)
  for (const family of [4, 6] as const) {
    const wanted = marks.filter(each => each.family === family).map(({ mark }) => mark)
    if (wanted.length === 0) dropTable(family)
    else takeFamily(route, family, cable, wanted)
  }
}

/** Takes away the rules and the cable. */
export function releaseMarkedPackets(route: RouteSocket, pinOf: (ifindex: number) => string): void {
  dropTable(4)
  dropTable(6)
  const exit = findLink(route, MARKED_LINK)
  if (exit !== undefined) detachIngress(route, exit.ifindex, pinOf(exit.ifindex))
  if (findLink(route, ENTRANCE) !== undefined) deleteLink(route, ENTRANCE)
}

interface Cable {
  /** Interfaces' indices. */
  readonly entrance: number
  readonly exit: number
}

/** The cable as it should be, whatever there is of it. */
function layCable(route: RouteSocket, program: () => number, pinOf: (ifindex: number) => string): Cable {
  if (findLink(route, MARKED_LINK) === undefined) {
    if (findLink(route, ENTRANCE) !== undefined) deleteLink(route, ENTRANCE)
    const end = { mac: LINK_MAC, mtu: LINK_MTU, arp: false }
    createVeth(route, { ...end, name: ENTRANCE }, { ...end, name: MARKED_LINK })
    for (const name of [ENTRANCE, MARKED_LINK]) {
      // Nobody lives here: no addresses, no solicitations.
      if (existsSync(`/proc/sys/net/ipv6/conf/${name}`)) writeSysctl(`net.ipv6.conf.${name}.addr_gen_mode`, 1)
      setLink(route, name, { up: true })
    }
    // What the director leaves to the stack comes in here, from wherever it comes.
    writeSysctl(`net.ipv4.conf.${MARKED_LINK}.rp_filter`, 2)
  }
  const exit = linkIndex(route, MARKED_LINK)
  const descriptor = program()
  try {
    attachIngress(route, descriptor, exit, pinOf(exit))
  } finally {
    closeSync(descriptor)
  }
  return { entrance: linkIndex(route, ENTRANCE), exit }
}

const OPERATION = 'take packets by their firewall marks'

function takeFamily(route: RouteSocket, family: IpFamily, { entrance, exit }: Cable, marks: readonly number[]): void {
  const make = (type: number, body: Uint8Array, flags = NLM_F_CREATE): NetfilterChange => ({ type, flags, body })
  const { first } = nft.REGISTER
  const ours = [
    // What the director leaves to the stack is not fetched again.
    nft.meta('interface', first),
    nft.equals(first, nft.word(exit), 'different'),
    nft.meta('mark', first),
    nft.isIn(first, SET, SET_ID),
  ]
  if (family === 6) replaceRoute(route, { destination: NEIGHBOUR[6], prefix: 128, link: entrance })
  try {
    changeNetfilter(OPERATION, [
      ...clearTable(family),
      make(nft.NFT_MSG_NEWTABLE, nft.encodeTable(family, TABLE)),
      make(nft.NFT_MSG_NEWCHAIN, nft.encodeInputChain(family, TABLE, CHAIN, PRIORITY)),
      make(nft.NFT_MSG_NEWSET, nft.encodeMarkSet(family, TABLE, SET, SET_ID)),
      make(nft.NFT_MSG_NEWSETELEM, nft.encodeMarkElements(family, TABLE, SET, SET_ID, marks)),
      ...BEGINNINGS.map(beginning => {
        const expressions = [...ours, ...beginning, ...nft.duplicate(NEIGHBOUR[family], entrance), nft.drop()]
        return make(
          nft.NFT_MSG_NEWRULE,
          nft.encodeRuleOf(family, TABLE, CHAIN, expressions),
          NLM_F_CREATE | NLM_F_APPEND,
        )
      }),
    ])
  } catch (error) {
    if (!isKernelError(error)) throw error
    throw new TableError(
      'EOPNOTSUPP',
      `services by firewall mark need nf_tables in the kernel (modules nf_tables, nft_dup_ipv${family}): ${error.message}`,
    )
  }
}

/** Whether or not there is one: what is made can be deleted. */
function clearTable(family: IpFamily): readonly NetfilterChange[] {
  const body = nft.encodeTable(family, TABLE)
  return [
    { type: nft.NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, body },
    { type: nft.NFT_MSG_DELTABLE, flags: 0, body },
  ]
}

/** A kernel that has no such tables has none of ours. */
function dropTable(family: IpFamily): void {
  try {
    changeNetfilter('leave packets with firewall marks alone', clearTable(family))
  } catch (error) {
    if (!isKernelError(error)) throw error
  }
}
