/** Frames of some topics on a line each, as they come and go: `12:00:00.123456 eth0 Out IP 10.0.0.1 > 224.0.0.18: VRRPv2 …`. */
import { Failure } from '../diagnostics/failure.ts'
import { findLink, links } from '../kernel/link.ts'
import { ETH_P_ALL, PacketSocket, type ReceivedFrame } from '../kernel/packet-socket.ts'
import { Poller } from '../kernel/poller.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { topicOf } from '../wire/concerns.ts'
import { printFrame } from '../wire/print.ts'
import { requirePrivilege } from './privilege.ts'

export interface DumpOptions {
  /** Empty: all. */
  readonly topics: readonly string[]
  readonly interface?: string
  readonly count?: number
  readonly verbose?: boolean
}

/** Resolves after `count` frames, or when the process is told to stop. */
export async function dumpFrames(options: DumpOptions, print: (line: string) => void): Promise<void> {
  requirePrivilege({ CAP_NET_RAW: 'hear what is said on the segment' })
  const { topics, interface: name, count, verbose: detail = false } = options
  using route = new RouteSocket()
  const link = name === undefined ? undefined : findLink(route, name)
  if (name !== undefined && link === undefined)
    throw new Failure(
      `there is no interface ${name}: ${links(route)
        .map(one => one.name)
        .join(', ')} are there`,
    )
  const names = new Map<number, string>()
  const nameOf = (ifindex: number): string => {
    const known = names.get(ifindex) ?? findLink(route, ifindex)?.name ?? `interface ${ifindex}`
    names.set(ifindex, known)
    return known
  }
  using poller = new Poller()
  using socket = new PacketSocket({ ifindex: link?.ifindex ?? 0, etherType: ETH_P_ALL })
  await new Promise<void>(resolve => {
    let left = count ?? Number.POSITIVE_INFINITY
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    poller.watch(socket.fd, () => {
      for (let frame = socket.receive(); frame !== undefined; frame = socket.receive()) {
        const topic = topicOf(frame.bytes)
        if (topic === undefined || left === 0 || (topics.length > 0 && !topics.includes(topic))) continue
        print(line(frame, nameOf(frame.ifindex), new Date(), detail))
        left--
        if (left === 0) resolve()
      }
    })
  })
}

const DIRECTIONS = { host: 'In ', broadcast: 'B  ', multicast: 'M  ', other: 'P  ', outgoing: 'Out' } as const

/** Which way it went is told as tcpdump does with `-i any`. */
export function line({ bytes, destined }: ReceivedFrame, name: string, at: Date, detail: boolean): string {
  const two = (part: number) => String(part).padStart(2, '0')
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  const ms = String(at.getMilliseconds()).padStart(3, '0')
  return `${clock}.${ms} ${name} ${DIRECTIONS[destined]} ${printFrame(bytes, { detail })}`
}
