/**
 * How the balancer's tables lie in memory. The data path and the control plane read and write the same bytes, and a new
 * version of either finds what the old one left: a change here is a new LAYOUT_VERSION.
 *
 * Each table is a region: a map of one element, mapped into the control plane's memory and addressed directly by the
 * data path. Numbers are little endian but where a field says `be` or holds bytes as they are in a packet (addresses,
 * ports, marked "raw").
 *
 *   settings      timeouts, state tables, counts of the whole table
 *   serviceIndex  open addressing: protocol, address, port → service number
 *   services      one record a virtual service
 *   destinations  one record a real server of a service, linked newest first
 *   connections   buckets of four entries, 32 bytes an entry: what every packet needs
 *   details       32 bytes more of each connection, at the same place: what only its beginning and end need
 *   connections6  the same for IPv6, 64 bytes an entry: the addresses come behind what both families have
 *   details6      as `details`
 *   counters      packets and bytes, a cache line for each processor and destination
 *   ledger        the control plane's own notes on services and destinations: zero points, counts of removed servers
 *   rings         lookup tables of sh, dh and mh, in blocks of 1 KiB
 *   localities    which destination lblc and lblcr last sent a destination address to
 *   fragments     the connection of each IPv4 packet that came in pieces of late, by the identification of these
 */
import type { Field } from '../bpf/value.ts'
import type { IpFamily } from '../bytes/address.ts'

export const LAYOUT_VERSION = 7

/** Marks the first word of the settings as ours. */
export const LAYOUT_MAGIC = 0x534c5543

export const SETTINGS_BYTES = 4096
export const SETTINGS = {
  magic: [0, 'u32'],
  version: [4, 'u32'],
  /** Jiffies a second. */
  hertz: [8, 'u32'],
  processors: [12, 'u32'],
  serviceSlots: [16, 'u32'],
  destinationSlots: [20, 'u32'],
  connectionSlots: [24, 'u32'],
  /** Places of the connection table that are taken: by connections, templates, and how replies are found. */
  entries: [28, 'u32'],
  /** Where the next sweep goes on, in slots. */
  sweepAt: [32, 'u32'],
  /** Number of the program that runs, raised at every change of shape. */
  generation: [36, 'u32'],
  hashSeed: [40, 'u64'],
  /** Removed destinations whose connections live on: the first one's number plus one. */
  trash: [48, 'u32'],
  /** Where the search for a free record goes on. */
  nextService: [52, 'u32'],
  nextDestination: [56, 'u32'],
  nextSequence: [60, 'u32'],
  ringBlocks: [448, 'u32'],
  localitySlots: [452, 'u32'],
  /** Jiffies at which rates are estimated next. */
  estimateAt: [464, 'u32'],
  /** As `entries` and `sweepAt`, for IPv6. */
  entries6: [456, 'u32'],
  sweepAt6: [460, 'u32'],
  /** How far behind TRANSITIONS_OFFSET the tables in force begin. */
  transitions: [3008, 'u32'],
  /** Jiffies when the defence looks next at how much room there is; every so manieth packet it drops, 0: none, and how many are left until then; 1: drop entries. */
  defendAt: [3012, 'u32'],
  dropRate: [3016, 'u32'],
  dropIn: [3020, 'u32'],
  dropEntries: [3024, 'u32'],
  /** Counts up when an edit begins and when it ends: while it is odd, somebody edits, or was killed over it. */
  edits: [3032, 'u32'],
  /** Counts up with every connection that other directors should be told of. */
  syncsDue: [3028, 'u32'],
  /** Jiffies when an entry was last seen in one of the buckets that OVERFLOW_MARKS_OFFSET is about. */
  overflowSeen: [3048, 'u32'],
  /** Table-wide counts of packets that were not forwarded, by reason: eight bytes each from here on. */
  reasons: [64, 'u64'],
} as const

/** Why a packet that concerned a service was not forwarded, in the order of their counters. */
export const REASONS = [
  'not-scheduled',
  'no-destination',
  'destination-gone',
  'table-full',
  'ttl',
  'fragment',
  'no-route',
  'truncated',
  'too-big',
  'error-limit',
  'defence',
] as const
export type Reason = (typeof REASONS)[number]
export const reasonField = (reason: Reason): Field => [SETTINGS.reasons[0] + 8 * REASONS.indexOf(reason), 'u64']

