/**
 * What `sluice explain` is asked: a packet, in the words of whoever has the problem.
 *
 *     tcp 203.0.113.7:40000 192.168.41.249:80 syn
 *     udp [2001:db8::7]:5353 [2001:db8::100]:53
 *     icmp 203.0.113.9 192.168.41.249 too-big   with a quotation: udp 192.168.41.249:53 203.0.113.7:5353
 */
import { type Ip, ipFamily, parseIp } from '../bytes/address.ts'
import { Failure } from '../diagnostics/failure.ts'
import { endpointText } from '../model/service.ts'
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, TCP_URG } from '../wire/tcp.ts'

export type QuestionProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp'

export interface Question {
  readonly protocol: QuestionProtocol
  readonly source: Endpoint
  readonly destination: Endpoint
  /** TCP's flags added up; 0 for other protocols. */
  readonly flags: number
  /** SCTP: the first chunk's type. */
  readonly chunk: number
  readonly message: IcmpMessage
  /** ICMP errors: the packet that they are about. */
  readonly quoting: Question | undefined
  /** From the IP header on, in bytes; undefined: no more than it takes. */
  readonly length: number | undefined
  readonly ttl: number
  readonly dontFragment: boolean
  readonly fragment: 'first' | 'later' | undefined
  /** What all pieces of a packet have in common. */
  readonly identification: number
  /** The firewall mark that it has when it meets the program. */
  readonly mark: number
}

export interface Endpoint {
  readonly address: Ip
  /** 0 where the protocol has none. */
  readonly port: number
}

/** What an ICMP message says; of its error the director knows by the quotation. */
export const ICMP_MESSAGES = ['echo', 'unreachable', 'too-big', 'expired'] as const
export type IcmpMessage = (typeof ICMP_MESSAGES)[number]

/** What may be said beside the words. */
export interface QuestionOptions {
  readonly quoting?: string
  readonly length?: number
  readonly ttl?: number
  readonly df?: boolean
  readonly fragment?: 'first' | 'later'
  readonly id?: number
  readonly mark?: number
}

const TCP_FLAG_WORDS: Readonly<Record<string, number>> = {
  syn: TCP_SYN,
  synack: TCP_SYN | TCP_ACK,
  ack: TCP_ACK,
  established: TCP_PSH | TCP_ACK,
  psh: TCP_PSH | TCP_ACK,
  fin: TCP_FIN | TCP_ACK,
  rst: TCP_RST,
  urg: TCP_URG | TCP_ACK,
  ece: TCP_ECE | TCP_SYN,
  cwr: TCP_CWR | TCP_ACK,
  null: 0,
}
/** Chunk types (RFC 9260 section 3.2). */
const SCTP_CHUNKS: Readonly<Record<string, number>> = {
  data: 0,
  init: 1,
  'init-ack': 2,
  sack: 3,
  heartbeat: 4,
  abort: 6,
  shutdown: 7,
  'shutdown-ack': 8,
  error: 9,
  'cookie-echo': 10,
  'cookie-ack': 11,
  'shutdown-complete': 14,
}

