/** The elections' network on real interfaces: raw sockets for VRRP, packet sockets for ARP, netlink for the rest. */
import { encodeAnnouncement } from '../arp/announce.ts'
import { claimIn, claimInNeighbour } from '../arp/claim.ts'
import { type Ip, type IpFamily, ip, ipFamily, type Mac } from '../bytes/address.ts'
import { addAddress, addresses, deleteAddress } from '../kernel/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import { findLink, type Link, links } from '../kernel/link.ts'
import { ETH_P_ARP, PacketSocket } from '../kernel/packet-socket.ts'
import { Poller } from '../kernel/poller.ts'
import { RawSocket } from '../kernel/raw-socket.ts'
import { RouteMonitor } from '../kernel/route-monitor.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { readSysctl, writeSysctl } from '../kernel/sysctl.ts'
import type { AddressFlag, VrrpInstance } from '../model/vrrp-instance.ts'
import {
  IFA_F_HOMEADDRESS,
  IFA_F_MANAGETEMPADDR,
  IFA_F_MCAUTOJOIN,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
} from '../netlink/address.ts'
import type { HeldAddress, PlacedAddress } from '../reconcile/addresses.ts'
import type { OutgoingPacket } from '../vrrp/advertise.ts'
import { receivedIpv4 } from '../vrrp/received.ts'
import { IP_PROTOCOL_AH } from '../wire/ah.ts'
import { encodeIpv4, ipv4Header } from '../wire/ipv4.ts'
import { IP_PROTOCOL_ICMPV6 } from '../wire/ipv6.ts'
import { NDP_ADVERTISEMENT } from '../wire/ndp.ts'
import { IP_PROTOCOL_VRRP } from '../wire/vrrp.ts'
import type { ElectionNetwork, InterfaceState, NetworkNews } from './election-network.ts'
import { homeOf, transmitterOf } from './home-of.ts'
import { VirtualMacs } from './virtual-mac.ts'

/** The TOS of keepalived's advertisements. */
const INTERNETWORK_CONTROL = 0xc0

/** Whom a machine tells that an address is its own. */
const ALL_NODES = ip('ff02::1')

const ADDRESS_FLAGS: Readonly<Record<AddressFlag, number>> = {
  home: IFA_F_HOMEADDRESS,
  nodad: IFA_F_NODAD,
  mngtmpaddr: IFA_F_MANAGETEMPADDR,
  noprefixroute: IFA_F_NOPREFIXROUTE,
  autojoin: IFA_F_MCAUTOJOIN,
}

/** An interface that instances live on, with its sockets by family and IP protocol. */
interface Segment {
  readonly link: Link
  readonly raw: Map<string, RawSocket>
  /** The multicast groups that were joined, by socket. */
  readonly groups: Map<RawSocket, Set<Ip>>
  readonly arp: PacketSocket
  /** What neighbours say of themselves; on a machine without IPv6 nobody does. */
  readonly neighbours: RawSocket | undefined
}

export class KernelNetwork implements ElectionNetwork {
  readonly #news: NetworkNews
  readonly #poller = new Poller()
  readonly #route = new RouteSocket()
  readonly #monitor = new RouteMonitor(['link', 'address'])
  readonly #segments = new Map<string, Segment>()
  readonly #virtualMacs: VirtualMacs
  /** Of all interfaces of this machine: none of them is a stranger. */
  #ownMacs: ReadonlySet<Mac> = new Set()
  /** What `promote_secondaries` was before. */
  readonly #promoted = new Map<string, string>()
  #identification = 0