/** Jiffies for each state, by `STATE`; 4 bytes each. */
export const TIMEOUTS_OFFSET = 512
export const timeoutOffset = (state: number): number => TIMEOUTS_OFFSET + 4 * state

/** Next states of TCP, a byte each: table, then event, then the state before, 16 bytes a row and 64 a table. */
export const TRANSITIONS_OFFSET = 1024
export const TRANSITION_TABLE = { inputOnly: 0, input: 1, output: 2 } as const
export const transitionOffset = (table: number, event: number, state: number): number =>
  TRANSITIONS_OFFSET + 64 * table + 16 * event + state

/** The tables of secure_tcp, in the same order; `SETTINGS.transitions` says which are in force. */
export const SECURE_TRANSITIONS_OFFSET = 2816

/** Buckets for entries whose own two are taken, and a byte for each that says that one had to go so far. */
export const FURTHER_BUCKETS = 16
export const OVERFLOW_MARKS_OFFSET = 3032

/** ip_vs's kernel parameters, a word each, in the order of SYSCTLS. */
export const SYSCTLS_OFFSET = 2560
export const SYSCTLS_ROOM = 64

/** The same of SCTP: ten events, so 160 bytes a table. */
export const SCTP_TRANSITIONS_OFFSET = 1280
export const SCTP_TABLE_BYTES = 160
export const sctpTransitionOffset = (table: number, event: number, state: number): number =>
  SCTP_TRANSITIONS_OFFSET + SCTP_TABLE_BYTES * table + 16 * event + (state - STATE.SCTP_NONE)

/** What a CRC32c is multiplied by for so many bytes behind it: sixteen words for each hexadecimal digit of their number. */
export const CRC_POWERS_OFFSET = 3584

/** Connection states. TCP's are ip_vs's numbers (include/net/ip_vs.h), SCTP's are 32 above them; the others have no numbers there. */
export const STATE = {
  NONE: 0,
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT: 4,
  TIME_WAIT: 5,
  CLOSE: 6,
  CLOSE_WAIT: 7,
  LAST_ACK: 8,
  LISTEN: 9,
  SYNACK: 10,
  UDP: 16,
  ONE_PACKET: 17,
  TEMPLATE: 24,
  ASSURED: 25,
  SCTP_NONE: 32,
  SCTP_INIT1: 33,
  SCTP_ESTABLISHED: 40,
  SCTP_CLOSED: 45,
} as const
/** States, and timeouts, that there is room for. */
export const STATES = 64
export const TCP_EVENT = { syn: 0, fin: 1, ack: 2, rst: 3 } as const

export const SERVICE_BYTES = 128
export const SERVICE = {
  /** 0: the record is free. */
  flags: [0, 'u32'],
  family: [8, 'u8'],
  protocol: [9, 'u8'],
  /** raw */
  port: [10, 'u16'],
  mark: [12, 'u32'],
  /** raw, 16 bytes */
  address: [16, 'u32'],
  /** Newest destination, its number plus one; 0: none. */
  head: [32, 'u32'],
  /** Persistence in jiffies; 0: not persistent. */
  persistence: [36, 'u32'],
  /** raw: which bits of a client's IPv4 address persistence looks at. */
  netmask: [40, 'u32'],
  /** The scheduler's place in the list: the destination last chosen, plus one; 0: before the first. */
  cursor: [44, 'u32'],
  persistenceS: [48, 'u32'],
  prefix: [52, 'u32'],
  /** Counts up with every service that is added: what lists order them by. */
  sequence: [56, 'u32'],
  /** The scheduler's number and, for sh, dh and mh, its lookup table: a block of the rings plus one. Read and written as one. */
  plan: [64, 'u64'],
  scheduler: [64, 'u32'],
  ring: [68, 'u32'],
  /** wrr: the destination last chosen, plus one, and the weight that it takes at present. */
  turn: [72, 'u64'],
  turnCursor: [72, 'u32'],
  turnWeight: [76, 'u32'],
  /** wrr: where that weight starts from, and by how much it falls each time around. */
  weights: [80, 'u64'],
  weightTop: [80, 'u32'],
  weightStep: [84, 'u32'],
  /** raw, 16 bytes: as `netmask`, of an IPv6 address. */
  netmask6: [96, 'u64'],
} as const
export const SERVICE_FLAG = { used: 1, onePacket: 4, flag1: 8, flag2: 16, flag3: 32, removed: 64 } as const
/** The number of `none`; the schedulers follow in the order of SCHEDULERS. */
export const SCHEDULER_NONE = 0

