/**
 * Packets such as a director meets, and such as nobody should send: of clients and of servers, whole and in pieces,
 * errors about what went out before, other protocols; and of all these, broken ones. Checksums are as random as the rest:
 * the data path only changes them.
 */
import { type Ip, ipBytes, ipFamily } from '../../src/bytes/address.ts'
import { concat } from '../../src/bytes/concat.ts'
import type { Random } from '../bpf/random.ts'

/** Who there is: few, so that packets meet the connections of others. */
export interface Cast {
  readonly clients: readonly Ip[]
  readonly services: readonly { readonly address: Ip; readonly port: number; readonly protocol: number }[]
  readonly servers: readonly { readonly address: Ip; readonly port: number }[]
}

const TCP = 6
const UDP = 17
const ICMP = { 4: 1, 6: 58 } as const
const OTHER_PROTOCOLS = [0, 2, 4, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 253]
const TCP_FLAGS = [0x02, 0x02, 0x02, 0x10, 0x10, 0x18, 0x11, 0x01, 0x04, 0x14, 0x12, 0x00, 0x06, 0x29]
const ICMP_TYPES = { 4: [3, 3, 3, 4, 11, 11, 12, 5, 0, 8], 6: [1, 1, 2, 2, 3, 3, 4, 128, 129, 135] } as const
const EXTENSIONS = [0, 43, 60, 60, 44]
/** What was sent and what came out of late: what errors are about. */
const MEMORY = 64
const LENGTH_MAX = 3000

export class PacketSource {
  private readonly random: Random
  private readonly cast: Cast
  private readonly seen: Uint8Array[] = []
  /** Pieces that have yet to come. */
  private readonly pieces: Uint8Array[] = []

  constructor(random: Random, cast: Cast) {
    this.random = random
    this.cast = cast
  }

  /** A frame, from Ethernet's header on. */
  next(): Uint8Array {
    const { random } = this
    const piece =
      this.pieces.length > 0 && random.oneIn(2) ? this.pieces.splice(random.below(this.pieces.length), 1) : []
    const packet = piece[0] ?? this.packet()
    return this.framed(random.oneIn(6) ? this.broken(packet) : packet)
  }

  /** Lets errors quote the packet of this frame. */
  remember(frame: Uint8Array): void {
    this.seen.push(frame.slice(14))
    if (this.seen.length > MEMORY) this.seen.splice(this.random.below(MEMORY), 1)
  }

  private framed(packet: Uint8Array): Uint8Array {
    const { random } = this
    const ethernet = new Uint8Array(14)
    // A test run is as if on loopback, whose hardware address is zero.
    if (random.oneIn(30))
      ethernet.set(random.pick([random.bytes(6), new Uint8Array(6).fill(0xff), Uint8Array.of(1, 0, 94, 0, 0, 1)]))
    ethernet.set([2, 0, 0, 0, 0, 9], 6)
    const type = (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800
    const wrong = random.oneIn(100) ? random.pick([0x0806, 0x8100, 0x88a8, 0x0800, 0x86dd, 100]) : type
    ethernet.set([wrong >> 8, wrong & 0xff], 12)
    if (random.oneIn(100))
      return concat(ethernet.subarray(0, 12), Uint8Array.of(0x81, 0, 0, 7), ethernet.subarray(12), packet)
    return concat(ethernet, packet)
  }

  private packet(): Uint8Array {
    const { random } = this
    switch (random.below(12)) {
      case 0:
      case 1:
        return this.reply()
      case 2:
      case 3:
        return this.error()
      case 4:
        return this.inPieces()
      case 5:
        return this.stray()
      default:
        return this.request()
    }
  }

  /** Of a client, to a service or nearly one. */
  private request(): Uint8Array {
    const { random, cast } = this
    const service = random.pick(cast.services)
    const port = service.port === 0 || random.oneIn(20) ? random.pick([22, 80, 81]) : service.port
    const protocol = random.oneIn(20) ? random.pick([TCP, UDP]) : service.protocol
    return this.ip(this.client(service.address), service.address, protocol, this.transport(protocol, this.port(), port))
  }

  /** Of a server, to a client. */
  private reply(): Uint8Array {
    const { random, cast } = this
    const server = random.pick(cast.servers)
    const protocol = random.pick([TCP, TCP, UDP])
    const port = server.port === 0 || random.oneIn(10) ? random.pick([22, 80, 81, 53]) : server.port
    return this.ip(server.address, this.client(server.address), protocol, this.transport(protocol, port, this.port()))
  }

  /** About a packet that was seen, or about none. */
  private error(): Uint8Array {
    const { random, cast } = this
    const about = this.seen.length === 0 || random.oneIn(10) ? this.request() : random.pick(this.seen)
    const family = (about[0] ?? 0) >> 4 === 6 ? 6 : 4
    const everybody = [
      ...cast.clients,
      ...cast.services.map(each => each.address),
      ...cast.servers.map(each => each.address),
    ]
    const mine = everybody.filter(each => ipFamily(each) === family)
    if (mine.length === 0) return this.request()
    const header = Uint8Array.from([random.pick(ICMP_TYPES[family]), random.below(6), ...random.bytes(6)])
    if (random.oneIn(2)) header.set([0, 0, random.pick([0, 2, 4, 5]), random.below(256)], 4)
    const quoted = about.subarray(0, random.pick([about.length, 28, 48, 60, 68, 100, 120, 8]))
    return this.ip(random.pick(mine), random.pick(mine), ICMP[family], concat(header, quoted))
  }

  private stray(): Uint8Array {
    const { random, cast } = this
    const service = random.pick(cast.services)
    return this.ip(
      this.client(service.address),
      service.address,
      random.pick(OTHER_PROTOCOLS),
      random.bytes(random.below(80)),
    )
  }

  /** The first piece of a request or reply; the others come later, or never. */
  private inPieces(): Uint8Array {
    const { random } = this
    const whole = random.oneIn(3) ? this.reply() : this.request()
    const isIpv6 = whole[0]! >> 4 === 6
    const at = isIpv6 ? 40 : (whole[0]! & 15) * 4
    const payload = concat(whole.subarray(at), random.bytes(random.pick([40, 200])))
    const cut = random.pick([8, 16, 24, 40])
    const identification = random.pick([1, 2, 3, random.below(0x10000)])
    const pieces = [0, cut, cut + 16].map((start, i) => {
      const more = i < 2
      const body = payload.subarray(start, more ? [cut, cut + 16][i] : undefined)
      return isIpv6
        ? this.piece6(whole, body, start, more, identification)
        : this.piece4(whole.subarray(0, at), body, start, more, identification)
    })
    this.pieces.push(...pieces.slice(1))
    if (this.pieces.length > 12) this.pieces.splice(0, 4)
    return pieces[0]!
  }

  private piece4(header: Uint8Array, body: Uint8Array, start: number, more: boolean, id: number): Uint8Array {
    const packet = concat(header, body)
    const view = new DataView(packet.buffer)
    view.setUint16(2, packet.length)
    view.setUint16(4, id)
    view.setUint16(6, (start >> 3) | (more ? 0x2000 : 0))
    return packet
  }

  private piece6(whole: Uint8Array, body: Uint8Array, start: number, more: boolean, id: number): Uint8Array {
    const header = new Uint8Array(8)
    const view = new DataView(header.buffer)
    view.setUint8(0, whole[6]!)
    view.setUint16(2, start | (more ? 1 : 0))
    view.setUint32(4, id)
    const packet = concat(whole.subarray(0, 40), header, body)
    packet[6] = 44
    new DataView(packet.buffer).setUint16(4, packet.length - 40)
    return packet
  }

  private transport(protocol: number, source: number, destination: number): Uint8Array {
    const { random } = this
    const long = random.oneIn(12) ? random.pick([1440, 1460, 1473, 1500, 2000]) : random.below(60)
    const bytes = random.bytes((protocol === TCP ? 20 : 8) + long)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, source)
    view.setUint16(2, destination)
    if (protocol === TCP) {
      view.setUint8(12, 0x50)
      view.setUint8(13, random.pick(TCP_FLAGS))
    } else {
      view.setUint16(4, bytes.length)
      if (random.oneIn(4)) view.setUint16(6, 0)
    }
    return bytes
  }

