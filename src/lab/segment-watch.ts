/** Watches the segment from the client's side: advertisements, and who claims the virtual address. */
import { type Ip, ip, MAC_BROADCAST, type Mac, parseMac } from '../bytes/address.ts'
import { linkIndex } from '../kernel/link.ts'
import { ETH_P_ARP, PacketSocket } from '../kernel/packet-socket.ts'
import { Poller } from '../kernel/poller.ts'
import { RawSocket } from '../kernel/raw-socket.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { ARP_REQUEST, encodeArp } from '../wire/arp.ts'
import { ETHERTYPE_ARP, encodeEthernet } from '../wire/ethernet.ts'
import { IP_PROTOCOL_VRRP } from '../wire/vrrp.ts'
import type { Host } from './host.ts'
import { type AdvertSighting, type ArpSighting, type Sighting, sightAdvert, sightArp } from './sighting.ts'
import { HOSTS, type HostName, VIP } from './topology.ts'

const VRRP_GROUP = ip('224.0.0.18')
const NO_MAC = parseMac('00:00:00:00:00:00')!

export class SegmentWatch {
  readonly #client: Host
  readonly #poller = new Poller()
  readonly #arp: PacketSocket
  readonly #vrrp: RawSocket
  readonly #sightings: Sighting[] = []

  constructor(client: Host) {
    this.#client = client
    using route = new RouteSocket(client.namespace)
    const ifindex = linkIndex(route, 'eth0')
    this.#arp = client.here(() => new PacketSocket({ ifindex, etherType: ETH_P_ARP }))
    this.#vrrp = client.here(() => new RawSocket({ family: 4, protocol: IP_PROTOCOL_VRRP, ifindex }))
    this.#vrrp.join(VRRP_GROUP, ifindex)
    this.#poller.watch(this.#arp.fd, () => this.#read(() => this.#arp.receive(), sightArp))
    this.#poller.watch(this.#vrrp.fd, () => this.#read(() => this.#vrrp.receive(), sightAdvert))
  }

  /** The first claim of the virtual address by that host, of its own accord, at or after `moment`. */
  announcement(by: HostName, moment: number): ArpSighting | undefined {
    return this.claims(moment).find(({ mac, gratuitous }) => gratuitous && mac === HOSTS[by].mac)
  }

  /** Who said at or after `moment` to have the virtual address, asked or not. */
  claims(moment: number): ArpSighting[] {
    return this.#sightings.filter(
      sighting => sighting.kind === 'arp' && sighting.at >= moment && sighting.address === VIP,
    ) as ArpSighting[]
  }

  adverts(by: HostName, moment: number): AdvertSighting[] {
    const [source] = HOSTS[by].addresses
    return this.#sightings.filter(
      sighting => sighting.kind === 'advert' && sighting.at >= moment && sighting.source === source,
    ) as AdvertSighting[]
  }

  /** Asks the segment who has the virtual address; whoever thinks so answers. */
  askWhoHasIt(): void {
    const { mac, addresses } = this.#client.plan
    this.#arp.send(whoHas(VIP, addresses[0], mac))
  }

  close(): void {
    this.#poller.close()
    this.#arp.close()
    this.#vrrp.close()
  }

  #read(
    receive: () => { readonly bytes: Uint8Array } | undefined,
    sight: (bytes: Uint8Array, at: number) => Sighting | undefined,
  ): void {
    for (let received = receive(); received !== undefined; received = receive()) {
      const sighting = sight(received.bytes, performance.now())
      if (sighting !== undefined) this.#sightings.push(sighting)
    }
  }
}

function whoHas(targetIp: Ip, senderIp: Ip, source: Mac): Uint8Array {
  const payload = encodeArp({ operation: ARP_REQUEST, senderMac: source, senderIp, targetMac: NO_MAC, targetIp })
  return encodeEthernet({ destination: MAC_BROADCAST, source, tags: [], etherType: ETHERTYPE_ARP, payload })
}