/** Slots of the index are 16 bytes, probed one after the other. */
export const INDEX_SLOT_BYTES = 16
export const INDEX_SLOT = {
  /** 0: free, ends a probe; `INDEX_REMOVED`: free, but does not. */
  key: [0, 'u64'],
  /** The service's number. */
  service: [8, 'u32'],
} as const
export const INDEX_REMOVED = 1n
export const INDEX_PROBES = 16

export const DESTINATION_BYTES = 128
export const DESTINATION = {
  flags: [0, 'u32'],
  /** What schedulers go by; 0 or overloaded: it gets no new connections. */
  weight: [4, 'u32'],
  /** ip_vs's numbers, `FORWARD`. */
  forward: [8, 'u32'],
  /** The next older destination of the service, its number plus one; 0: none. */
  next: [12, 'u32'],
  /** The service's number plus one; 0 once it was removed. */
  service: [16, 'u32'],
  active: [20, 'u32'],
  inactive: [24, 'u32'],
  persistent: [28, 'u32'],
  upperThreshold: [32, 'u32'],
  lowerThreshold: [36, 'u32'],
  overloaded: [40, 'u32'],
  /** raw */
  port: [44, 'u16'],
  family: [46, 'u8'],
  tunnelType: [47, 'u8'],
  /** raw, 16 bytes */
  address: [48, 'u32'],
  /** The next hop as it was at `hopStamp`, in jiffies: interface, and the two MAC addresses of the frame. */
  hopStamp: [64, 'u32'],
  hopInterface: [68, 'u32'],
  hopTarget: [72, 'u32'],
  hopTargetEnd: [76, 'u16'],
  hopSource: [78, 'u16'],
  hopSourceEnd: [80, 'u32'],
  tunnelPort: [84, 'u16'],
  tunnelFlags: [86, 'u16'],
  /** What the way takes at once; 0 if the kernel did not say. */
  hopMtu: [100, 'u16'],
  /** The last weight above zero that it was given: what mh goes by. */
  lastWeight: [88, 'u32'],
  /** Connections of one packet that a reply may come for: they count as none, but keep the record. */
  awaited: [92, 'u32'],
  /** raw, 16 bytes: our address on the way to the server, which outer packets come from. */
  tunnelSource: [112, 'u32'],
} as const
/**
 * `available`: in its service's list. `translated`: its replies are looked for. `waiting`: known only from connections
 * that another director told of; they are served. A record without `used` is free.
 */
export const DESTINATION_FLAG = { used: 1, available: 2, translated: 4, waiting: 8 } as const
/** ip_vs's numbers, too. */
export const TUNNEL_TYPE = { ipip: 0, gue: 1, gre: 2 } as const
export const TUNNEL_FLAG = { checksum: 1, remoteChecksum: 2 } as const
export const FORWARD = { masquerade: 0, local: 1, tunnel: 2, route: 3, bypass: 4 } as const

export const CONNECTION_BYTES = 32
/** Two cache lines hold a bucket of IPv4: the processor fetches them together. */
export const BUCKET_ENTRIES = 4
export const CONNECTION = {
  /** The key's first word, then its second; raw: client address, virtual address */
  addresses: [0, 'u64'],
  client: [0, 'u32'],
  virtual: [4, 'u32'],
  /** raw ports, then protocol and `KIND`; 0: the entry is free. */
  key: [8, 'u64'],
  clientPort: [8, 'u16'],
  virtualPort: [10, 'u16'],
  protocol: [12, 'u8'],
  kind: [13, 'u8'],
  destination: [16, 'u32'],
  state: [20, 'u8'],
  flags: [21, 'u8'],
  /** raw: the real server's port, which is not the virtual one where addresses are translated */
  serverPort: [22, 'u16'],
  /** Jiffies at the last packet, and how many may pass without one. */
  stamp: [24, 'u32'],
  timeout: [28, 'u32'],
} as const
export const CONNECTION6_BYTES = 64
/** What an IPv6 entry has behind the fields of CONNECTION; its `addresses` are a hash of these. */
export const CONNECTION6 = {
  /** raw, 16 bytes each */
  client: [32, 'u64'],
  virtual: [48, 'u64'],
} as const
/**
 * `reply`: how a translated connection is found by its replies; its `destination` is the slot of the connection.
 * `onePacket`: what is kept of a connection of one packet, for its replies and later fragments; the highest 16 bits of its
 * key are its destination's number, since the next packet may go elsewhere.
 */
