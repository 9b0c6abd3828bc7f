/** Where the fields of a packet's headers lie. Addresses, ports and checksums are taken raw: in network order, as they are. */

export const ETHERNET = {
  target: [0, 'u32'],
  targetEnd: [4, 'u16'],
  source: [6, 'u16'],
  sourceEnd: [8, 'u32'],
  type: [12, 'u16'],
} as const
export const ETHERNET_BYTES = 14
/** EtherTypes as a raw 16-bit load on a little-endian machine sees them. */
export const RAW_ETHERTYPE = { ipv4: 0x0008, ipv6: 0xdd86 } as const

export const IPV4 = {
  versionAndLength: [0, 'u8'],
  tos: [1, 'u8'],
  totalLength: [2, 'be16'],
  identification: [4, 'u16'],
  fragment: [6, 'u16'],
  ttl: [8, 'u8'],
  protocol: [9, 'u8'],
  checksum: [10, 'u16'],
  source: [12, 'u32'],
  destination: [16, 'u32'],
} as const
export const IPV4_BYTES = 20
/** Version 4 and five words of header: no options. */
export const IPV4_PLAIN = 0x45
/** More-fragments flag and offset of the raw fragment field; only DF and the reserved bit are left out. */
export const RAW_FRAGMENT_MASK = 0xff3f
/** The offset alone: what is not zero in all fragments but the first. */
export const RAW_OFFSET_MASK = 0xff1f
export const RAW_DONT_FRAGMENT = 0x0040

export const IPV6 = {
  /** Version, traffic class and flow label. */
  first: [0, 'be32'],
  payloadLength: [4, 'be16'],
  nextHeader: [6, 'u8'],
  hopLimit: [7, 'u8'],
  /** 16 bytes each */
  source: [8, 'u64'],
  destination: [24, 'u64'],
} as const
export const IPV6_BYTES = 40
/** Extension headers that may stand before what the packet carries (RFC 8200 section 4). */
export const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const

export const PORTS = { source: [0, 'u16'], destination: [2, 'u16'], both: [0, 'u32'] } as const
export const TCP_FLAGS = [13, 'u8'] as const
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const
export const TCP_CHECKSUM = [16, 'u16'] as const
export const UDP_CHECKSUM = [6, 'u16'] as const

/** SCTP's common header (RFC 9260 section 3.1), and the chunk that follows it. */
export const SCTP_BYTES = 12
export const SCTP_CHECKSUM = [8, 'u32'] as const
export const CHUNK = { type: [0, 'u8'], length: [2, 'be16'] } as const
export const CHUNK_BYTES = 4

/** `typeAndCode` raw: the type in the low byte. */
export const ICMP = {
  type: [0, 'u8'],
  code: [1, 'u8'],
  typeAndCode: [0, 'u16'],
  checksum: [2, 'u16'],
  unused: [4, 'u16'],
  mtu: [6, 'be16'],
} as const
export const ICMP_BYTES = 8
/** The errors that are matched with connections. */
export const ICMP_TYPE = { unreachable: 3, sourceQuench: 4, timeExceeded: 11 } as const
/** ICMPv6 types from here on are no errors (RFC 4443 section 2.1). */
export const ICMPV6_INFORMATIONAL = 128
/** What the director says by itself: no server for this port, no hop left, more than the way takes at once. */
export const ICMP_ERROR = {
  4: { unreachable: { type: 3, code: 3 }, expired: { type: 11, code: 0 }, tooBig: { type: 3, code: 4 } },
  6: { unreachable: { type: 1, code: 4 }, expired: { type: 3, code: 0 }, tooBig: { type: 2, code: 0 } },
} as const

export const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58, sctp: 132 } as const