/** Throws Failure, status 2, for what is no packet. */
export function parseQuestion(words: readonly string[], options: QuestionOptions = {}): Question {
  const [protocol, source, destination, what, ...rest] = words
  if (protocol === undefined || source === undefined || destination === undefined || rest.length > 0)
    throw new Failure('a packet is PROTOCOL SOURCE DESTINATION [WHAT], as tcp 203.0.113.7:40000 192.0.2.1:80 syn', 2)
  if (!isProtocol(protocol)) throw new Failure(`"${protocol}" is none of tcp, udp, sctp, icmp`, 2)
  const hasPorts = protocol !== 'icmp'
  const from = parseEndpoint(source, hasPorts)
  const to = parseEndpoint(destination, hasPorts)
  if (ipFamily(from.address) !== ipFamily(to.address))
    throw new Failure(`${source} and ${destination} are of different address families: no packet has both`, 2)
  const message = protocol === 'icmp' ? oneOf('an ICMP message', ICMP_MESSAGES, what ?? 'echo') : 'echo'
  const { quoting } = options
  if (protocol === 'icmp' && message !== 'echo' && quoting === undefined)
    throw new Failure(
      `what is "${message}" about? Say the packet that the message quotes: --quoting 'tcp 192.0.2.1:80 203.0.113.7:40000'`,
      2,
    )
  if (protocol === 'udp' && what !== undefined) throw new Failure(`a UDP datagram has no flags: what is "${what}"?`, 2)
  return {
    protocol,
    source: from,
    destination: to,
    flags: protocol === 'tcp' ? tcpFlags(what ?? 'syn') : 0,
    chunk: protocol === 'sctp' ? SCTP_CHUNKS[oneOf('a chunk', Object.keys(SCTP_CHUNKS), what ?? 'init')]! : 0,
    message,
    quoting: quoting === undefined ? undefined : parseQuestion(quoting.trim().split(/\s+/)),
    length: options.length,
    ttl: options.ttl ?? 64,
    dontFragment: options.df ?? options.fragment === undefined,
    fragment: options.fragment,
    identification: options.id ?? 1,
    mark: options.mark ?? 0,
  }
}

/** The packet in the words that ask for it. */
export function questionText(question: Question): string {
  const { protocol, source, destination, flags, message, chunk } = question
  const end = ({ address, port }: Endpoint) => (protocol === 'icmp' ? address : endpointText(address, port))
  const what = {
    tcp: flagsText(flags),
    udp: '',
    sctp: Object.keys(SCTP_CHUNKS).find(name => SCTP_CHUNKS[name] === chunk) ?? `chunk ${chunk}`,
    icmp: message,
  }[protocol]
  return [protocol, end(source), end(destination), what].filter(word => word !== '').join(' ')
}

/** `syn,ack`, in the order of their bits; `null` for none. */
function flagsText(flags: number): string {
  const names = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']
  return names.filter((_, bit) => (flags & (1 << bit)) !== 0).join(',') || 'null'
}

/** One of the words above, or single flags joined by commas: `fin,psh`. */
function tcpFlags(text: string): number {
  const known = TCP_FLAG_WORDS[text]
  if (known !== undefined) return known
  const bits = { fin: TCP_FIN, syn: TCP_SYN, rst: TCP_RST, psh: TCP_PSH, ack: TCP_ACK, urg: TCP_URG } as const
  return text.split(',').reduce((flags, word) => {
    const bit = bits[word as keyof typeof bits]
    if (bit === undefined)
      throw new Failure(`"${text}" is no TCP segment: ${Object.keys(TCP_FLAG_WORDS).join(', ')}, or fin,psh,ack`, 2)
    return flags | bit
  }, 0)
}

function parseEndpoint(text: string, hasPort: boolean): Endpoint {
  if (!hasPort) {
    const address = parseIp(text.replace(/^\[(.*)\]$/, '$1'))
    if (address === undefined) throw new Failure(`"${text}" is no address: ICMP has no ports`, 2)
    return { address, port: 0 }
  }
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text)
  const address = match === null ? undefined : parseIp(match[1] ?? match[2]!)
  const port = Number(match?.[3])
  if (address === undefined || port > 65535)
    throw new Failure(`"${text}" is not ADDRESS:PORT; IPv6 goes into brackets: [2001:db8::1]:80`, 2)
  return { address, port }
}

function oneOf<T extends string>(kind: string, words: readonly T[], text: string): T {
  const found = words.find(word => word === text)
  if (found === undefined) throw new Failure(`"${text}" is not ${kind}: ${words.join(', ')}`, 2)
  return found
}

function isProtocol(text: string): text is QuestionProtocol {
  return ['tcp', 'udp', 'sctp', 'icmp'].includes(text)
}