export const KIND = { connection: 1, template: 2, reply: 3, onePacket: 4, busy: 255 } as const
/** `translated`: both directions pass the director, so the two-sided state tables hold. */
export const CONNECTION_FLAG = { translated: 1, tunnelled: 2 } as const
/** Above the flags, up to 15: in how many jiffies the client sent something. */
export const CONNECTION_PACKETS_SHIFT = 4
/** What the second word of a key holds while an entry is being written or taken out. */
export const KEY_BUSY = 0xff00_0000_0000n

export const DETAIL_BYTES = 32
export const DETAIL = {
  /** The template that this connection belongs to, its slot plus one; 0: none. */
  template: [0, 'u32'],
  /** Connections that belong to this template. */
  children: [4, 'u32'],
  mark: [8, 'u32'],
  /** The reply entry of a translated connection, its slot plus one. */
  reply: [12, 'u32'],
  /** For other directors: packets from the client, until when they know of it (jiffies, and retries in the low two bits). */
  packets: [16, 'u32'],
  knownUntil: [20, 'u32'],
  /** The state that they know, and whether they are to be told. */
  told: [24, 'u64'],
  toldState: [24, 'u8'],
  due: [25, 'u8'],
} as const
/** A template whose time is up, but whose connections live, gets this much more: ip_vs's 60 seconds. */
export const TEMPLATE_GRACE_S = 60

/** What a program is told of a connection that it shall enter, in place of a packet. */
export const ORDER_BYTES = 96
export const ORDER = {
  /** raw, 16 bytes each */
  client: [16, 'u64'],
  virtual: [32, 'u64'],
  /** raw, the client's first */
  ports: [48, 'u32'],
  protocol: [52, 'u8'],
  kind: [53, 'u8'],
  state: [54, 'u8'],
  family: [55, 'u8'],
  destination: [56, 'u32'],
  /** In jiffies. */
  timeout: [60, 'u32'],
  packets: [64, 'u32'],
  mark: [68, 'u32'],
  inactive: [72, 'u8'],
} as const

export const COUNTER_BYTES = 64
export const COUNTER = {
  inPackets: [0, 'u64'],
  inBytes: [8, 'u64'],
  outPackets: [16, 'u64'],
  outBytes: [24, 'u64'],
  connections: [32, 'u64'],
} as const

/**
 * The control plane's notes, a record for each service and, after those, one for each destination. Counts come in
 * lots of five u64, in the order of COUNTER: those of servers that are no more, and what was read when last zeroed.
 */
export const LEDGER_BYTES = 256
export const LEDGER = {
  base: 0,
  zero: 40,
  /** The next one in the trash, its number plus one. */
  trashNext: [80, 'u32'],
  /** The service it was removed from, plus one, and when, in jiffies. */
  trashService: [84, 'u32'],
  trashSince: [88, 'u32'],
  /** Of a destination: its five counts when rates were last estimated, and the estimates, scaled by ESTIMATE_SHIFTS. */
  lastCounts: 96,
  estimates: 136,
} as const

/** A lookup table has one block, or sixteen: mh's. Its words are numbers of destinations plus one; 0: nobody. */
export const RING_BLOCK_BYTES = 1024
/** The control plane's note on each block, behind its other notes. */
export const RING_NOTE_BYTES = 8
export const RING_NOTE = {
  /** The first block of the table that it is part of, plus one; 0: free, since `since`, in jiffies. */
  ring: [0, 'u32'],
  since: [4, 'u32'],
} as const

export const LOCALITY_BYTES = 128
/** As with connections, an entry is in one bucket of four. */
export const LOCALITY_WAYS = 4
export const LOCALITY = {
  /** The service's number plus one; 0: free; `LOCALITY_BUSY`: being written. */
  owner: [0, 'u32'],
  /** How many members there are: one for lblc. */
  size: [4, 'u32'],
  /** raw, 16 bytes */
  address: [8, 'u64'],
  addressEnd: [16, 'u64'],
  /** Jiffies when it was last asked for, and when a member last came or went. */
  stamp: [24, 'u32'],
  changed: [28, 'u32'],
  /** Destinations' numbers plus one, the oldest member first. */
  members: [32, 'u32'],
} as const
export const LOCALITY_MEMBERS = 24
export const LOCALITY_BUSY = 0xffff_ffff