  /** EPERM without CAP_NET_RAW and CAP_NET_ADMIN. */
  constructor(news: NetworkNews, log: (text: string) => void) {
    this.#news = news
    this.#virtualMacs = new VirtualMacs(this.#route, log)
    this.#poller.watch(this.#monitor.fd, () => {
      let changed = false
      while (this.#monitor.receive() !== undefined) changed = true
      if (changed) this.#news.changed()
    })
  }

  listen(instances: readonly VrrpInstance[]): void {
    this.#virtualMacs.arrange(instances)
    this.#promote(instances)
    this.#ownMacs = new Set(links(this.#route).flatMap(({ mac }) => mac ?? []))
    const names = new Set(instances.flatMap(interfacesOf))
    for (const [name, segment] of this.#segments) {
      const link = findLink(this.#route, name)
      if (names.has(name) && link?.ifindex === segment.link.ifindex && link.mac === segment.link.mac) continue
      this.#leave(segment)
      this.#segments.delete(name)
    }
    for (const name of names) if (!this.#segments.has(name)) this.#enter(name)
    for (const instance of instances) this.#hear(instance)
  }

  look(name: string): InterfaceState | undefined {
    const link = findLink(this.#route, name)
    if (link === undefined) return undefined
    const usable = addresses(this.#route, { link: link.ifindex }).filter(({ tentative }) => !tentative)
    return {
      up: link.up && link.running,
      addresses: usable.map(({ address, scope }) => ({ address, linkLocal: scope === 'link' })),
    }
  }

  send(instance: VrrpInstance, source: Ip, packet: OutgoingPacket): void {
    const { destination, protocol, payload, hopLimit } = packet
    const socket = this.#segments.get(transmitterOf(instance))?.raw.get(socketKey(instance.family, protocol))
    if (socket === undefined) return
    if (instance.family === 6) {
      socket.send(payload, destination, source)
      return
    }
    this.#identification = (this.#identification % 0xffff) + 1
    const plain = ipv4Header(source, destination, protocol)
    const header = { ...plain, tos: INTERNETWORK_CONTROL, ttl: hopLimit, identification: this.#identification }
    socket.send(packet.datagram ?? encodeIpv4(header, payload), destination)
  }

  announce(name: string, address: Ip): void {
    const segment = this.#segments.get(name)
    const mac = segment?.link.mac
    if (segment === undefined || mac === undefined) return
    segment.arp.send(encodeAnnouncement(address, mac, ipFamily(address) === 6 && isRouter(name)))
  }

  held(): readonly HeldAddress[] {
    const names = new Map(links(this.#route).map(({ ifindex, name }) => [ifindex, name]))
    return addresses(this.#route).map(({ ifindex, address, prefix }) => {
      return { interface: names.get(ifindex) ?? `interface ${ifindex}`, address, prefix }
    })
  }

  add({
    interface: name,
    address,
    prefix,
    scope,
    broadcast,
    label,
    peer,
    flags,
    preferredLifetimeS,
  }: PlacedAddress): void {
    // A virtual address is to be usable at once; whether somebody else has it is the election's question.
    const noDuplicateCheck = ipFamily(address) === 6 ? IFA_F_NODAD : 0
    const named = flags.reduce((bits, flag) => bits | ADDRESS_FLAGS[flag], 0)
    const preferredS = preferredLifetimeS
    const change = { address, prefix, scope, broadcast, label, peer, preferredS, flags: noDuplicateCheck | named }
    addAddress(this.#route, name, change)
  }

  remove({ interface: name, address, prefix }: HeldAddress): void {
    deleteAddress(this.#route, name, { address, prefix })
  }

  close(): void {
    this.#poller.close()
    for (const segment of this.#segments.values()) this.#leave(segment)
    this.#segments.clear()
    this.#virtualMacs.close()
    for (const [parameter, value] of this.#promoted) writeSysctl(parameter, value)
    this.#monitor.close()
    this.#route.close()
  }

  /** Of a network's addresses the kernel takes all away with the first, unless it is told to keep the others. */
  #promote(instances: readonly VrrpInstance[]): void {
    for (const { promoteSecondaries, interface: name } of instances) {
      const parameter = `net.ipv4.conf.${name.replaceAll('.', '/')}.promote_secondaries`
      if (!promoteSecondaries || this.#promoted.has(parameter) || findLink(this.#route, name) === undefined) continue
      this.#promoted.set(parameter, readSysctl(parameter))
      writeSysctl(parameter, 1)
    }
  }

  /**
   * With a virtual MAC it hears on that device alone: the kernel hands it everything for the group that the interface
   * below gets, and what comes from another router's device of the same MAC nobody else.
   */
  #hear(instance: VrrpInstance): void {
    const segment = this.#segments.get(transmitterOf(instance))
    if (segment === undefined) return
    const { family, multicastGroup, unicastPeers, authentication } = instance
    const protocol = authentication.type === 'ah' ? IP_PROTOCOL_AH : IP_PROTOCOL_VRRP
    const key = socketKey(family, protocol)
    const { ifindex } = segment.link
    const socket = segment.raw.get(key) ?? new RawSocket({ family, protocol, ifindex, headerIncluded: family === 4 })
    if (!segment.raw.has(key)) {
      segment.raw.set(key, socket)
      segment.groups.set(socket, new Set())
      this.#poller.watch(socket.fd, () => this.#readPackets(instance.interface, family, socket))
    }
    const joined = segment.groups.get(socket)!
    if (unicastPeers.length > 0 || joined.has(multicastGroup)) return
    socket.join(multicastGroup, ifindex)
    joined.add(multicastGroup)
  }

  #enter(name: string): void {
    const link = findLink(this.#route, name)
    if (link === undefined) return
    const segment = {
      link,
      raw: new Map(),
      groups: new Map(),
      arp: new PacketSocket({ ifindex: link.ifindex, etherType: ETH_P_ARP }),
      neighbours: openNeighbours(link.ifindex),
    }
    this.#segments.set(name, segment)
    this.#poller.watch(segment.arp.fd, () => this.#readArp(name, segment.arp))
    const { neighbours } = segment
    if (neighbours !== undefined) this.#poller.watch(neighbours.fd, () => this.#readNeighbours(name, neighbours))
  }

  #leave(segment: Segment): void {
    for (const socket of [...segment.raw.values(), segment.arp, ...(segment.neighbours ? [segment.neighbours] : [])]) {
      this.#poller.unwatch(socket.fd)
      socket.close()
    }
  }

  #readPackets(name: string, family: IpFamily, socket: RawSocket): void {
    for (let packet = socket.receive(); packet !== undefined; packet = socket.receive()) {
      if (family === 6) {
        const { source, destination, ttl, bytes } = packet
        this.#news.heard(name, 6, { source, destination, hopLimit: ttl, payload: bytes, authenticated: undefined })
        continue
      }
      const received = receivedIpv4(packet.bytes)
      if (received.ok) this.#news.heard(name, 4, received.value)
      else this.#news.unreadable(name, received.drop)
    }
  }

  #readNeighbours(name: string, socket: RawSocket): void {
    for (let packet = socket.receive(); packet !== undefined; packet = socket.receive()) {
      const claim = claimInNeighbour(packet.bytes, packet.ttl)
      if (claim !== undefined && !this.#ownMacs.has(claim.mac)) this.#news.claimed(name, claim.address, claim.mac)
    }
  }

  #readArp(name: string, socket: PacketSocket): void {
    for (let frame = socket.receive(); frame !== undefined; frame = socket.receive()) {
      const claim = claimIn(frame.bytes)
      if (claim === undefined || this.#ownMacs.has(claim.mac)) continue
      this.#news.claimed(name, claim.address, claim.mac)
    }
  }
}

/**
 * Undefined where there is no IPv6: in the kernel, or on an interface of less than 1280 bytes. Whatever else is against it
 * is no reason to have no election either: nobody but the log would miss what is heard here.
 */
function openNeighbours(ifindex: number): RawSocket | undefined {
  let socket: RawSocket | undefined
  try {
    socket = new RawSocket({ family: 6, protocol: IP_PROTOCOL_ICMPV6, ifindex, icmpTypes: [NDP_ADVERTISEMENT] })
    socket.join(ALL_NODES, ifindex)
    return socket
  } catch (error) {
    socket?.close()
    if (!isKernelError(error)) throw error
    return undefined
  }
}

function socketKey(family: IpFamily, protocol: number): string {
  return `${family} ${protocol}`
}

/** Its own interface, and those that its addresses go to. */
function interfacesOf(instance: VrrpInstance): readonly string[] {
  const { interface: own, addresses, excludedAddresses } = instance
  return [own, homeOf(instance), ...[...addresses, ...excludedAddresses].flatMap(({ interface: name }) => name ?? [])]
}

/** Whether it forwards IPv6 from this interface, as its announcements tell the hosts there. */
function isRouter(name: string): boolean {
  return readSysctl(`net.ipv6.conf.${name.replaceAll('.', '/')}.forwarding`) !== '0'
}