  private ip(source: Ip, destination: Ip, protocol: number, payload: Uint8Array): Uint8Array {
    return ipFamily(destination) === 6
      ? this.ipv6(source, destination, protocol, payload)
      : this.ipv4(source, destination, protocol, payload)
  }

  private ipv4(source: Ip, destination: Ip, protocol: number, payload: Uint8Array): Uint8Array {
    const { random } = this
    const options = random.oneIn(12) ? 4 * (1 + random.below(10)) : 0
    const header = random.bytes(20 + options)
    const view = new DataView(header.buffer)
    view.setUint8(0, 0x45 + options / 4)
    view.setUint16(2, header.length + payload.length)
    view.setUint16(6, random.oneIn(3) ? 0x4000 : 0)
    view.setUint8(8, random.oneIn(20) ? random.below(3) : 64)
    view.setUint8(9, protocol)
    header.set(ipBytes(source), 12)
    header.set(ipBytes(destination), 16)
    return concat(header, payload)
  }

  private ipv6(source: Ip, destination: Ip, protocol: number, payload: Uint8Array): Uint8Array {
    const { random } = this
    const chain: Uint8Array[] = []
    let next = protocol
    while (random.oneIn(chain.length === 0 ? 5 : 2) && chain.length < 9) {
      const kind = random.pick(EXTENSIONS)
      const extension = random.bytes(kind === 44 ? 8 : 8 * (1 + random.below(random.oneIn(8) ? 20 : 2)))
      extension[0] = next
      extension[1] = kind === 44 ? 0 : extension.length / 8 - 1
      // Mostly one that is the whole packet.
      if (kind === 44) extension.set(random.oneIn(4) ? [0, 1] : [0, 0], 2)
      chain.unshift(extension)
      next = kind
    }
    const header = random.bytes(40)
    header[0] = 0x60 | (header[0]! & 15)
    header[6] = next
    header[7] = random.oneIn(20) ? random.below(3) : 64
    header.set(ipBytes(source), 8)
    header.set(ipBytes(destination), 24)
    const packet = concat(header, ...chain, payload)
    new DataView(packet.buffer).setUint16(4, packet.length - 40)
    return packet
  }

  private broken(packet: Uint8Array): Uint8Array {
    const { random } = this
    const copy = packet.slice()
    switch (random.below(5)) {
      case 0:
        return copy.subarray(0, random.below(Math.min(copy.length, 80)))
      case 1:
        return copy.subarray(0, random.below(copy.length + 1))
      case 2:
        return concat(copy, random.bytes(random.below(40))).subarray(0, LENGTH_MAX)
      default:
        for (let i = random.below(4); i >= 0; i--)
          copy[random.below(random.oneIn(2) ? Math.min(copy.length, 48) : copy.length)] = random.pick([
            0,
            255,
            random.word() & 255,
          ])
        return copy
    }
  }

  private client(like: Ip): Ip {
    return this.random.pick(this.cast.clients.filter(each => ipFamily(each) === ipFamily(like)))
  }

  private port(): number {
    return this.random.oneIn(8) ? this.random.below(0x10000) : 1 + this.random.below(8)
  }
}