/** ip_vs's estimator: how often, and by how many bits the rates of connections, packets and bytes are scaled. */
export const ESTIMATE_PERIOD_S = 2
export const ESTIMATE_SHIFTS = [10, 10, 10, 5, 5] as const

/** The shape of the program that runs, as text ending in a zero byte: another process must know it, too. */
export const SHAPE_OFFSET = 2048
export const SHAPE_BYTES = 512

/** Notes on first fragments, in buckets of four; there are as many in every table. */
export const FRAGMENT_SLOTS = 4096
export const FRAGMENT_WAYS = 4
export const FRAGMENT_BYTES = 32
export const FRAGMENT = {
  /** Source and destination, raw. */
  addresses: [0, 'u64'],
  /** Identification, raw, and protocol; 0: free. */
  identity: [8, 'u64'],
  /** The connection, and its ports to know it by. */
  slot: [16, 'u32'],
  ports: [20, 'u32'],
  /** Jiffies when the first fragment came. */
  stamp: [24, 'u32'],
  direction: [28, 'u32'],
} as const
export const FRAGMENT_DIRECTION = { in: 0, out: 1 } as const
/** As long as a kernel waits for the rest of a packet (ipfrag_time). */
export const FRAGMENT_EXPIRATION_S = 30

/**
 * How many ICMP errors each processor may send: up to `perWindow` in each of so many windows a second. The kernel's own
 * limit (icmp_msgs_per_sec, icmp_msgs_burst) is the same, for all processors together. Processors further on share.
 */
export const ERROR_RATE_BYTES = 8
export const ERROR_RATE = {
  offset: 3072,
  processors: 64,
  windowsPerSecond: 20,
  perWindow: 50,
  window: [0, 'u32'],
  sent: [4, 'u32'],
} as const

/** How much each table holds. Powers of two: an index is masked, not checked. */
export interface Capacity {
  readonly services: number
  readonly destinations: number
  readonly connections: number
  readonly processors: number
  /** KiB of lookup tables: sh and dh take one for each service, mh sixteen, and as much again for a second after an edit. */
  readonly rings: number
  /** Destination addresses that lblc and lblcr remember. */
  readonly localities: number
}

export const REGION_NAMES = [
  'settings',
  'serviceIndex',
  'services',
  'destinations',
  'connections',
  'details',
  'connections6',
  'details6',
  'counters',
  'ledger',
  'rings',
  'localities',
  'fragments',
] as const
export type RegionName = (typeof REGION_NAMES)[number]

/** What is settled when a table is made and the same for every program that ever works on it. */
export interface TableFacts {
  readonly capacity: Capacity
  readonly hashSeed: bigint
  /** Jiffies a second. */
  readonly hertz: number
}

/** Slots of the service index, which services and translated servers share: twice as many, so that probes stay short. */
export const indexSlots = ({ services, destinations }: Capacity): number =>
  2 ** Math.ceil(Math.log2(2 * (services + destinations)))

/** Connections that the table of a family holds: for four of IPv4 there is room for one of IPv6. */
export const connectionSlots = (capacity: Capacity, family: IpFamily): number =>
  family === 4 ? capacity.connections : capacity.connections / 4

/** Bytes of each region. */
export function regionBytes(capacity: Capacity): Readonly<Record<RegionName, number>> {
  return {
    settings: SETTINGS_BYTES,
    serviceIndex: indexSlots(capacity) * INDEX_SLOT_BYTES,
    services: capacity.services * SERVICE_BYTES,
    destinations: capacity.destinations * DESTINATION_BYTES,
    connections: capacity.connections * CONNECTION_BYTES,
    details: capacity.connections * DETAIL_BYTES,
    connections6: connectionSlots(capacity, 6) * CONNECTION6_BYTES,
    details6: connectionSlots(capacity, 6) * DETAIL_BYTES,
    counters: capacity.processors * capacity.destinations * COUNTER_BYTES,
    ledger: (capacity.services + capacity.destinations) * LEDGER_BYTES + capacity.rings * RING_NOTE_BYTES,
    rings: capacity.rings * RING_BLOCK_BYTES,
    localities: capacity.localities * LOCALITY_BYTES,
    fragments: FRAGMENT_SLOTS * FRAGMENT_BYTES,
  }
}
